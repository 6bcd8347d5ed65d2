// The whole checkout, and the return, with participants in memory and in virtual time: every refusal, a cancellation at every
// moment, parcels that are late by weeks. Whatever happens, the order and everybody's books say the same in the end.

import { afterEach, describe, expect, it } from 'vitest'
import { claimMs, deliveryMs } from './checkout.ts'
import { Orders } from './contract.ts'
import { fates, type Kept } from './in-memory/kept.ts'
import { createWorld, type World } from './in-memory/world.ts'
import { labelMs } from './returns.ts'

type Ends = Pick<Kept, 'stock' | 'money' | 'parcel'>
const isFree = ({ stock }: Ends): boolean => stock === 'none' || stock === 'released'
const isUnpaid = ({ money }: Ends): boolean => money === 'none' || money === 'given back'
const isHere = ({ parcel }: Ends): boolean => parcel === 'none' || parcel === 'stopped'

const waysOf = ({ status, stock, money, parcel }: Kept): string => `${status}: ${stock}, ${money}, ${parcel}`

/** What must be true of an order with this status when nothing is under way any more. */
function agrees(kept: Kept): boolean {
  switch (kept.status) {
    case 'delivered':
      return kept.stock === 'gone' && kept.money === 'taken' && kept.parcel === 'delivered'
    case 'rejected':
    case 'cancelled':
      return (
        isFree(kept) && isUnpaid(kept) && isHere(kept) && (kept.reason === undefined) === (kept.status === 'cancelled')
      )
    case 'returned':
      return kept.stock === 'restocked' && kept.money === 'given back'
    default:
      return false
  }
}

describe.each(['one', 'split'] as const)('the sagas of orders (%s)', (shape) => {
  let world: World
  afterEach(() => world.stop())
  const kept = (orderId: string): Kept => world.orders.get(orderId) as Kept
  const settle = (ms = 3_000): Promise<void> => world.test.advance(ms)

  it('bring an order from placed to delivered', async () => {
    world = await createWorld(shape)
    const orderId = await world.place()
    await settle()
    expect(kept(orderId).statuses).toEqual(['pending', 'confirmed', 'shipped', 'delivered'])
    expect(agrees(kept(orderId))).toBe(true)
  })

  it.each([
    [fates.soldOut, 'OUT_OF_STOCK', { stock: 'none', money: 'none' }],
    [fates.declined, 'PAYMENT_DECLINED', { stock: 'released', money: 'none' }],
    [fates.slow, 'PAYMENT_TIMEOUT', { stock: 'released', money: 'none' }],
  ])('reject what is %s, say why, and take back what was done', async (fate, reason, ends) => {
    world = await createWorld(shape)
    const orderId = await world.place(fate)
    await settle(5_000)
    expect(kept(orderId)).toMatchObject({ status: 'rejected', statuses: ['pending', 'rejected'], reason, ...ends })
    expect(agrees(kept(orderId))).toBe(true)
    expect(await world.cancel(orderId)).toBe('too late')
  })

  it('end as the answer to a cancellation said, whenever it comes', async () => {
    world = await createWorld(shape)
    const answers = new Map<string, string>()
    for (let ms = 0; ms <= 720; ms += ms < 60 ? 2 : 40) {
      const orderId = await world.place()
      await world.test.advance(ms)
      answers.set(orderId, await world.cancel(orderId))
    }
    await settle(4_000)
    for (const [orderId, answer] of answers) {
      expect(kept(orderId).status).toBe(answer === 'accepted' ? 'cancelled' : 'delivered')
      expect(agrees(kept(orderId)), JSON.stringify(kept(orderId))).toBe(true)
    }
    // With stock promised, with money set aside (split, that moment is too short to be met), with the parcel packed; and too late.
    expect(new Set([...answers.keys()].map((id) => waysOf(kept(id))))).toEqual(
      new Set([
        'cancelled: released, none, none',
        ...(shape === 'one' ? ['cancelled: released, given back, none'] : []),
        'cancelled: released, given back, stopped',
        'delivered: gone, taken, delivered',
      ]),
    )
  })

  it('are cancelled by a person too: then the order says so, unless it was past the point of no return', async () => {
    world = await createWorld(shape)
    const ends: string[] = []
    for (const ms of [15, 30, 300]) {
      const orderId = await world.place(fates.byHand)
      await world.test.advance(ms)
      await world.cancel(orderId)
      await settle()
      expect(agrees(kept(orderId))).toBe(true)
      ends.push(kept(orderId).status)
    }
    expect(ends).toEqual(['cancelled', 'cancelled', 'delivered'])
  })

  it('wait two weeks for a parcel, then ask the carrier to pay; one that turns up is delivered after all', async () => {
    world = await createWorld(shape)
    const [lost, late] = [await world.place(fates.lost), await world.place(fates.late)]
    await settle()
    await world.test.environment.skip(deliveryMs - 60_000)
    await settle(30_000)
    for (const orderId of [lost, late]) expect(kept(orderId)).toMatchObject({ status: 'shipped', parcel: 'shipped' })
    await settle(60_000)
    for (const orderId of [lost, late]) expect(kept(orderId)).toMatchObject({ status: 'shipped', parcel: 'claimed' })
    await world.test.environment.skip(claimMs - 60_000)
    await settle(90_000)
    expect(kept(late)).toMatchObject({ status: 'delivered', parcel: 'delivered' })
    expect(kept(lost)).toMatchObject({ status: 'shipped', parcel: 'claimed', money: 'taken' })
    const ended = await world.test.stores.get('orders')?.sagas.findByKey('checkout', lost)
    expect(ended).toMatchObject({ state: 'completed', outcome: '{"ok":{"end":"lost"}}' })
  })

  it('take a delivered order back', async () => {
    world = await createWorld(shape)
    const orderId = await world.place()
    await settle()
    await world.test.call(Orders.return, { orderId })
    await settle(500)
    Object.assign(kept(orderId), { label: 'used', dueMs: 0 })
    await settle()
    expect(kept(orderId).statuses.slice(-2)).toEqual(['delivered', 'returned'])
    expect(agrees(kept(orderId))).toBe(true)
  })

  it('leave it with the customer who keeps it, or whose label runs out', async () => {
    world = await createWorld(shape)
    const [keeps, forgets] = [await world.place(), await world.place()]
    await settle()
    for (const orderId of [keeps, forgets]) await world.test.call(Orders.return, { orderId })
    await settle(500)
    await world.test.call(Orders.keep, { orderId: keeps })
    await settle(500)
    expect(kept(keeps)).toMatchObject({ status: 'delivered', label: 'void' })
    expect(kept(forgets)).toMatchObject({ status: 'delivered', label: 'made' })
    await world.test.environment.skip(labelMs)
    await settle(30_000)
    expect(kept(forgets)).toMatchObject({ status: 'delivered', label: 'void' })
    for (const orderId of [keeps, forgets]) expect(agrees(kept(orderId))).toBe(true)
  })
})
