// The audit as a program, over HTTP, against a shop and a provider that show fixed books.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('./main.ts', import.meta.url))
const servers: Server[] = []
let directory: string
let gateway: number
let provider: number

const at = (i: number): string => new Date(i * 1_000).toISOString()
const order = (orderId: string, ...statuses: string[]) => ({
  orderId,
  customerId: 'c1',
  status: statuses.at(-1),
  items: [{ sku: 'A', quantity: 2 }],
  total: { amount: 200, currency: 'EUR' },
  createdAt: at(0),
  history: statuses.map((status, i) => ({
    at: at(i),
    status,
    ...(status === 'rejected' ? { reason: 'OUT_OF_STOCK' } : {}),
  })),
})
const charge = (orderId: string, captured: number) => ({
  chargeId: `ch_${orderId}`,
  orderId,
  authorized: 200,
  captured,
  refunded: 0,
  voided: false,
})

const product = (sku: string) => ({ sku, name: sku, price: { amount: 100, currency: 'EUR' } })
const delivered = order('o1', 'pending', 'confirmed', 'shipped', 'delivered')
/** Never charged: only its customer's list leads to it. */
const rejected = order('o2', 'pending', 'rejected')
/** Never charged, and of a customer that nobody names. */
const stray = { ...order('o3', 'pending', 'confirmed'), customerId: 'c2' }

const shop: Record<string, unknown> = {
  '/products?limit=100': { items: [product('A')], nextCursor: 'next' },
  '/products?cursor=next&limit=100': { items: [product('B')] },
  '/inventory/A': { sku: 'A', onHand: 98, reserved: 0, available: 98 },
  '/inventory/B': { sku: 'B', onHand: 100, reserved: 0, available: 100 },
  '/orders/o1': delivered,
  '/orders/o2': rejected,
  '/orders/o3': stray,
  '/customers/c1/orders?limit=100': { items: [rejected], nextCursor: 'o1' },
  '/customers/c1/orders?cursor=o1&limit=100': { items: [delivered] },
  '/customers/c2/orders?limit=100': { items: [stray] },
  '/payments/o1': { orderId: 'o1', state: 'captured', authorized: 200, captured: 200, refunded: 0 },
  '/shipments/o1': { orderId: 'o1', status: 'delivered' },
}
const books: Record<string, unknown> = { '/charges?limit=100': [charge('o1', 200)] }

async function serve(answers: Record<string, unknown>): Promise<number> {
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? '']
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer ?? { status: 404 }))
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function run(args: string[], ports = { gateway, provider }): Promise<{ code: number; out: string; err: string }> {
  const env = { ...process.env, BANYAN_GATEWAY_PORT: `${ports.gateway}`, SHOP_PROVIDER_PORT: `${ports.provider}` }
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (err += text))
  const [code] = await once(child, 'close')
  return { code, out, err }
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'audit-'))
  gateway = await serve(shop)
  provider = await serve(books)
})
afterAll(async () => {
  for (const server of servers) server.close().closeAllConnections()
  await rm(directory, { recursive: true, force: true })
})

describe('shop:audit', () => {
  it('follows ledger, customers and pages to all orders, and says ok', async () => {
    const found = await run(['--initial-stock', '100', '--settle-ms', '0'])
    expect(found).toEqual({ code: 0, out: 'ok: 2 orders, 1 charges, 2 products\n', err: '' })
  })

  it('prints what it finds wrong, one a line, and exits 1', async () => {
    const file = join(directory, 'orders')
    await writeFile(file, 'o3\n\n  gone\n')
    const { code, out } = await run(['--orders', file, '--settle-ms', '0'])
    expect(code).toBe(1)
    expect(out.trim().split('\n')).toEqual([
      'order exists: order gone was acknowledged or charged, and is not there',
      'order settles: order o3 is still confirmed',
      'shipment: order o3 is confirmed and has 0 shipments instead of 1',
      "provider's books: order o3 is confirmed and the provider keeps 0 of it instead of 200",
      "shop's books: order o3 is confirmed and payments keeps 0 of it instead of 200",
      'stock reserved: A has 0 reserved, open orders hold 2',
    ])
  })

  it('finds the orders of customers it is given, and speaks JSON', async () => {
    const { code, out } = await run(['--customers', 'c2', '--json', '--settle-ms', '0'])
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ ok: false, orders: 3, charges: 1, products: 2 })
  })

  it('exits 2 when it cannot look, with one line that says why', async () => {
    const nobody = await serve({})
    servers.at(-1)?.close()
    const unreachable = await run(['--settle-ms', '0'], { gateway, provider: nobody })
    expect(unreachable).toMatchObject({ code: 2, out: '' })
    expect(unreachable.err).toMatch(/^shop:audit: .*ECONNREFUSED.*is the shop running\?\n$/)
    const wrong = await run(['--settle-ms', 'soon'])
    expect(wrong).toEqual({ code: 2, out: '', err: 'shop:audit: --settle-ms must be a whole number, is "soon"\n' })
  })
})
