// The hard races of the shop: whatever meets whatever, every order comes to an end and all books balance. In process on a
// real Postgres, with the real provider as a process of its own.

import { setTimeout as sleep } from 'node:timers/promises'
import { findPostgres } from '@banyan/tools/postgres-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { finalStatuses, lastReason, ok } from './black-box/subject.ts'
import type { Order } from './client.ts'
import { eventually } from './eventually.ts'
import { type RaceStage, startStage } from './races/stage.ts'
import { createSeededRandom } from './seeded-random.ts'

const caseTimeoutMs = 90_000
const withoutPayments = ['catalog', 'inventory', 'orders', 'shipping']

describe.skipIf(!findPostgres().found)('the shop under races', { timeout: caseTimeoutMs }, () => {
  const random = createSeededRandom(11)
  let stage: RaceStage
  beforeAll(async () => {
    stage = await startStage()
  })
  afterAll(() => stage?.stop())

  const times = <T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => make(index)))
  /** As many orders of one unit each, placed together, each on a shelf that has room for all of them. */
  async function burst(count: number, token = 'tok_ok'): Promise<string[]> {
    const sku = stage.subject.takeSku()
    await stage.subject.stock(sku, count)
    return (await times(count, () => stage.subject.place([{ sku, quantity: 1 }], token))).map(({ orderId }) => orderId)
  }
  const read = async (orderId: string): Promise<Order> => ok(await stage.shop.order(orderId))
  const end = (orderId: string): Promise<Order> =>
    eventually(
      `order ${orderId} to end`,
      () => read(orderId),
      ({ status }) => finalStatuses.includes(status),
      { timeoutMs: 60_000, intervalMs: 200 },
    )

  it('cancelled at any moment of its life, an order is stopped or delivered, and the answer said which', async () => {
    const sku = stage.subject.takeSku()
    await stage.subject.stock(sku, 40)
    const orders = await times(40, async (index) => {
      const { orderId } = await stage.subject.place([{ sku, quantity: 1 }], index % 4 === 0 ? 'tok_unknown' : 'tok_ok')
      await sleep(random.integer(0, 900))
      const answer = await stage.shop.cancel(orderId)
      expect(answer.status, answer.text).toBeOneOf([202, 409])
      expect((await end(orderId)).status).toBe(answer.status === 202 ? 'cancelled' : 'delivered')
      return { orderId, status: answer.status }
    })
    expect(orders.some(({ status }) => status === 202)).toBe(true)
    await stage.expectBalance(orders.map(({ orderId }) => orderId))
  })

  it('a provider that is killed in the middle of a burst and comes back costs no order', async () => {
    const placing = burst(40)
    await sleep(150)
    await stage.provider.kill()
    await stage.provider.start()
    const orders = await placing
    await sleep(100)
    await stage.provider.kill()
    await stage.provider.start()
    for (const orderId of orders) expect((await end(orderId)).status).toBe('delivered')
    await stage.expectBalance(orders)
  })

  it('a provider that is down for seconds is waited for', async () => {
    await stage.provider.kill()
    const orders = await burst(20)
    await sleep(2_000)
    for (const orderId of orders) expect((await read(orderId)).status).toBe('pending')
    await stage.provider.start()
    for (const orderId of orders) expect((await end(orderId)).status).toBe('delivered')
    await stage.expectBalance(orders)
  })

  it('the last ten units go to ten of thirty orders', async () => {
    const sku = stage.subject.takeSku()
    await stage.subject.stock(sku, 10)
    const placed = await times(30, () => stage.subject.place([{ sku, quantity: 1 }]))
    const ended = await Promise.all(placed.map(({ orderId }) => end(orderId)))
    expect(ended.filter(({ status }) => status === 'delivered')).toHaveLength(10)
    expect(ended.filter((order) => lastReason(order) === 'OUT_OF_STOCK')).toHaveLength(20)
    await stage.expectBalance(placed.map(({ orderId }) => orderId))
    expect(await stage.subject.level(sku)).toMatchObject({ reserved: 0, available: 0 })
  })

  it('orders that need each other’s last units in opposite order do not block each other', async () => {
    const [first, second] = [stage.subject.takeSku(), stage.subject.takeSku()]
    await stage.subject.stock(first, 10)
    await stage.subject.stock(second, 10)
    const lines = [first, second].map((sku) => ({ sku, quantity: 1 }))
    const placed = await times(20, (index) => stage.subject.place(index % 2 === 0 ? lines : lines.toReversed()))
    const ended = await Promise.all(placed.map(({ orderId }) => end(orderId)))
    expect(ended.filter(({ status }) => status === 'delivered')).toHaveLength(10)
    await stage.expectBalance(placed.map(({ orderId }) => orderId))
  })

  it('a host that dies three times in a burst applies everything once', async () => {
    const orders = await burst(60)
    for (const ms of [20, 150, 400]) {
      await sleep(ms)
      await stage.crashHost()
      await stage.startHost()
    }
    for (const orderId of orders) expect((await end(orderId)).status).toBe('delivered')
    await stage.expectBalance(orders)
  })

  // The schedule is real time: the host must die between the provider's taking the request and the 3 s it is waited for. On a
  // busy machine that can be missed, and then the schedule is tried again.
  it('a charge that was asked for by a host that died is given up when the order is cancelled before the next one', {
    retry: 2,
  }, async () => {
    const sku = stage.subject.takeSku()
    await stage.subject.stock(sku, 5)
    stage.provider.pause()
    const orders = (await times(5, () => stage.subject.place([{ sku, quantity: 1 }]))).map(({ orderId }) => orderId)
    await eventually(
      'the goods to be promised',
      () => stage.subject.level(sku),
      ({ reserved }) => reserved === 5,
    )
    // Time for the requests to leave; the charges below say whether they have. The provider would be given up after 3 s.
    await sleep(500)
    await stage.crashHost()
    stage.provider.resume()
    await eventually(
      'the charges to be there',
      async () => (await Promise.all(orders.map((orderId) => stage.subject.chargesOf(orderId)))).flat(),
      (charges) => charges.length === 5,
    )
    await stage.startHost(withoutPayments)
    for (const orderId of orders) expect((await stage.shop.cancel(orderId)).status).toBe(202)
    await stage.startHost()
    await stage.expectBalance(orders)
    const charges = await Promise.all(orders.map((orderId) => stage.subject.chargesOf(orderId)))
    expect(charges.flat().map(({ voided }) => voided)).toEqual([true, true, true, true, true])
  })

  it('a token that the provider cannot even read is declined, not asked about for ever', async () => {
    const [orderId] = (await burst(1, '🧺'.repeat(200))) as [string]
    const order = await end(orderId)
    expect([order.status, lastReason(order)]).toEqual(['rejected', 'PAYMENT_DECLINED'])
  })

  it('slow cards do not hold up the others', async () => {
    const slow = await burst(40, 'tok_slow')
    const [quick] = (await burst(1)) as [string]
    await stage.subject.reach(quick, 'confirmed', 'shipped', 'delivered')
    for (const order of await Promise.all(slow.map(read))) expect(order.status).toBe('pending')
    for (const orderId of slow) expect(lastReason(await end(orderId))).toBe('PAYMENT_TIMEOUT')
    const charges = await eventually(
      'the late charges to be there and given up',
      async () => (await Promise.all(slow.map((orderId) => stage.subject.chargesOf(orderId)))).flat(),
      (found) => found.length === slow.length && found.every(({ voided }) => voided),
    )
    expect(charges.every(({ captured }) => captured === 0)).toBe(true)
    await stage.expectBalance(slow)
  })

  it('two hundred orders at once all arrive', async () => {
    const orders = await burst(200)
    for (const orderId of orders) expect((await end(orderId)).status).toBe('delivered')
    await stage.expectBalance(orders)
  })
})
