// Idempotency-Key: one key, one order. What counts is how many orders the customer has afterwards, not only what the
// answers say: equal answers could hide a second order.

import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { NewOrder } from '../client.ts'
import { expectProblem, ok, type Subject } from './subject.ts'

export function idempotencyCases(subject: () => Subject): void {
  function newOrder(): NewOrder {
    const { newCustomer, takeSku } = subject()
    return { customerId: newCustomer(), items: [{ sku: takeSku(), quantity: 1 }], payment: { token: 'tok_ok' } }
  }
  const placedBy = async (customerId: string): Promise<string[]> =>
    ok(await subject().shop.ordersOf(customerId)).items.map(({ orderId }) => orderId)

  describe('Idempotency-Key', () => {
    it('gives the first answer again, also when the order has long moved on', async () => {
      const { shop, reach } = subject()
      const [order, key] = [newOrder(), randomUUID()]
      const first = await shop.place(order, key)
      expect(first.status, first.text).toBe(202)
      for (const wait of [false, true]) {
        if (wait) await reach(first.body.orderId, 'delivered')
        const again = await shop.place(order, key)
        expect([again.status, again.body]).toEqual([202, first.body])
        expect(again.headers.get('location')).toBe(first.headers.get('location'))
      }
      expect(await placedBy(order.customerId)).toEqual([first.body.orderId])
    })

    it('refuses another body under the same key', async () => {
      const { shop, reach } = subject()
      const [order, key] = [newOrder(), randomUUID()]
      const { body } = await shop.place(order, key)
      const [line] = order.items
      const other = { ...order, items: [{ sku: line?.sku ?? '', quantity: 2 }] }
      expectProblem(await shop.place(other, key), 422)
      expect(await placedBy(order.customerId)).toEqual([body.orderId])
      await reach(body.orderId, 'delivered')
    })

    it('lets one of several at once win; the others get its answer or a 409', async () => {
      const { shop, reach } = subject()
      const [order, key] = [newOrder(), randomUUID()]
      const answers = await Promise.all(Array.from({ length: 6 }, () => shop.place(order, key)))
      const won = answers.filter(({ status }) => status === 202)
      expect(won.length).toBeGreaterThan(0)
      for (const answer of answers) if (answer.status !== 202) expectProblem(answer, 409)
      expect(await placedBy(order.customerId)).toEqual([won[0]?.body.orderId])
      expect(new Set(won.map(({ body }) => body.orderId)).size).toBe(1)
      await reach(won[0]?.body.orderId ?? '', 'delivered')
    })

    it('is not needed: without it, two equal orders are two orders', async () => {
      const { shop, reach } = subject()
      const order = newOrder()
      const placed = [await shop.place(order), await shop.place(order)].map(({ body }) => body.orderId)
      expect(new Set(await placedBy(order.customerId))).toEqual(new Set(placed))
      for (const orderId of placed) await reach(orderId, 'delivered')
    })
  })
}
