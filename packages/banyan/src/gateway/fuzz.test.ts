// Generated requests, seeded: whatever is sent, the answer is a success or a clean 4xx, and nothing that is not valid
// reaches the runtime. A failure prints the request.
import { expect, it } from 'vitest'
import { toJsonSchema } from '../contract/index.ts'
import { createVirtualEnvironment, type Random } from '../core/index.ts'
import { compileSchema } from '../schema/index.ts'
import { type Sending, startOrdersGateway } from './testing/orders-gateway.ts'

const runs = 2_000
const pick = <Item>(random: Random, from: readonly Item[]): Item =>
  from[Math.floor(random.next() * from.length)] as Item
const chance = (random: Random, probability: number): boolean => random.next() < probability

const texts = [
  '',
  '1',
  '-1',
  '0',
  '1e9',
  '9007199254740993',
  'true',
  'null',
  'ab',
  'é',
  '€',
  '😀',
  '\ud800',
  '\u0000',
  '\r\n',
  '"',
  "'",
  '<script>',
  '../../etc/passwd',
  '%00',
  '%2e%2e',
  '{}',
  '[]',
  'x'.repeat(300),
  '__proto__',
  'constructor',
  '\u202e',
  '\ufeff',
  ' ',
  '\t',
]
const paths = [
  '/orders',
  '/orders/1',
  '/orders/latest',
  '/orders/1/lines/2',
  '/orders/1/cancel',
  '/searches',
  '/counted',
  '/',
  '/livez',
  '/docs',
  '/openapi.json',
  '/orders/',
  '/nothing',
  '//',
  '/orders/%',
  '/orders/%ff',
  '/orders/..',
  '/orders/%00',
  '/orders/a%2fb',
  '*',
  '',
]
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'BREW']
const names = [
  'limit',
  'ratio',
  'full',
  'ids',
  'view',
  'page',
  'text',
  'orderId',
  'customerId',
  'items',
  'note',
  'words',
  'count',
  'sku',
  'quantity',
  '__proto__',
  'constructor',
  'toString',
]
const headerValues: Readonly<Record<string, readonly string[]>> = {
  accept: ['*/*', 'text/html', 'application/json;q=0', ',,,', ';q=', 'a/b;q=2'],
  'content-type': [
    'application/json',
    'text/plain',
    'application/json; charset=utf-16',
    ';',
    'application/json;charset',
  ],
  'content-encoding': ['gzip', 'identity', ''],
  'idempotency-key': ['k', '"k"', '""', ' ', 'x'.repeat(400), '\u0001'],
  'if-none-match': ['*', '"a"', 'W/"a", "b"', ',', '"'],
  'x-request-id': ['r', 'a b', 'x'.repeat(500), '\r\nset-cookie: a'],
  traceparent: ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', '00', '-', 'x'.repeat(5_000)],
  tracestate: ['a=1', ','.repeat(600)],
  baggage: ['a=1', 'x'.repeat(9_000)],
  'x-version': ['1', 'one', '', '1e3'],
  'accept-language': ['de', ''],
  'transfer-encoding': ['chunked', 'gzip'],
  'content-length': ['-1', '1e3', '99999999999999999999'],
  origin: ['null', 'https://shop.example'],
}

function value(random: Random, depth: number): unknown {
  const kind = random.next()
  if (depth > 4 || kind < 0.4) return pick(random, texts)
  if (kind < 0.6) return pick(random, [0, -0, 1, -1, 1.5, 1e308, 2 ** 53, null, true, false])
  if (kind < 0.75) return Array.from({ length: Math.floor(random.next() * 4) }, () => value(random, depth + 1))
  return record(random, depth + 1)
}

function record(random: Random, depth: number): Record<string, unknown> {
  const made: Record<string, unknown> = {}
  for (let count = Math.floor(random.next() * 5); count > 0; count--)
    Object.defineProperty(made, pick(random, [...names, ...texts]), {
      value: value(random, depth),
      enumerable: true,
      configurable: true,
    })
  return made
}

/** Something valid with something changed in it. */
function nearlyValid(random: Random): unknown {
  const line = { sku: 's', quantity: 1 }
  const bodies = [{ customerId: 'c', items: [line] }, { note: 'n' }, { words: ['a'] }, { count: 1 }, {}]
  const body: Record<string, unknown> = structuredClone(pick(random, bodies))
  if (chance(random, 0.5))
    body[pick(random, [...Object.keys(body), ...names.filter((name) => name !== '__proto__')])] = value(random, 0)
  return body
}

function rawBody(random: Random): string | Uint8Array {
  const text = JSON.stringify(chance(random, 0.6) ? nearlyValid(random) : value(random, 0))
  const kind = random.next()
  if (kind < 0.7) return text
  if (kind < 0.8) return text.slice(0, Math.floor(random.next() * text.length))
  if (kind < 0.85) return '['.repeat(Math.floor(random.next() * 20_000))
  if (kind < 0.9) return `{"a":`.repeat(Math.floor(random.next() * 2_000))
  if (kind < 0.95) return random.bytes(Math.floor(random.next() * 200))
  return 'x'.repeat(Math.floor(random.next() * 5_000))
}

function request(random: Random): { method: string; path: string; sending: Sending } {
  const pairs = Array.from({ length: chance(random, 0.5) ? Math.floor(random.next() * 5) : 0 }, () => {
    const text = pick(random, texts)
    const shown = chance(random, 0.8) ? encodeURIComponent(text.toWellFormed()) : text
    return chance(random, 0.9) ? `${pick(random, names)}=${shown}` : shown
  })
  const headers: Record<string, string> = {}
  for (const [name, some] of Object.entries(headerValues)) if (chance(random, 0.08)) headers[name] = pick(random, some)
  const segment = chance(random, 0.2) ? `/${encodeURIComponent(pick(random, texts).toWellFormed())}` : ''
  const path = `${pick(random, paths)}${segment}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`
  const withBody = chance(random, 0.6)
  return { method: pick(random, methods), path, sending: withBody ? { headers, raw: rawBody(random) } : { headers } }
}

it(`survives ${runs} generated requests`, async () => {
  const { random } = createVirtualEnvironment({ seed: 20_260_101 })
  const { send, calls, gateway } = await startOrdersGateway(undefined, { limits: { maxBodyBytes: 4_096 } })
  const statuses = new Map<number, number>()
  for (let run = 0; run < runs; run++) {
    const { method, path, sending } = request(random)
    const shown = `#${run} ${method} ${JSON.stringify(path)} ${JSON.stringify(sending).slice(0, 300)}`
    const before = calls.length
    const answer = await send(method, path, sending)
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    expect(answer.status, shown).toBeLessThan(500)
    expect(answer.text, shown).not.toMatch(/\n\s+at |node:internal/)
    for (const header of Object.values(answer.headers)) expect(header, shown).not.toMatch(/[\r\n]/)
    if (answer.status >= 400) {
      expect(calls.length, shown).toBe(before)
      if (method !== 'HEAD')
        expect(answer.json, shown).toMatchObject({ status: answer.status, code: expect.any(String) })
    }
  }
  for (const { operation, input } of calls)
    expect(compileSchema(toJsonSchema(operation.input, 'input'), { extras: 'reject' }).explain(input)).toEqual([])
  expect(gateway.inFlight).toBe(0)
  // The generator reaches what it is for: success, and every kind of refusal.
  expect([...statuses.keys()].sort()).toEqual(expect.arrayContaining([200, 204, 400, 404, 405, 406, 413, 415, 422]))
}, 60_000)
