// Input that must be refused with a problem the client can act on, and with nothing done. Each spoilt order differs
// from a good one in one thing only, so that a refusal can have no other cause; afterwards the customer must have no
// order.

import { describe, expect, it } from 'vitest'
import { exchange } from '../raw-http.ts'
import { expectProblem, ok, type Subject } from './subject.ts'

interface Draft {
  [field: string]: unknown
}

/** Ways to spoil a good order. */
const spoilt: Record<string, (good: Draft, sku: string) => unknown> = {
  'no customer': ({ customerId: _, ...rest }) => rest,
  'no items': ({ items: _, ...rest }) => rest,
  'no payment': ({ payment: _, ...rest }) => rest,
  'an empty customer': (good) => ({ ...good, customerId: '' }),
  'a customer that is a number': (good) => ({ ...good, customerId: 7 }),
  'items that are no list': (good) => ({ ...good, items: {} }),
  'an empty list of items': (good) => ({ ...good, items: [] }),
  'more items than anybody buys': (good, sku) => ({ ...good, items: Array(5_000).fill({ sku, quantity: 1 }) }),
  'an item without quantity': (good, sku) => ({ ...good, items: [{ sku }] }),
  'a quantity of zero': (good, sku) => ({ ...good, items: [{ sku, quantity: 0 }] }),
  'a negative quantity': (good, sku) => ({ ...good, items: [{ sku, quantity: -1 }] }),
  'half a piece': (good, sku) => ({ ...good, items: [{ sku, quantity: 0.5 }] }),
  'a quantity in words': (good, sku) => ({ ...good, items: [{ sku, quantity: '1' }] }),
  'a quantity beyond integers': (good, sku) => ({ ...good, items: [{ sku, quantity: 1e300 }] }),
  'an item with an extra field': (good, sku) => ({ ...good, items: [{ sku, quantity: 1, price: 1 }] }),
  'an unknown sku': (good) => ({ ...good, items: [{ sku: 'no-such-sku', quantity: 1 }] }),
  'a payment without token': (good) => ({ ...good, payment: {} }),
  'a token that is a list': (good) => ({ ...good, payment: { token: ['tok_ok'] } }),
  'an extra field': (good) => ({ ...good, total: 1 }),
  'a list': (good) => [good],
  null: () => null,
  'a string': () => 'an order',
}

const oversizeBytes = 16_000_000

export function badInputCases(subject: () => Subject): void {
  describe('bad input', () => {
    it.each(Object.keys(spoilt))('an order that is or has %s is refused and not placed', async (name) => {
      const { shop, newCustomer, takeSku } = subject()
      const [customerId, sku] = [newCustomer(), takeSku()]
      const good = { customerId, items: [{ sku, quantity: 1 }], payment: { token: 'tok_ok' } }
      const answer = await shop.send('POST', '/orders', { json: spoilt[name]?.(good, sku) })
      expectProblem(answer, ...(name === 'an unknown sku' ? [422] : [400, 422]))
      expect(ok(await shop.ordersOf(customerId)).items).toEqual([])
    })

    it('that is not JSON is a 400, and of another type a 415', async () => {
      const { shop } = subject()
      const post = (text: string, type: string) =>
        shop.send('POST', '/orders', { text, headers: { 'content-type': type } })
      expectProblem(await post('{"customerId":', 'application/json'), 400)
      expectProblem(await post('', 'application/json'), 400, 422)
      expectProblem(await post('{}', 'text/plain'), 415)
      expectProblem(await post('customerId=a', 'application/x-www-form-urlencoded'), 415)
    })

    it('that is too big is a 413, without being read to its end', async () => {
      const head = `POST /orders HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\nconnection: close\r\n`
      const request = Buffer.from(
        `${head}content-length: ${oversizeBytes}\r\n\r\n{"customerId":"${'a'.repeat(100_000)}`,
      )
      expect(await exchange(subject().shop.url, request)).toMatchObject({ outcome: 'answered', status: 413 })
    })

    it('paths that do not exist are a 404, other methods a 405 that names the right ones', async () => {
      const { shop, takeSku } = subject()
      expectProblem(await shop.send('GET', '/nothing/here'), 404)
      const refused: [string, string, RegExp][] = [
        ['DELETE', '/products', /\bGET\b/],
        ['GET', '/orders', /\bPOST\b/],
        ['POST', `/inventory/${encodeURIComponent(takeSku())}`, /\bPUT\b/],
        ['GET', '/orders/some-order/cancel', /\bPOST\b/],
      ]
      for (const [method, path, allowed] of refused) {
        const answer = await shop.send(method, path)
        expectProblem(answer, 405)
        expect(answer.headers.get('allow')).toMatch(allowed)
      }
    })
  })
}
