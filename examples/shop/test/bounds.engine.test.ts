// The edges of what the shop takes: refused in words at the border, never by the database with a 500, and with nothing written.

import { findPostgres, type PostgresServer, startPostgresServer } from '@banyan/tools/postgres-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectProblem, ok } from './black-box/subject.ts'
import { createShopClient, type NewOrder, type ShopClient } from './client.ts'
import { type InProcessShop, startInProcess } from './start-in-process.ts'

const nul = '\u0000'
const long = 'x'.repeat(65)

describe.skipIf(!findPostgres().found)('the bounds of the shop', () => {
  let server: PostgresServer
  let running: InProcessShop
  let shop: ShopClient
  beforeAll(async () => {
    server = await startPostgresServer()
    // No order gets as far as the payment provider here, so there is none.
    running = await startInProcess(server.url)
    shop = createShopClient(running.gatewayUrl)
  })
  afterAll(async () => {
    await running?.stop()
    await server?.stop()
  })

  it.each([
    ['/products/a%00b'],
    ['/inventory/a%00b'],
    ['/orders/%00'],
    ['/payments/%00'],
    ['/shipments/%00'],
    ['/customers/a%00/orders'],
    [`/products/${long}`],
    [`/inventory/${long}`],
    [`/orders/${long}`],
    [`/payments/${long}`],
    [`/shipments/${long}`],
    [`/customers/${long}/orders`],
    ['/products/%ED%A0%80'],
    ['/products?cursor=%00'],
    ['/products?cursor=WyJcdTAwMDAiXQ'],
    ['/customers/c/orders?cursor=WyJcdTAwMDAiXQ'],
    [`/customers/c/orders?cursor=${'W'.repeat(201)}`],
    ['/products?limit=0'],
    ['/products?limit=101'],
    ['/products?limit=1e99'],
    ['/customers/c/orders?limit=101'],
  ])('GET %s is refused', async (path) => {
    expectProblem(await shop.send('GET', path), 400, 404, 422)
  })

  it.each([[-1], [1_000_001], [2 ** 31], [2 ** 53], [1e300], [0.5], ['7'], [null]])(
    'a count of %j goods on the shelf is refused and changes nothing',
    async (onHand) => {
      const before = ok(await shop.level('mug-stone'))
      expectProblem(await shop.send('PUT', '/inventory/mug-stone', { json: { onHand } }), 400, 422)
      expect(ok(await shop.level('mug-stone'))).toEqual(before)
    },
  )

  it('a shelf may be empty and full', async () => {
    expect(ok(await shop.setOnHand('vase-smoke', 0))).toMatchObject({ onHand: 0, available: 0 })
    expect(ok(await shop.setOnHand('vase-smoke', 1_000_000))).toMatchObject({ onHand: 1_000_000 })
  })

  const order = (change: Partial<NewOrder>): NewOrder => ({
    customerId: 'bounds',
    items: [{ sku: 'mug-stone', quantity: 1 }],
    payment: { token: 'tok_ok' },
    ...change,
  })
  const item = (sku: string, quantity: number): NewOrder => order({ items: [{ sku, quantity }] })

  it.each<[string, NewOrder]>([
    ['NUL in the customer', order({ customerId: `a${nul}` })],
    ['NUL in the token', order({ payment: { token: `tok${nul}` } })],
    ['NUL in a sku', item(`mug${nul}`, 1)],
    ['half of a character in the customer', order({ customerId: '\ud83e' })],
    ['half of a character in the token', order({ payment: { token: '\ud83e' } })],
    ['a customer of 65 characters', order({ customerId: long })],
    ['a token of 201 characters', order({ payment: { token: 'x'.repeat(201) } })],
    ['no items', order({ items: [] })],
    ['101 items', order({ items: Array.from({ length: 101 }, (_, i) => ({ sku: `s${i}`, quantity: 1 })) })],
    ['none of a product', item('mug-stone', 0)],
    ['more than a thousand', item('mug-stone', 1_001)],
    ['more than an integer', item('mug-stone', 2 ** 53)],
    ['a product twice', order({ items: [...item('mug-stone', 1).items, ...item('mug-stone', 2).items] })],
    ['a name that every object has', item('__proto__', 1)],
  ])('an order with %s is refused', async (_, body) => {
    expectProblem(await shop.place(body), 400, 422)
    expect(ok(await shop.ordersOf('bounds')).items).toEqual([])
  })

  it('shelves cannot be counted below what is promised', async () => {
    const placed = await shop.place({ ...item('jar-stone', 60), customerId: 'promised' })
    expect(placed.status, placed.text).toBe(202)
    await expect.poll(async () => ok(await shop.level('jar-stone')).reserved, { timeout: 20_000 }).toBe(60)
    const refused = await shop.setOnHand('jar-stone', 59)
    expectProblem(refused, 409)
    expect(refused.text).toContain('"reserved":60')
    expect(ok(await shop.setOnHand('jar-stone', 60))).toMatchObject({ onHand: 60, reserved: 60, available: 0 })
  })
})
