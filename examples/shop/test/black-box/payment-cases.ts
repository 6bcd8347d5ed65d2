// Payments that go wrong in each way a provider can: declined, too slow, or answered into a broken connection. The
// provider is asked too, since a shop that only believes its own books would not notice money taken twice.

import { describe, expect, it } from 'vitest'
import { minorUnits } from '../client.ts'
import { eventually } from '../eventually.ts'
import { expectProblem, lastReason, ok, type Subject } from './subject.ts'

export function paymentCases(subject: () => Subject): void {
  /** Nothing is kept here or at the provider, and the goods are free again. */
  async function expectUndone(orderId: string, sku: string, available: number): Promise<void> {
    const { shop, level } = subject()
    await eventually(
      'the goods to be free again',
      () => level(sku),
      (now) => now.available === available,
    )
    const payment = await shop.payment(orderId)
    expect(payment.status, payment.text).toBeOneOf([200, 404])
    if (payment.status === 200) expect(payment.body.captured - payment.body.refunded).toBe(0)
  }

  describe('payments', () => {
    it('that are declined reject the order and free the goods', async () => {
      const { takeSku, level, place, reach, chargesOf } = subject()
      const sku = takeSku()
      const { available } = await level(sku)
      const { orderId } = await place([{ sku, quantity: 2 }], 'tok_declined')
      expect(lastReason(await reach(orderId, 'rejected'))).toBe('PAYMENT_DECLINED')
      await expectUndone(orderId, sku, available)
      expect(await chargesOf(orderId)).toEqual([])
    })

    it('with a token that does not exist are refused, or declined', async () => {
      const { shop, newCustomer, takeSku, reach } = subject()
      const items = [{ sku: takeSku(), quantity: 1 }]
      const answer = await shop.place({ customerId: newCustomer(), items, payment: { token: 'tok_nonsense' } })
      expect(answer.status, answer.text).toBeOneOf([202, 400, 422])
      if (answer.status !== 202) return
      expect(lastReason(await reach(answer.body.orderId, 'rejected'))).toBe('PAYMENT_DECLINED')
    })

    it('that take too long reject the order, and the charge that comes about later is voided', async () => {
      const { takeSku, level, place, reach, chargesOf } = subject()
      const sku = takeSku()
      const { available } = await level(sku)
      const { orderId } = await place([{ sku, quantity: 2 }], 'tok_slow')
      expect(lastReason(await reach(orderId, 'rejected'))).toBe('PAYMENT_TIMEOUT')
      await expectUndone(orderId, sku, available)
      const charges = await eventually(
        'the late charge to be voided',
        () => chargesOf(orderId),
        (all) => all.length > 0 && all.every(({ voided }) => voided),
      )
      expect(charges.map(({ captured }) => captured)).toEqual(charges.map(() => 0))
    })

    it('tell what has happened to them, and how they stood at any time', async () => {
      const { shop, takeSku, place, reach } = subject()
      const { orderId, total } = await place([{ sku: takeSku(), quantity: 1 }], 'tok_ok')
      await reach(orderId, 'confirmed', 'shipped', 'delivered')
      const amount = minorUnits(total)
      const { items } = ok(await shop.paymentHistory(orderId))
      expect(items).toMatchObject([
        { version: 1, event: 'authorized', state: 'authorized', authorized: amount, captured: 0 },
        { version: 2, event: 'captured', state: 'captured', authorized: amount, captured: amount, refunded: 0 },
      ])
      const [first, second] = items.map(({ at }) => Date.parse(at)) as [number, number]
      const at = (timeMs: number): Promise<{ status: number; body: { state: string } }> =>
        shop.payment(orderId, new Date(timeMs).toISOString())
      expect((await at(first - 1)).status).toBe(404)
      expect((await at(second)).body.state).toBe('captured')
      expect((await at(second + 60_000)).body.state).toBe('captured')
      // Within one millisecond the later one is what is true at its end.
      if (first < second) expect((await at(first)).body.state).toBe('authorized')
      // The same moment, by another clock on the wall.
      const local = new Date(second + 2 * 3_600_000).toISOString().replace('Z', '+02:00')
      expect(ok(await shop.payment(orderId, local))).toMatchObject({ state: 'captured' })
    })

    it('that were given up say so in their history, and the sums of it are those of the payment', async () => {
      const { shop, takeSku, place, reach } = subject()
      const { orderId } = await place([{ sku: takeSku(), quantity: 1 }], 'tok_slow')
      await reach(orderId, 'rejected')
      const { items } = await eventually(
        'the charge to be given up',
        async () => ok(await shop.paymentHistory(orderId)),
        (history) => history.items.at(-1)?.event === 'released',
      )
      expect(items.map(({ event }) => event)).toEqual(['timedOut', 'releaseDue', 'released'])
      const { version: _version, at: _at, event: _event, ...last } = items.at(-1) ?? ({} as (typeof items)[number])
      expect(ok(await shop.payment(orderId))).toEqual({ orderId, ...last })
    })

    it('that do not exist have no history, and a time must be one', async () => {
      const { shop } = subject()
      expectProblem(await shop.paymentHistory('nobody'), 404)
      for (const asOf of ['yesterday', '2026-02-30T00:00:00Z', ''])
        expectProblem(await shop.payment('nobody', asOf), 400, 422)
    })

    it('whose answer is lost are found again: one charge, and the order is delivered', async () => {
      const { takeSku, place, reach, chargesOf } = subject()
      const { orderId, total } = await place([{ sku: takeSku(), quantity: 1 }], 'tok_unknown')
      await reach(orderId, 'delivered')
      const amount = minorUnits(total)
      expect(await chargesOf(orderId)).toMatchObject([
        { authorized: amount, captured: amount, refunded: 0, voided: false },
      ])
    })
  })
}
