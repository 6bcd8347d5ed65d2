/** `banyan-position`: out of commands, into what is asked afterwards, and nothing else gets through. */
import { describe, expect, it } from 'vitest'
import { BanyanError } from '../core/index.ts'
import { formatPosition, type Position, tagOfType } from '../projection/index.ts'
import { startOrdersGateway } from './testing/orders-gateway.ts'

const good = { customerId: 'c', items: [{ sku: 's', quantity: 1 }] }
const positionOf = (id: string): Position => [{ source: 'orders', tag: tagOfType('orders.placed.v1'), id }]

describe('the position of an answer', () => {
  it('names what the command has published, and is not there when that is nothing', async () => {
    const gateway = await startOrdersGateway(({ options }) => {
      options.note(positionOf(gateway.environment.random.uuidv7()))
      return { orderId: 'o-1' }
    })
    const { headers } = await gateway.send('POST', '/orders', { body: good })
    expect(headers['banyan-position']).toMatch(/^orders~[\w-]{27}$/)
    const quiet = await startOrdersGateway()
    expect((await quiet.send('POST', '/orders', { body: good })).headers).not.toHaveProperty('banyan-position')
  })

  it('is readable by browsers of allowed origins, and may be sent by them', async () => {
    const origin = 'https://shop.example'
    const { send } = await startOrdersGateway(undefined, { cors: { origins: [origin] } })
    const answer = await send('GET', '/orders/1', { headers: { origin } })
    expect(answer.headers['access-control-expose-headers']).toContain('banyan-position')
    const preflight = await send('OPTIONS', '/orders/1', {
      headers: { origin, 'access-control-request-method': 'GET' },
    })
    expect(preflight.headers['access-control-allow-headers']).toContain('banyan-position')
  })
})

describe('the position of a request', () => {
  it('reaches the runtime, read', async () => {
    const { send, calls, environment } = await startOrdersGateway()
    const position = positionOf(environment.random.uuidv7())
    const headers = { 'banyan-position': formatPosition(position) }
    expect((await send('GET', '/orders/1', { headers })).status).toBe(200)
    expect(calls[0]?.options.position).toEqual(position)
    expect((await send('GET', '/orders/1')).status).toBe(200)
    expect(calls[1]?.options.position).toBeUndefined()
  })

  it('is refused when no service of ours has made it, and nothing is called', async () => {
    const { send, calls } = await startOrdersGateway()
    for (const text of ['nonsense', 'orders~AAAA', 'x'.repeat(9_000), 'orders:1', '%00', '{}']) {
      const answer = await send('GET', '/orders/1', { headers: { 'banyan-position': text } })
      expect([answer.status, answer.json?.reason ?? answer.json?.code]).toEqual([400, 'BAD_POSITION'])
    }
    expect(calls).toEqual([])
  })

  it('that is not reached in time is a 503 that says when to ask again', async () => {
    const { send } = await startOrdersGateway(() => {
      throw new BanyanError('UNAVAILABLE', 'not yet', {
        reason: 'POSITION_NOT_REACHED',
        retryable: true,
        retryAfterMs: 1_000,
      })
    })
    const answer = await send('GET', '/orders/1')
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1'])
  })
})
