// The catalog: pages, single products, and queries a client may cache. Nothing here writes, so these cases hold however
// many orders the shop has seen.

import { describe, expect, it } from 'vitest'
import { readPages } from '../../audit/reader.ts'
import type { Product } from '../client.ts'
import { expectProblem, ok, type Subject } from './subject.ts'

export function catalogCases(subject: () => Subject): void {
  describe('catalog', () => {
    it('lists at least 20 products, each once, whatever the size of the pages', async () => {
      const { shop } = subject()
      const list = (limit: number): Promise<Product[]> => readPages((page) => shop.products(page), 'products', limit)
      const [bySeven, byTwenty] = [await list(7), await list(20)]
      expect(bySeven.length).toBeGreaterThanOrEqual(20)
      expect(new Set(bySeven.map(({ sku }) => sku)).size).toBe(bySeven.length)
      expect(bySeven).toEqual(byTwenty)
      for (const { name, price } of bySeven) {
        expect(name).not.toBe('')
        expect(Number.isSafeInteger(price.amount) && price.amount > 0).toBe(true)
        expect(price.currency).toMatch(/^[A-Z]{3}$/)
      }
    })

    it('gives no more than asked for, and a cursor while there is more', async () => {
      const { shop } = subject()
      const first = ok(await shop.products({ limit: 3 }))
      expect(first.items).toHaveLength(3)
      expect(first.nextCursor).toEqual(expect.any(String))
      const second = ok(await shop.products({ limit: 3, cursor: first.nextCursor }))
      expect(second.items.map(({ sku }) => sku)).not.toContain(first.items[0]?.sku)
      expect(ok(await shop.products()).items.length).toBeGreaterThan(0)
    })

    it('refuses limits and cursors that mean nothing', async () => {
      const { shop } = subject()
      for (const limit of [0, -1, 1.5, 1_000_000_000]) expectProblem(await shop.products({ limit }), 400, 422)
      expectProblem(await shop.send('GET', '/products?limit=many'), 400, 422)
      expectProblem(await shop.products({ cursor: 'no cursor of yours' }), 400, 422)
    })

    it('gives one product by its sku, the same as in the list', async () => {
      const { shop } = subject()
      const [product] = ok(await shop.products({ limit: 1 })).items
      expect(product && ok(await shop.product(product.sku))).toEqual(product)
      expectProblem(await shop.product('no-such-sku'), 404)
    })

    it('answers a query that the client has already with 304 and no body', async () => {
      const { shop } = subject()
      const path = `/products/${encodeURIComponent(subject().takeSku())}`
      const first = await shop.send('GET', path)
      const etag = first.headers.get('etag') ?? ''
      expect(etag).toMatch(/^(W\/)?".+"$/)
      const again = await shop.send('GET', path, { headers: { 'if-none-match': etag } })
      expect([again.status, again.text]).toEqual([304, ''])
      const other = await shop.send('GET', path, { headers: { 'if-none-match': '"something else"' } })
      expect([other.status, other.text]).toEqual([200, first.text])
    })
  })
}
