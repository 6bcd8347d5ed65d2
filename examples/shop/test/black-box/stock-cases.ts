// Stock: what is not there is not sold, and what is promised cannot be taken off the shelves. Each case sets the level
// it needs and puts the usual one back, so that the cases after it find enough of whatever product they are given.

import { describe, expect, it } from 'vitest'
import { eventually } from '../eventually.ts'
import { expectProblem, lastReason, type Subject } from './subject.ts'

const usualStock = 100

export function stockCases(subject: () => Subject): void {
  describe('stock', () => {
    it('that is not there rejects the order, and no money moves', async () => {
      const { takeSku, stock, level, place, reach, chargesOf } = subject()
      const sku = takeSku()
      await stock(sku, 3)
      const { orderId } = await place([{ sku, quantity: 4 }])
      expect(lastReason(await reach(orderId, 'rejected'))).toBe('OUT_OF_STOCK')
      expect(await level(sku)).toMatchObject({ onHand: 3, reserved: 0, available: 3 })
      expect(await chargesOf(orderId)).toEqual([])
      await stock(sku, usualStock)
    })

    it('is taken for all lines of an order or for none', async () => {
      const { takeSku, stock, level, place, reach } = subject()
      const [plenty, scarce] = [takeSku(), takeSku()]
      await stock(plenty, 50)
      await stock(scarce, 1)
      const { orderId } = await place([
        { sku: plenty, quantity: 5 },
        { sku: scarce, quantity: 2 },
      ])
      expect(lastReason(await reach(orderId, 'rejected'))).toBe('OUT_OF_STOCK')
      expect(await level(plenty)).toMatchObject({ reserved: 0, available: 50 })
      expect(await level(scarce)).toMatchObject({ reserved: 0, available: 1 })
      await stock(scarce, usualStock)
    })

    it('is never sold twice: of many orders at once, exactly as many get it as there is', async () => {
      const { takeSku, stock, level, place, reach } = subject()
      const sku = takeSku()
      await stock(sku, 3)
      const placed = await Promise.all(Array.from({ length: 8 }, () => place([{ sku, quantity: 1 }])))
      const orders = await Promise.all(placed.map(({ orderId }) => reach(orderId, 'delivered', 'rejected')))
      const rejected = orders.filter((order) => order.status === 'rejected')
      expect(rejected.map(lastReason)).toEqual(Array(5).fill('OUT_OF_STOCK'))
      const left = await eventually(
        'the goods to leave',
        () => level(sku),
        ({ onHand }) => onHand === 0,
      )
      expect(left).toMatchObject({ reserved: 0, available: 0 })
      await stock(sku, usualStock)
    })

    it('can be set, but not below what is promised', async () => {
      const { shop, takeSku, stock, level, place, reach } = subject()
      const sku = takeSku()
      await stock(sku, 10)
      // The slow payment keeps the goods promised for a while.
      const { orderId } = await place([{ sku, quantity: 4 }], 'tok_slow')
      await eventually(
        'the goods to be promised',
        () => level(sku),
        ({ reserved }) => reserved === 4,
      )
      expectProblem(await shop.setOnHand(sku, 3), 409, 422)
      expect(await level(sku)).toMatchObject({ onHand: 10, reserved: 4, available: 6 })
      await reach(orderId, 'rejected')
      await stock(sku, usualStock)
    })

    it('of an unknown product is neither found nor set', async () => {
      const { shop } = subject()
      expectProblem(await shop.level('no-such-sku'), 404)
      expectProblem(await shop.setOnHand('no-such-sku', 1), 404, 422)
    })

    it('is not set to nonsense', async () => {
      const { shop, takeSku, level } = subject()
      const sku = takeSku()
      const before = await level(sku)
      const path = `/inventory/${encodeURIComponent(sku)}`
      for (const onHand of [-1, 1.5, '5', null, true, [], {}, undefined, Number.MAX_SAFE_INTEGER * 2]) {
        expectProblem(await shop.send('PUT', path, { json: { onHand } }), 400, 422)
      }
      expectProblem(await shop.send('PUT', path, { json: { onHand: 5, reserved: 1 } }), 400, 422)
      expect(await level(sku)).toEqual(before)
    })
  })
}
