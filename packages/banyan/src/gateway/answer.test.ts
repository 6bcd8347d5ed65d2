import { describe, expect, it } from 'vitest'
import { createVirtualEnvironment } from '../core/index.ts'
import { formatTraceparent } from '../telemetry/trace-context.ts'
import { createEntityTag } from './entity-tag.ts'
import { createGateway } from './index.ts'
import { Orders, startOrdersGateway } from './testing/orders-gateway.ts'

const good = { customerId: 'c', items: [{ sku: 's', quantity: 1 }] }
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00'

describe('answers', () => {
  it('have the status and the location of the contract, percent-encoded', async () => {
    const { send } = await startOrdersGateway(() => ({ orderId: 'a/b c' }))
    const answer = await send('POST', '/orders', { body: good })
    expect([answer.status, answer.headers['location']]).toEqual([202, '/orders/a%2Fb%20c'])
  })

  it('have no body with 204', async () => {
    const { send } = await startOrdersGateway()
    const answer = await send('DELETE', '/orders/1')
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([204, '', undefined])
  })

  it('are JSON that nobody sniffs, and commands are not stored', async () => {
    const { send } = await startOrdersGateway()
    const [query, command] = [await send('GET', '/orders/1'), await send('POST', '/orders', { body: good })]
    expect(query.headers).toMatchObject({ 'content-type': 'application/json', 'x-content-type-options': 'nosniff' })
    expect([query.headers['cache-control'], command.headers['cache-control']]).toEqual(['no-cache', 'no-store'])
  })

  it('of deprecated operations say so', async () => {
    const { send } = await startOrdersGateway()
    expect((await send('POST', '/orders/1/cancel')).headers['deprecation']).toBe('@0')
    expect((await send('GET', '/orders/1')).headers).not.toHaveProperty('deprecation')
  })
})

describe('entity tags', () => {
  it('name the answer of a query, and only of a query', async () => {
    const { send } = await startOrdersGateway()
    const [one, again, other] = [
      await send('GET', '/orders/1'),
      await send('GET', '/orders/1'),
      await send('GET', '/orders/2'),
    ]
    expect(one.headers['etag']).toMatch(/^"[\w-]+"$/)
    expect(again.headers['etag']).toBe(one.headers['etag'])
    expect(other.headers['etag']).not.toBe(one.headers['etag'])
    expect((await send('POST', '/orders', { body: good })).headers).not.toHaveProperty('etag')
  })

  it('are compared weakly, in lists and with *', async () => {
    const { send } = await startOrdersGateway()
    const tag = (await send('GET', '/orders/1')).headers['etag'] as string
    for (const known of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      const answer = await send('GET', '/orders/1', { headers: { 'if-none-match': known } })
      expect([answer.status, answer.text, answer.headers['etag']]).toEqual([304, '', tag])
    }
    for (const known of ['"x"', tag.slice(1, -1), ''])
      expect((await send('GET', '/orders/1', { headers: { 'if-none-match': known } })).status).toBe(200)
  })

  it('differ for every change of a short or a long text', () => {
    for (const length of [1, 7, 511, 512, 513, 5_000]) {
      const text = 'a'.repeat(length)
      const tags = new Set(
        [text, `${text}a`, `b${text.slice(1)}`, `${text.slice(1)}b`, text.toUpperCase()].map(createEntityTag),
      )
      expect(tags.size).toBe(length === 1 ? 4 : 5)
    }
  })

  it('do not collide among a hundred thousand similar answers', () => {
    const tags = new Set(
      Array.from({ length: 100_000 }, (_, n) => createEntityTag(`{"sku":"A-${n}","onHand":${n % 7}}`)),
    )
    expect(tags.size).toBe(100_000)
  })
})

