/**
 * The shop without databases, for tests of its sagas: the real contracts, participants that keep their books in maps, and orders whose
 * rows are one. Everything happens in virtual time, so an order's two weeks cost nothing.
 */
import { defineSystem, service } from 'banyan'
import { sleep, type Timers } from 'banyan/core'
import { startTestSystem, type TestSystem } from 'banyan/testing'
import { Catalog } from '../../catalog/contract.ts'
import { Inventory } from '../../inventory/contract.ts'
import { Payments } from '../../payments/contract.ts'
import { Shipping } from '../../shipping/contract.ts'
import { Orders } from '../contract.ts'
import { fates, type Kept } from './kept.ts'
import { createOrders } from './own-orders.ts'
import { createCatalog, createInventory, createPayments, createShipping } from './participants.ts'

/** A shop in memory, and what it has on each order. */
export interface World {
  readonly test: TestSystem
  readonly orders: ReadonlyMap<string, Kept>
  /** Places an order; `fate` says whose. */
  place(fate?: string): Promise<string>
  cancel(orderId: string): Promise<'accepted' | 'too late'>
  stop(): Promise<void>
}

export async function createWorld(shape: 'one' | 'split' = 'one'): Promise<World> {
  const orders = new Map<string, Kept>()
  const of = (orderId: string): Kept => {
    const found = orders.get(orderId)
    if (found === undefined) throw new Error(`no order ${orderId}`)
    return found
  }
  let timers: Timers | undefined
  const work = (ms = 0): Promise<void> => (timers === undefined ? Promise.resolve() : sleep(timers, ms))
  const system = defineSystem({
    name: 'shop',
    services: [
      service(Catalog, async () => ({ catalog: createCatalog() })),
      service(Inventory, async () => ({ inventory: createInventory(of, work) })),
      service(Payments, async () => ({ payments: createPayments(of, work) })),
      service(Shipping, async () => ({ shipping: createShipping(orders, of, work) })),
      service(Orders, async () => ({ orders: createOrders(orders, of) })),
    ],
  })
  const test = await startTestSystem(system, { shape })
  timers = test.environment.timers
  return {
    test,
    orders,
    async place(fate = 'ada') {
      const token = fate.startsWith('tok_') ? fate : 'tok_ok'
      const sku = fate === fates.soldOut ? fate : 'mug-stone'
      const order = { customerId: fate, items: [{ sku, quantity: 1 }], payment: { token } }
      return (await test.call(Orders.place, order)).orderId
    },
    cancel: (orderId) =>
      test.call(Orders.cancel, { orderId }).then(
        () => 'accepted' as const,
        () => 'too late' as const,
      ),
    stop: () => test.stop(),
  }
}
