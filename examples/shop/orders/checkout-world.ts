/**
 * The shop without databases, for tests of its sagas: the real contracts, participants that keep their books in maps, and orders whose
 * rows are one. Everything happens in virtual time, so an order's two weeks cost nothing.
 */
import { defineDatabase, defineService, defineSystem, service, type Transaction } from 'banyan'
import { sleep, type Timers } from 'banyan/core'
import { startTestSystem, type TestSystem } from 'banyan/testing'
import { Catalog } from '../catalog/contract.ts'
import { Inventory } from '../inventory/contract.ts'
import { Payments } from '../payments/contract.ts'
import { Shipping } from '../shipping/contract.ts'
import { defineCheckout, type OrderBooks } from './checkout.ts'
import { Orders } from './contract.ts'
import { next, onCancel, type Reason, type Status } from './order.ts'
import { defineReturns } from './returns.ts'
import type { OrdersTables } from './tables.ts'

/** An order as everybody has it. */
export interface Kept {
  status: Status
  accepted: boolean
  reason: Reason | undefined
  stock: 'none' | 'reserved' | 'released' | 'gone' | 'inspected' | 'restocked'
  money: 'none' | 'held' | 'taken' | 'given back'
  /** The payment was given up, perhaps before it was asked for. */
  givenUp: boolean
  parcel: 'none' | 'packed' | 'stopped' | 'shipped' | 'delivered' | 'claimed'
  label: 'none' | 'made' | 'used' | 'void'
  /** When its parcel goes on. */
  dueMs: number
  readonly fate: string
  /** All that it has been. */
  readonly statuses: Status[]
}

const untouched = {
  status: 'pending',
  accepted: false,
  reason: undefined,
  stock: 'none',
  money: 'none',
  givenUp: false,
  parcel: 'none',
  label: 'none',
  dueMs: Number.POSITIVE_INFINITY,
} as const

/** How participants behave, by token, sku or customer. */
export const fates = {
  declined: 'tok_declined',
  slow: 'tok_slow',
  soldOut: 'sold-out',
  lost: 'lost',
  late: 'late',
} as const

const day = 86_400_000
/** What everybody takes for what they do, in milliseconds; a slow card's. */
const workMs = 20
const slowMs = 3_000
const packingMs = 400
const carrierMs = 1_000
const travelMs: Readonly<Record<string, number>> = { lost: Number.POSITIVE_INFINITY, late: 20 * day }

const database = defineDatabase({ migrations: new URL('./', import.meta.url) })
const unused = (): never => {
  throw new Error('nobody asks for this here')
}

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
  const work = (ms = workMs): Promise<void> => (timers === undefined ? Promise.resolve() : sleep(timers, ms))
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

type Of = (orderId: string) => Kept
type Work = (ms?: number) => Promise<void>

function createCatalog() {
  return defineService(Catalog, { database, operations: { list: unused, get: unused, price: unused } })
}

function createInventory(of: Of, work: Work) {
  return defineService(Inventory, {
    database,
    operations: {
      level: unused,
      count: unused,
      async reserve({ orderId, items }, ctx) {
        await work()
        const kept = of(orderId)
        if (items[0]?.sku === fates.soldOut) throw ctx.fail('OUT_OF_STOCK', { sku: fates.soldOut, available: 0 })
        if (kept.stock === 'released') throw ctx.fail('GIVEN_UP')
        kept.stock = 'reserved'
        return { orderId }
      },
      async release({ orderId }) {
        await work()
        of(orderId).stock = 'released'
        return { orderId }
      },
      async inspect({ orderId }) {
        of(orderId).stock = 'inspected'
        return { items: [] }
      },
      async giveBack({ orderId }) {
        of(orderId).stock = 'gone'
        return { orderId }
      },
      async restock({ orderId }) {
        of(orderId).stock = 'restocked'
        return { orderId }
      },
    },
    on: (on) => [
      on(Shipping.events.shipped, ({ data }) => {
        of(data.orderId).stock = 'gone'
      }),
    ],
  })
}

function createPayments(of: Of, work: Work) {
  return defineService(Payments, {
    database,
    operations: {
      get: unused,
      history: unused,
      async authorize({ orderId, token }, ctx) {
        await work(token === fates.slow ? slowMs : workMs)
        const kept = of(orderId)
        if (token === fates.declined) throw ctx.fail('DECLINED')
        if (token === fates.slow) throw ctx.fail('TIMED_OUT')
        if (kept.givenUp) throw ctx.fail('GIVEN_UP')
        kept.money = 'held'
        return { orderId }
      },
      async capture({ orderId }, ctx) {
        await work()
        const kept = of(orderId)
        if (kept.money !== 'held' && kept.money !== 'taken') throw ctx.fail('NOT_HELD')
        kept.money = 'taken'
        return { orderId }
      },
      async release({ orderId }) {
        const kept = of(orderId)
        kept.givenUp = true
        if (kept.money !== 'none') kept.money = 'given back'
        return { orderId }
      },
      refund: ({ orderId }, ctx) =>
        ctx.transact(async (tx) => {
          of(orderId).money = 'given back'
          tx.publish(Payments.events.released, { orderId, refunded: 1 })
          return { orderId }
        }),
    },
  })
}

