import { describe, expect, it } from 'vitest'
import { BanyanError, type Code, type ErrorOptions } from '../core/index.ts'
import { createLog } from '../telemetry/index.ts'
import { Orders, startOrdersGateway } from './testing/orders-gateway.ts'

const good = { customerId: 'c', items: [{ sku: 's', quantity: 1 }] }

async function failWith(thrown: unknown) {
  const lines: string[] = []
  const { send } = await startOrdersGateway(
    () => {
      throw thrown
    },
    { log: createLog({ write: (line) => void lines.push(line), now: () => 0 }) },
  )
  return { ...(await send('POST', '/orders', { body: good })), lines }
}
const failed = (code: Code, message = 'a message', options: ErrorOptions = {}) =>
  failWith(new BanyanError(code, message, options))

describe('problems', () => {
  it('answers declared errors with their status, reason and details', async () => {
    const answer = await failWith(new Orders.place.errors.UNKNOWN_SKU({ sku: 'x', internal: 1 }))
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.json).toEqual({
      type: 'urn:banyan:error:UNKNOWN_SKU',
      title: 'There is no such product.',
      status: 422,
      detail: 'There is no such product.',
      instance: answer.headers['x-request-id'],
      code: 'NOT_FOUND',
      reason: 'UNKNOWN_SKU',
      details: { sku: 'x' },
    })
  })

  it('shows no details that nobody declared, or that do not fit', async () => {
    const undeclared = await failed('NOT_FOUND', 'no', { reason: 'GONE', details: { secret: 1 } })
    expect(undeclared.json).toMatchObject({ type: 'about:blank', reason: 'GONE', title: 'Not Found' })
    expect(undeclared.json).not.toHaveProperty('details')
    expect((await failWith(new Orders.place.errors.UNKNOWN_SKU({ sku: 7 }))).json).not.toHaveProperty('details')
  })

  it.each<[Code, number]>([
    ['INVALID_ARGUMENT', 422],
    ['NOT_FOUND', 404],
    ['ALREADY_EXISTS', 409],
    ['PERMISSION_DENIED', 403],
    ['UNAUTHENTICATED', 401],
    ['RESOURCE_EXHAUSTED', 429],
    ['FAILED_PRECONDITION', 409],
    ['ABORTED', 409],
    ['OUT_OF_RANGE', 422],
  ])('answers %s with %d and its message', async (code, status) => {
    const answer = await failed(code)
    expect(answer.json).toMatchObject({ status, code, detail: 'a message' })
    expect([answer.status, answer.lines]).toEqual([status, []])
  })

  it.each<[Code, number]>([
    ['UNAVAILABLE', 503],
    ['DEADLINE_EXCEEDED', 504],
    ['UNIMPLEMENTED', 501],
    ['CANCELLED', 503],
  ])('answers %s with %d and a sentence of its own: the message may name our insides', async (code, status) => {
    const answer = await failed(code, 'http://10.0.0.7:5432 cannot be reached')
    expect(answer.status).toBe(status)
    expect(answer.text).not.toContain('10.0.0.7')
  })

  it.each<[Code]>([['INTERNAL'], ['UNKNOWN'], ['DATA_LOSS']])(
    'answers %s with a bare 500 and logs it',
    async (code) => {
      const answer = await failed(code, 'select * from secrets', {
        reason: 'SECRET_REASON',
        details: 'secret',
        issues: [{ path: '/secret', rule: 'r', message: 'secret' }],
        hint: 'secret',
      })
      expect(answer.status).toBe(500)
      expect(answer.text.toLowerCase()).not.toContain('secret')
      expect(JSON.parse(answer.lines[0] as string)).toMatchObject({
        level: 50,
        operation: 'orders.v1/place',
        requestId: answer.headers['x-request-id'],
        error: { message: 'select * from secrets' },
      })
    },
  )

  it.each([[new Error('secret')], ['secret'], [undefined], [{ toString: 'secret' }]])(
    'answers 500 to whatever else is thrown',
    async (thrown) => {
      const answer = await failWith(thrown)
      expect([answer.status, answer.lines.length]).toEqual([500, 1])
      expect(answer.text).not.toContain('secret')
      expect(answer.text).not.toContain(' at ')
    },
  )

  it('answers 500 when the runtime throws at once, and to an output that is no JSON', async () => {
    const invoke = () => {
      throw new Error('at once')
    }
    const first = await startOrdersGateway(undefined, { invoke })
    expect((await first.send('GET', '/orders/1')).status).toBe(500)
    expect(first.gateway.inFlight).toBe(0)
    const second = await startOrdersGateway(() => 7n)
    expect((await second.send('GET', '/orders/1')).status).toBe(500)
    expect((await second.send('GET', '/livez')).status).toBe(200)
  })

  it('says when to come back: whole seconds, rounded up', async () => {
    const answer = await failed('RESOURCE_EXHAUSTED', 'slow down', { retryAfterMs: 1_001 })
    expect([answer.headers['retry-after'], answer.json.retryAfterMs]).toEqual(['2', 1_001])
    expect((await failed('UNAVAILABLE', 'm', { retryable: true })).headers['retry-after']).toBe('1')
    expect((await failed('UNAVAILABLE')).headers).not.toHaveProperty('retry-after')
    expect((await failed('ABORTED', 'm', { retryAfterMs: 5_000 })).headers).not.toHaveProperty('retry-after')
  })

  it('takes the status of the error when it is one of an error', async () => {
    expect((await failed('FAILED_PRECONDITION', 'm', { httpStatus: 422 })).status).toBe(422)
    expect((await failed('FAILED_PRECONDITION', 'm', { httpStatus: 200 })).status).toBe(409)
    expect((await failed('FAILED_PRECONDITION', 'm', { httpStatus: 1e9 })).status).toBe(409)
  })

  it('says where the issues are that the runtime found', async () => {
    const issues = [{ path: '/orderId', rule: 'zod', message: 'too short' }]
    const { send } = await startOrdersGateway(() => {
      throw new BanyanError('INVALID_ARGUMENT', 'no', { issues })
    })
    const answer = await send('GET', '/orders/1')
    expect(answer.json.errors).toEqual([{ parameter: 'orderId', in: 'path', rule: 'zod', detail: 'too short' }])
  })

  it('lists a bounded number of issues', async () => {
    const { send } = await startOrdersGateway(undefined, { limits: { maxIssues: 3 } })
    const items = Array.from({ length: 50 }, () => ({ sku: 1, quantity: 'x' }))
    expect((await send('POST', '/orders', { body: { ...good, items } })).json.errors).toHaveLength(3)
  })

  it('tells an unknown caller how to make himself known', async () => {
    const authenticate = () => {
      throw new BanyanError('UNAUTHENTICATED', 'who are you?')
    }
    const { send, calls } = await startOrdersGateway(undefined, { authenticate })
    const answer = await send('GET', '/orders/1')
    expect([answer.status, answer.headers['www-authenticate'], calls.length]).toEqual([401, 'Bearer', 0])
    expect((await send('GET', '/nothing')).status).toBe(404)
  })
})
