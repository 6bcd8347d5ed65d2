// Returns: what was delivered goes back, the money and the goods with it; or the customer keeps it after all.

import { describe, expect, it } from 'vitest'
import { minorUnits } from '../client.ts'
import { eventually } from '../eventually.ts'
import { expectProblem, ok, type Subject, statusesOf } from './subject.ts'

export function returnCases(subject: () => Subject): void {
  async function deliver(sku: string): Promise<{ readonly orderId: string; readonly amount: number }> {
    const { place, reach } = subject()
    const { orderId, total } = await place([{ sku, quantity: 2 }])
    await reach(orderId, 'delivered')
    return { orderId, amount: minorUnits(total) }
  }

  async function returnOne(): Promise<void> {
    const { shop, takeSku, level, chargesOf } = subject()
    const sku = takeSku()
    const before = await level(sku)
    const { orderId, amount } = await deliver(sku)
    expect(await level(sku)).toMatchObject({ onHand: before.onHand - 2 })
    for (const _ of ['once', 'twice']) expect((await shop.sendBack(orderId)).status).toBe(202)
    const order = await eventually(
      'the order to be returned',
      async () => ok(await shop.order(orderId)),
      ({ status }) => status === 'returned',
    )
    expect(statusesOf(order)).toEqual(['pending', 'confirmed', 'shipped', 'delivered', 'returned'])
    expect(await level(sku)).toEqual(before)
    expect(await chargesOf(orderId)).toMatchObject([{ captured: amount, refunded: amount }])
    expect(ok(await shop.payment(orderId))).toMatchObject({ captured: amount, refunded: amount })
    expect((await shop.sendBack(orderId)).status).toBe(202)
    expectProblem(await shop.keep(orderId), 409)
  }

  async function keepOne(): Promise<void> {
    const { shop, takeSku, level } = subject()
    const sku = takeSku()
    const { orderId, amount } = await deliver(sku)
    const { onHand } = await level(sku)
    expectProblem(await shop.keep(orderId), 404)
    expect((await shop.sendBack(orderId)).status).toBe(202)
    for (const _ of ['once', 'twice']) expect((await shop.keep(orderId)).status).toBe(202)
    await eventually(
      'the return to be over',
      () => shop.sendBack(orderId),
      ({ status }) => status === 409,
    )
    expect(ok(await shop.order(orderId)).status).toBe('delivered')
    expect(ok(await shop.payment(orderId))).toMatchObject({ captured: amount, refunded: 0 })
    expect(await level(sku)).toMatchObject({ onHand })
  }

  describe('returns', () => {
    it('give the money and the goods back, once; and can be thought better of until the parcel has left', async () => {
      await Promise.all([returnOne(), keepOne()])
    })

    it('are for what was delivered', async () => {
      const { shop, takeSku, place, reach } = subject()
      expectProblem(await shop.sendBack('nothing'), 404)
      const { orderId } = await place([{ sku: takeSku(), quantity: 1 }], 'tok_declined')
      await reach(orderId, 'rejected')
      expectProblem(await shop.sendBack(orderId), 409)
    })
  })
}
