// Cancelling: what it stops, what it gives back, and when it is too late. A cancellation races with the order it stops,
// so the cases accept either winner, and look whether goods and money tell the same story as the status.

import { describe, expect, it } from 'vitest'
import { eventually } from '../eventually.ts'
import { expectProblem, ok, type Subject, statusesOf } from './subject.ts'

export function cancelCases(subject: () => Subject): void {
  async function expectNothingKept(orderId: string, sku: string, available: number): Promise<void> {
    const { shop, level, chargesOf } = subject()
    await eventually(
      'the goods to be free again',
      () => level(sku),
      (now) => now.available === available,
    )
    await eventually(
      'no money to be kept or blocked',
      () => chargesOf(orderId),
      (charges) => charges.every(({ voided, captured, refunded }) => voided || (captured > 0 && captured === refunded)),
    )
    // Written down after the provider has done it.
    await eventually(
      'the payment to say so',
      () => shop.payment(orderId),
      (payment) => payment.status === 404 || ok(payment).captured === payment.body.refunded,
    )
  }

  describe('cancelling', () => {
    it('an order that waits for its payment is accepted, and everything is given back', async () => {
      const { shop, takeSku, level, place, reach, chargesOf } = subject()
      const sku = takeSku()
      const { available } = await level(sku)
      const { orderId } = await place([{ sku, quantity: 2 }], 'tok_slow')
      const answer = await shop.cancel(orderId)
      expect(answer.status, answer.text).toBe(202)
      expect(statusesOf(await reach(orderId, 'cancelled'))).toEqual(['pending', 'cancelled'])
      // When the cancellation came before the authorization was asked for there is no charge, and else a voided one;
      // the slow provider would show it a few seconds later.
      await expectNothingKept(orderId, sku, available)
      expect((await shop.cancel(orderId)).status).toBeOneOf([202, 409])
      expect((await chargesOf(orderId)).every(({ captured }) => captured === 0)).toBe(true)
    })

    it('an order on its way either stops it or is too late, and the books say the same', async () => {
      const { shop, takeSku, level, place, reach } = subject()
      for (let attempt = 0; attempt < 5; attempt++) {
        const sku = takeSku()
        const { available } = await level(sku)
        const { orderId } = await place([{ sku, quantity: 1 }])
        const answer = await shop.cancel(orderId)
        if (answer.status === 202) {
          await reach(orderId, 'cancelled')
          await expectNothingKept(orderId, sku, available)
        } else {
          expectProblem(answer, 409)
          await reach(orderId, 'delivered')
        }
      }
    })

    it('an order that was delivered or rejected is too late', async () => {
      const { shop, takeSku, place, reach } = subject()
      const delivered = await place([{ sku: takeSku(), quantity: 1 }])
      const rejected = await place([{ sku: takeSku(), quantity: 1 }], 'tok_declined')
      await reach(delivered.orderId, 'delivered')
      await reach(rejected.orderId, 'rejected')
      expectProblem(await shop.cancel(delivered.orderId), 409)
      expectProblem(await shop.cancel(rejected.orderId), 409)
      await reach(delivered.orderId, 'delivered')
    })
  })
}
