// Orders from the first answer to delivery: where they are found, what they cost, and that goods, money and parcel
// agree. Stock levels are compared with what was read before, for the shop may have had other orders.

import { describe, expect, it } from 'vitest'
import { minorUnits, type Order } from '../client.ts'
import { eventually } from '../eventually.ts'
import { expectProblem, ok, type Subject, statusesOf } from './subject.ts'

interface Sales {
  readonly days: readonly { readonly day: string; readonly orders: number }[]
  readonly products: readonly { readonly sku: string; readonly quantity: number }[]
}

export function orderCases(subject: () => Subject): void {
  describe('orders', () => {
    it('are accepted at once, and found where the answer says', async () => {
      const { shop, newCustomer, takeSku, reach } = subject()
      const customerId = newCustomer()
      const items = [{ sku: takeSku(), quantity: 1 }]
      const answer = await shop.place({ customerId, items, payment: { token: 'tok_ok' } })
      expect(answer.status, answer.text).toBe(202)
      expect(answer.body).toMatchObject({ orderId: expect.any(String), status: 'pending' })
      const location = new URL(answer.headers.get('location') ?? '', shop.url)
      const found = (await (await fetch(location)).json()) as Order
      expect(found).toMatchObject({ orderId: answer.body.orderId, customerId, items, total: answer.body.total })
      expect(Number.isNaN(Date.parse(found.createdAt))).toBe(false)
      await reach(answer.body.orderId, 'delivered')
    })

    it('go from pending to delivered, paid in full, shipped once, with the goods off the shelves', async () => {
      const { shop, takeSku, level, place, reach, chargesOf } = subject()
      const [first, second] = [takeSku(), takeSku()]
      const before = [await level(first), await level(second)]
      const prices = [ok(await shop.product(first)).price.amount, ok(await shop.product(second)).price.amount]
      const { orderId, total } = await place([
        { sku: first, quantity: 2 },
        { sku: second, quantity: 3 },
      ])
      const sum = 2 * (prices[0] ?? 0) + 3 * (prices[1] ?? 0)
      expect(minorUnits(total)).toBe(sum)

      const order = await reach(orderId, 'delivered')
      expect(statusesOf(order)).toEqual(['pending', 'confirmed', 'shipped', 'delivered'])
      const times = order.history.map(({ at }) => Date.parse(at))
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      expect(minorUnits(order.total)).toBe(sum)
      expect(ok(await shop.payment(orderId))).toMatchObject({ orderId, authorized: sum, captured: sum, refunded: 0 })
      expect(await chargesOf(orderId)).toMatchObject([{ authorized: sum, captured: sum, refunded: 0, voided: false }])
      expect((await shop.shipment(orderId)).status).toBe(200)
      const after = (): Promise<unknown> => Promise.all([level(first), level(second)])
      const expected = before.map(({ sku, onHand, reserved }, i) => {
        const left = onHand - (i === 0 ? 2 : 3)
        return { sku, onHand: left, reserved, available: left - reserved }
      })
      await eventually('the goods to leave', after, (levels) => JSON.stringify(levels) === JSON.stringify(expected))
    })

    it('of a customer are listed newest first, page by page', async () => {
      const { shop, newCustomer, takeSku, place, reach } = subject()
      const customerId = newCustomer()
      expect(ok(await shop.ordersOf(customerId)).items).toEqual([])
      const sku = takeSku()
      const placed: string[] = []
      for (let i = 0; i < 5; i++) placed.push((await place([{ sku, quantity: 1 }], 'tok_ok', customerId)).orderId)
      const listed: string[] = []
      let cursor: string | undefined
      for (let page = 0; page < 5; page++) {
        const { items, nextCursor } = ok(await shop.ordersOf(customerId, { limit: 2, cursor }))
        expect(items.length).toBeLessThanOrEqual(2)
        listed.push(...items.map(({ orderId }) => orderId))
        cursor = nextCursor
        if (cursor === undefined) break
      }
      expect(listed).toEqual(placed.toReversed())
      for (const orderId of placed) await reach(orderId, 'delivered')
    })

    it('are in the list of their customer as soon as they are placed', async () => {
      const { shop, newCustomer, takeSku, place, reach } = subject()
      const customerId = newCustomer()
      const sku = takeSku()
      for (let count = 1; count <= 3; count++) {
        const { orderId } = await place([{ sku, quantity: 1 }], 'tok_ok', customerId)
        const { items } = ok(await shop.ordersOf(customerId))
        expect([items.length, items[0]?.orderId]).toEqual([count, orderId])
        await reach(orderId, 'delivered')
        expect(ok(await shop.ordersOf(customerId)).items[0]).toEqual(ok(await shop.order(orderId)))
      }
    })

    it('that are paid for are counted once in the sales of the day and of the product', async () => {
      const { shop, takeSku, place, reach } = subject()
      const sku = takeSku()
      const read = async (): Promise<Sales> =>
        (await (await fetch(new URL('/sales/dashboard', shop.url))).json()) as Sales
      const sold = ({ products }: Sales): number => products.find((one) => one.sku === sku)?.quantity ?? 0
      const orders = ({ days }: Sales): number => days.reduce((sum, day) => sum + day.orders, 0)
      const before = await read()
      const { orderId } = await place([{ sku, quantity: 2 }])
      const [confirmed] = (await reach(orderId, 'delivered')).history.filter(({ status }) => status === 'confirmed')
      const after = await eventually('the sale to be counted', read, (sales) => sold(sales) >= sold(before) + 2)
      expect(sold(after)).toBe(sold(before) + 2)
      expect(orders(after)).toBeGreaterThan(orders(before))
      expect(after.days.map(({ day }) => day)).toContain(confirmed?.at.slice(0, 10))
    })

    it('that do not exist are not found, nor what belongs to them', async () => {
      const { shop } = subject()
      const orderId = '01890000-0000-7000-8000-000000000000'
      expectProblem(await shop.order(orderId), 404)
      expectProblem(await shop.cancel(orderId), 404)
      expectProblem(await shop.payment(orderId), 404)
      expectProblem(await shop.shipment(orderId), 404)
    })
  })
}
