import { describe, expect, it } from 'vitest'
import { malformedRequests } from './generate.ts'
import type { MalformedRequest } from './request.ts'
import { faultOf } from './verdict.ts'

const target = { sku: 'SKU-1', orderId: 'order-1', customerId: 'customer-1' }
const all = (seed: number): MalformedRequest[] => Object.values(malformedRequests(target, seed)).flat()

describe('malformed requests', () => {
  it('are at least 300, each with a name of its own', () => {
    const names = all(1).map(({ name }) => name)
    expect(names.length).toBeGreaterThanOrEqual(300)
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
  })

  it('are the same for the same seed, and others for another', () => {
    const bytes = (seed: number): string[] => all(seed).map((request) => request.bytes.toString('base64'))
    expect(bytes(7)).toEqual(bytes(7))
    expect(bytes(7)).not.toEqual(bytes(8))
  })

  it('reach every route of the shop', () => {
    const lines = all(1).map(({ bytes }) => bytes.toString('latin1').split('\r\n')[0] ?? '')
    const routes = [
      /^GET \/products\?/,
      /^GET \/products\/./,
      /^POST \/orders HTTP/,
      /^GET \/orders\/./,
      /^POST \/orders\/.+\/cancel/,
      /^GET \/customers\/.+\/orders/,
      /^GET \/inventory\/./,
      /^PUT \/inventory\/./,
      /^GET \/payments\/./,
      /^GET \/shipments\/./,
    ]
    for (const route of routes) expect(lines.filter((line) => route.test(line)).length).toBeGreaterThanOrEqual(10)
  })

  it('hold no good order: what parses as JSON differs from one in at least one place', () => {
    const good = (body: unknown): boolean => {
      const { customerId, items, payment, ...rest } = body as Record<string, unknown>
      const [line, ...more] = (Array.isArray(items) ? items : []) as Record<string, unknown>[]
      if (Object.keys(rest).length + more.length > 0 || typeof customerId !== 'string' || customerId === '')
        return false
      const { token } = (payment ?? {}) as Record<string, unknown>
      return (
        line?.['sku'] === target.sku && line['quantity'] === 1 && Object.keys(line).length === 2 && token === 'tok_ok'
      )
    }
    const bodies = (malformedRequests(target, 1)['bodies of orders'] ?? []).map(({ bytes, name }) => {
      return { name, text: bytes.toString('utf8').split('\r\n\r\n')[1] ?? '' }
    })
    const accepted = bodies.filter(({ text, name }) => {
      if (/surrogate|NUL|very long/.test(name)) return false
      try {
        return good(JSON.parse(text))
      } catch {
        return false
      }
    })
    expect(accepted).toEqual([])
  })
})

describe('a verdict', () => {
  const request = (expected: MalformedRequest['expected']): MalformedRequest => ({
    name: '',
    bytes: Buffer.alloc(0),
    expected,
  })
  const answer = (status: number | undefined, body = '', type = 'application/problem+json') => ({
    outcome: status === undefined ? ('closed' as const) : ('answered' as const),
    status,
    headers: new Map([['content-type', type]]),
    body,
  })

  it('is bad for silence, 500, acceptance, the inside shown, and a refusal that is no problem document', () => {
    expect(faultOf(request('harmless'), { ...answer(undefined), outcome: 'hung' })).toMatch(/no whole answer/)
    expect(faultOf(request('refused'), answer(undefined))).toMatch(/unanswered/)
    expect(faultOf(request('harmless'), answer(500))).toMatch(/500/)
    expect(faultOf(request('refused'), answer(503))).toMatch(/503/)
    expect(faultOf(request('refused or closed'), answer(202))).toMatch(/accepted with 202/)
    expect(faultOf(request('refused'), answer(400, 'at parse (server.ts:12:7)'))).toMatch(/the inside/)
    expect(faultOf(request('refused'), answer(400, 'relation "orders" does not exist'))).toMatch(/the inside/)
    expect(faultOf(request('refused'), answer(400, '<html>', 'text/html'))).toMatch(/text\/html/)
  })

  it('is good for what was expected', () => {
    expect(faultOf(request('refused'), answer(422, '{"status":422}'))).toBeUndefined()
    expect(faultOf(request('refused'), answer(431))).toBeUndefined()
    expect(faultOf(request('refused or closed'), answer(undefined))).toBeUndefined()
    expect(faultOf(request('refused or closed'), answer(505))).toBeUndefined()
    expect(faultOf(request('harmless'), answer(200, '{"items":[]}', 'application/json'))).toBeUndefined()
  })
})