describe('correlation', () => {
  it('echoes a well-formed request id and makes one otherwise', async () => {
    const { send, calls } = await startOrdersGateway()
    expect((await send('GET', '/orders/1', { headers: { 'x-request-id': 'r-1/%' } })).headers['x-request-id']).toBe(
      'r-1/%',
    )
    expect(calls[0]?.options.requestId).toBe('r-1/%')
    for (const bad of ['', 'a b', 'x'.repeat(129), 'ä', 'a\u0001'])
      expect((await send('GET', '/orders/1', { headers: { 'x-request-id': bad } })).headers['x-request-id']).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      )
  })

  it('goes on with a well-formed trace', async () => {
    const { send, calls } = await startOrdersGateway()
    const headers = { traceparent, tracestate: 'a=1,b=2', baggage: 'k=v' }
    expect((await send('GET', '/orders/1', { headers })).headers['traceparent']).toBe(traceparent)
    const { options } = calls[0]!
    expect(formatTraceparent(options.trace)).toBe(traceparent)
    expect([options.tracestate, options.baggage]).toEqual(['a=1,b=2', 'k=v'])
  })

  it.each([
    '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-00',
    `${traceparent}-x`,
    'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00',
    '00-00000000000000000000000000000000-00f067aa0ba902b7-00',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-00',
    `${traceparent}, ${traceparent}`,
    '',
  ])('starts a new trace for %j, without its state', async (bad) => {
    const { send, calls } = await startOrdersGateway()
    await send('GET', '/orders/1', { headers: { traceparent: bad, tracestate: 'a=1' } })
    const { options } = calls[0]!
    expect(formatTraceparent(options.trace)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/)
    expect(options.tracestate).toBeUndefined()
  })

  it('samples a share of the new traces, and keeps what the client decided', async () => {
    for (const [sampleRatio, flag] of [
      [0, '00'],
      [1, '01'],
    ] as const) {
      const { send } = await startOrdersGateway(undefined, { sampleRatio })
      expect((await send('GET', '/orders/1')).headers['traceparent']).toMatch(new RegExp(`-${flag}$`))
      expect((await send('GET', '/orders/1', { headers: { traceparent } })).headers['traceparent']).toBe(traceparent)
    }
  })

  it('drops state and baggage that are out of bounds', async () => {
    const { send, calls } = await startOrdersGateway()
    await send('GET', '/orders/1', {
      headers: { traceparent, tracestate: 'x'.repeat(513), baggage: 'x'.repeat(8_193) },
    })
    await send('GET', '/orders/1', {
      headers: { traceparent, tracestate: 'a=1,'.repeat(33), baggage: 'a=1,'.repeat(65) },
    })
    for (const { options } of calls) expect([options.tracestate, options.baggage]).toEqual([undefined, undefined])
  })

  it('passes nothing on that comes in internal headers', async () => {
    const { send, calls } = await startOrdersGateway()
    await send('GET', '/orders/1', { headers: { 'banyan-caller': 'admin', 'banyan-deadline': '1' } })
    expect(calls[0]?.options).toMatchObject({ caller: 'anonymous', timeoutMs: 3_000 })
  })
})

describe('idempotency keys', () => {
  it.each([
    ['k-1', 'k-1'],
    ['"k-1"', 'k-1'],
    ['"a \\"b\\" \\\\"', 'a "b" \\'],
    ['x'.repeat(255), 'x'.repeat(255)],
  ])('takes %s', async (header, key) => {
    const { send, calls } = await startOrdersGateway()
    await send('POST', '/orders', { headers: { 'idempotency-key': header }, body: good })
    expect(calls[0]?.options.idempotencyKey).toBe(key)
  })

  it.each(['', '""', 'a b', '"a', 'ä', 'x'.repeat(256), `"${'x'.repeat(256)}"`, '"a";p=1', 'a, b'])(
    'answers 400 to %j',
    async (header) => {
      const { send, calls } = await startOrdersGateway()
      expect((await send('POST', '/orders', { headers: { 'idempotency-key': header }, body: good })).status).toBe(400)
      expect(calls).toEqual([])
    },
  )

  it('means nothing on queries', async () => {
    const { send, calls } = await startOrdersGateway()
    await send('GET', '/orders/1', { headers: { 'idempotency-key': 'a b' } })
    expect(calls[0]?.options.idempotencyKey).toBeUndefined()
  })
})

describe('CORS', () => {
  const origin = 'https://shop.example'
  const cors = { origins: [origin] }
  const preflight = { origin, 'access-control-request-method': 'POST' }

  it('is off by default', async () => {
    const { send } = await startOrdersGateway()
    for (const [method, path] of [
      ['OPTIONS', '/orders'],
      ['GET', '/orders/1'],
    ] as const)
      expect(Object.keys((await send(method, path, { headers: preflight })).headers).join()).not.toContain(
        'access-control',
      )
  })

  it('answers listed origins, errors included, and others like no origin at all', async () => {
    const { send } = await startOrdersGateway(undefined, { cors })
    for (const path of ['/orders/1', '/nothing']) {
      const listed = await send('GET', path, { headers: { origin } })
      expect([listed.headers['access-control-allow-origin'], listed.headers['vary']]).toEqual([origin, 'origin'])
      for (const other of ['https://shop.example.evil', 'http://shop.example', 'null', 'HTTPS://SHOP.EXAMPLE']) {
        const answer = await send('GET', path, { headers: { origin: other } })
        expect([answer.headers['access-control-allow-origin'], answer.headers['vary']]).toEqual([undefined, 'origin'])
      }
    }
  })

  it('answers preflights of listed origins only', async () => {
    const { send } = await startOrdersGateway(undefined, { cors })
    expect((await send('OPTIONS', '/orders', { headers: preflight })).headers).toMatchObject({
      'access-control-allow-methods': 'OPTIONS, POST',
      'access-control-max-age': '600',
    })
    const other = await send('OPTIONS', '/orders', { headers: { ...preflight, origin: 'https://other.example' } })
    expect(other.headers).not.toHaveProperty('access-control-allow-methods')
  })

  it.each([
    [{ origins: ['shop.example'] }],
    [{ origins: ['https://shop.example/'] }],
    [{ origins: ['*'], credentials: true }],
    [{ origins: ['*', origin] }],
  ])('refuses %j at creation', (bad) => {
    const environment = createVirtualEnvironment()
    expect(() =>
      createGateway({ environment, contracts: [Orders], info: { name: 'x' }, invoke: async () => 1, cors: bad }),
    ).toThrow('gateway: cors.origins')
  })
})