function createShipping(orders: ReadonlyMap<string, Kept>, of: Of, work: Work) {
  return defineService(Shipping, {
    database,
    operations: {
      get: unused,
      async prepare({ orderId }, ctx) {
        await work()
        const kept = of(orderId)
        if (kept.parcel === 'none') {
          kept.parcel = 'packed'
          kept.dueMs = ctx.now() + packingMs
        }
        return { orderId, stopped: kept.parcel === 'stopped' }
      },
      stop: ({ orderId }, ctx) =>
        ctx.transact(async (tx) => {
          const kept = of(orderId)
          if (!['none', 'packed', 'stopped'].includes(kept.parcel)) throw ctx.fail('TOO_LATE')
          if (kept.parcel !== 'stopped') tx.publish(Shipping.events.stopped, { orderId })
          kept.parcel = 'stopped'
          return { orderId }
        }),
      async claim({ orderId }) {
        of(orderId).parcel = 'claimed'
        return { orderId }
      },
      returnLabel: ({ orderId }, ctx) =>
        ctx.transact(async () => {
          if (of(orderId).label === 'void') throw ctx.fail('VOID')
          of(orderId).label = 'made'
          return { label: orderId }
        }),
      async voidLabel({ orderId }) {
        of(orderId).label = 'void'
        return { orderId }
      },
    },
    jobs: [{ name: 'carry', everyMs: 100, run: (ctx) => ctx.transact(async (tx) => carry(tx, ctx.now(), orders)) }],
  })
}

/** What is due leaves or arrives; labels are used by nobody but who is told to (`sendBack`). */
function carry(tx: Transaction<'shipping'>, nowMs: number, orders: ReadonlyMap<string, Kept>): void {
  for (const [orderId, kept] of orders) {
    if (kept.dueMs > nowMs) continue
    if (kept.parcel === 'packed') {
      kept.parcel = 'shipped'
      kept.dueMs = nowMs + (travelMs[kept.fate] ?? carrierMs)
      tx.publish(Shipping.events.shipped, { orderId })
    } else if (kept.parcel === 'shipped' || kept.parcel === 'claimed') {
      kept.parcel = 'delivered'
      kept.dueMs = Number.POSITIVE_INFINITY
      tx.publish(Shipping.events.delivered, { orderId })
    } else if (kept.label === 'used') {
      kept.label = 'void'
      tx.publish(Shipping.events.returned, { orderId })
    }
  }
}

/** The rows of orders, as a map. */
function createBooks(of: Of): OrderBooks {
  return {
    status: async (_, orderId) => of(orderId).status,
    async learn(_, orderId, fact) {
      const kept = of(orderId)
      const status = next(kept.status, fact)
      if (status === undefined) return kept.status
      kept.status = status
      kept.statuses.push(status)
      if (fact.type === 'refused') kept.reason = fact.reason
      return status
    },
    async accept(_, orderId, accepted) {
      const kept = of(orderId)
      if (kept.status !== 'pending') return false
      kept.accepted = accepted
      return true
    },
  }
}

function createOrders(orders: Map<string, Kept>, of: Of) {
  const books = createBooks(of)
  const [checkout, returns] = [defineCheckout(books), defineReturns(books)]
  return defineService(Orders, {
    calls: [Catalog.price, Inventory, Payments, Shipping],
    // The sagas are those of the real service; its rows are not there.
    database: defineDatabase<OrdersTables>({ migrations: new URL('./', import.meta.url) }),
    sagas: [checkout, returns],
    operations: {
      listByCustomer: unused,
      dashboard: unused,
      get: unused,
      place: ({ customerId, items, payment }, ctx) =>
        ctx.transact(async (tx) => {
          const orderId = ctx.newId()
          const total = { amount: 1, currency: 'EUR' }
          orders.set(orderId, { ...untouched, fate: customerId, statuses: ['pending'] })
          tx.publish(Orders.events.placed, { orderId, customerId, items, total, paymentToken: payment.token })
          return { orderId, status: 'pending', total }
        }),
      async cancel({ orderId }, ctx) {
        const { status, accepted } = of(orderId)
        const verdict = onCancel(status, accepted)
        if (verdict === 'too late') throw ctx.fail('TOO_LATE', { status })
        if (verdict === 'give up') {
          await books.learn(undefined as never, orderId, { type: 'cancel' }, ctx.now())
          await ctx.sagas.cancel(checkout, orderId).catch(() => undefined)
        }
        if (verdict === 'ask shipping' && !(await ctx.attempt(Shipping.stop, { orderId })).ok)
          throw ctx.fail('TOO_LATE', { status })
        return { orderId, status: of(orderId).status }
      },
      async return({ orderId }, ctx) {
        await ctx.sagas.start(returns, { orderId })
        return { orderId, status: of(orderId).status }
      },
      async keep({ orderId }, ctx) {
        await ctx.sagas.cancel(returns, orderId)
        return { orderId, status: of(orderId).status }
      },
    },
  })
}
