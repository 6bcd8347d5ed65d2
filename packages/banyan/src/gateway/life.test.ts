import { describe, expect, it } from 'vitest'
import { Cancellation } from '../core/cancellation.ts'
import { sleep } from '../core/index.ts'
import type { Readiness } from './index.ts'
import { startOrdersGateway } from './testing/orders-gateway.ts'

const slow = (environment: () => Parameters<typeof sleep>[0]) => async () => {
  await sleep(environment(), 1_000)
  return { echo: 1 }
}

async function startSlow(options = {}) {
  let timers: Parameters<typeof sleep>[0] | undefined
  const started = await startOrdersGateway(
    slow(() => timers!),
    options,
  )
  timers = started.environment.timers
  return started
}

describe('in flight', () => {
  it('bears so many calls and answers 503 to the rest; probes still answer', async () => {
    const { client, environment, gateway } = await startSlow({ limits: { maxInFlight: 2 } })
    const get = (path: string) => client.send({ method: 'GET', path, headers: {} })
    const all = Promise.all([get('/orders/1'), get('/orders/2'), get('/orders/3'), get('/livez')])
    const answers = await environment.run(all)
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 503, 200])
    expect(answers[2].headers['retry-after']).toBe('1')
    expect(JSON.parse(answers[2].text())).toMatchObject({ reason: 'OVERLOADED', code: 'UNAVAILABLE' })
    expect(gateway.inFlight).toBe(0)
    expect((await environment.run(get('/orders/4'))).status).toBe(200)
  })

  it('passes the shorter of the two deadlines on', async () => {
    const { send, calls } = await startOrdersGateway(undefined, { limits: { timeoutMs: 5_000 } })
    await send('GET', '/orders/1')
    await send('GET', '/orders/latest')
    expect(calls.map(({ options }) => options.timeoutMs)).toEqual([3_000, 5_000])
  })

  it('aborts a call whose client has gone, and no other', async () => {
    const { client, environment, calls } = await startSlow()
    const gone = new Cancellation()
    const first = client.send({ method: 'GET', path: '/orders/1', headers: {}, cancellation: gone })
    const second = client.send({ method: 'GET', path: '/orders/2', headers: {} })
    await environment.advance(100)
    const signals = calls.map(({ options }) => options.signal)
    gone.cancel(new Error('gone'))
    await expect(environment.run(first)).rejects.toMatchObject({ code: 'CANCELLED' })
    expect((await environment.run(second)).status).toBe(200)
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
    expect(signals[0]?.reason).toMatchObject({ code: 'CANCELLED' })
  })
})

describe('drain', () => {
  it('finishes what is under way, refuses what is new, and tells clients to leave', async () => {
    const { client, environment, gateway, send } = await startSlow()
    const under = client.send({ method: 'GET', path: '/orders/1', headers: {} })
    await environment.advance(100)
    const drained = gateway.drain(5_000)
    const refused = await send('GET', '/orders/2')
    expect([refused.status, refused.json.reason, refused.headers['connection']]).toEqual([503, 'DRAINING', 'close'])
    expect((await send('GET', '/readyz')).json).toEqual({ status: 'not ready', reasons: ['the gateway is stopping'] })
    expect((await send('GET', '/livez')).status).toBe(200)
    expect((await environment.run(under)).headers).toMatchObject({ connection: 'close' })
    await environment.run(drained)
    expect(environment.clock.monotonic()).toBeLessThan(2_000)
  })

  it('is over at its deadline, and what is left is told to stop', async () => {
    const { client, environment, gateway, calls } = await startSlow()
    const under = client.send({ method: 'GET', path: '/orders/1', headers: {} })
    await environment.advance(100)
    const { signal } = calls[0]!.options
    await environment.run(gateway.drain(200))
    expect([environment.clock.monotonic(), signal.aborted]).toEqual([300, true])
    expect(signal.reason).toMatchObject({ code: 'UNAVAILABLE', reason: 'DRAINING' })
    expect((await environment.run(under)).status).toBe(200)
  })

  it('is over at once when nothing is under way', async () => {
    const { environment, gateway } = await startOrdersGateway()
    await environment.run(gateway.drain(5_000))
    expect(environment.clock.monotonic()).toBe(0)
  })
})

describe('probes', () => {
  it('say why not, and started stays started', async () => {
    let state: Readiness = { ready: false, reasons: ['orders: migrating'] }
    const { send } = await startOrdersGateway(undefined, { ready: () => state })
    const statuses = async () =>
      Promise.all(['/livez', '/readyz', '/startupz'].map(async (path) => (await send('GET', path)).status))
    expect(await statuses()).toEqual([200, 503, 503])
    expect((await send('GET', '/startupz')).json).toEqual({ status: 'starting', reasons: ['orders: migrating'] })
    state = { ready: true, reasons: [] }
    expect(await statuses()).toEqual([200, 200, 200])
    state = { ready: false, reasons: ['orders: database'] }
    expect(await statuses()).toEqual([200, 503, 200])
  })

  it('take only GET and HEAD, and survive a readiness that throws', async () => {
    const { send } = await startOrdersGateway(undefined, {
      ready: () => {
        throw new Error('secret')
      },
    })
    expect((await send('POST', '/livez')).status).toBe(405)
    const answer = await send('GET', '/readyz')
    expect([answer.status, answer.text.includes('secret')]).toEqual([503, false])
  })
})
