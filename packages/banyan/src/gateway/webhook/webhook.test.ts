/** Webhooks at the gateway: forgeries, repetitions, bad bodies, services that are away; and what is found at the start. */
import { describe, expect, it } from 'vitest'
import { command, defineContract, t } from '../../contract/index.ts'
import { BanyanError } from '../../core/index.ts'
import type { Webhook } from '../../runtime/webhook.ts'
import { createLog } from '../../telemetry/log.ts'
import { type Behaviour, Orders, type Sending, startOrdersGateway } from '../testing/orders-gateway.ts'
import { defineWebhook } from './define-webhook.ts'
import { bodyHmac, standardWebhooks } from './signatures.ts'
import { signBody, signStandard } from './signing.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const path = '/webhooks/payments'
const Event = t.Object({ type: t.String(), orderId: t.String() })

function define(more: Partial<Parameters<typeof defineWebhook>[1]> = {}): Webhook {
  return defineWebhook('payments', {
    path,
    verify: standardWebhooks({ secret: () => secret }),
    schema: Event,
    to: Orders.cancel,
    input: ({ body }: { readonly body: { readonly type: string; readonly orderId: string } }) =>
      body.type === 'ignored' ? undefined : { orderId: body.orderId },
    ...more,
  } as never)
}

async function start(behaviour?: Behaviour, webhook: Webhook = define()) {
  const lines: string[] = []
  const log = createLog({ write: (line) => lines.push(line), now: () => 0 })
  const rig = await startOrdersGateway(behaviour, { webhooks: [webhook], log })
  const nowMs = () => rig.environment.clock.now()
  const deliver = (
    event: unknown,
    { headers, ...more }: Sending & { readonly id?: string; readonly key?: string } = {},
  ) => {
    const raw = more.raw ?? (typeof event === 'string' ? event : JSON.stringify(event))
    const signed = signStandard({
      secret: more.key ?? secret,
      body: raw,
      nowMs: nowMs(),
      ...(more.id && { id: more.id }),
    })
    return rig.send('POST', path, { raw, headers: { ...signed, ...headers } })
  }
  return { ...rig, lines, nowMs, deliver }
}
const paid = { type: 'paid', orderId: 'o-1', more: { unknown: 'field' } }

describe('a delivery', () => {
  it('calls the command under a key made of its id, and is answered when that has ended', async () => {
    let ended = false
    const { deliver, calls, environment } = await start(async () => {
      await new Promise<void>((resolve) => void environment.timers.after(500, resolve))
      ended = true
      return { echo: 1 }
    })
    const answer = await deliver(paid, { id: 'evt_7' })
    expect([answer.status, answer.text, ended]).toEqual([204, '', true])
    expect(calls).toMatchObject([
      {
        input: { orderId: 'o-1' },
        options: { caller: 'webhook:payments', idempotencyKey: 'payments:evt_7', timeoutMs: 10_000 },
      },
    ])
  })

  it('that is none of our business is answered well and goes nowhere', async () => {
    const { deliver, calls } = await start()
    expect((await deliver({ ...paid, type: 'ignored' })).status).toBe(204)
    expect(calls).toEqual([])
  })

  it('with an id that cannot be a key gets another one, the same each time', async () => {
    const { send, calls, nowMs } = await start(
      undefined,
      define({ id: ({ body }) => (body as { orderId: string }).orderId }),
    )
    for (const orderId of ['ö', 'ö', 'x'.repeat(300)]) {
      const raw = JSON.stringify({ type: 'paid', orderId })
      expect(
        (await send('POST', path, { raw, headers: signStandard({ secret, body: raw, nowMs: nowMs() }) })).status,
      ).toBe(204)
    }
    const keys = calls.map(({ options }) => options.idempotencyKey as string)
    expect(keys[0]).toBe(keys[1])
    expect(new Set(keys).size).toBe(2)
    for (const key of keys) expect(key).toMatch(/^payments:sha256-[\w-]{43}$/)
  })

  it('is asked nothing of the gateway’s own authentication', async () => {
    const rig = await startOrdersGateway(undefined, {
      webhooks: [define()],
      authenticate: () => {
        throw new BanyanError('UNAUTHENTICATED', 'who?')
      },
    })
    const raw = JSON.stringify(paid)
    const headers = signStandard({ secret, body: raw, nowMs: rig.environment.clock.now() })
    expect((await rig.send('POST', path, { raw, headers })).status).toBe(204)
  })
})

describe('a forgery', () => {
  const forgeries: [
    string,
    (deliver: Awaited<ReturnType<typeof start>>) => Promise<{ status: number; text: string }>,
  ][] = [
    ['signed with another secret', ({ deliver }) => deliver(paid, { key: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' })],
    ['without a signature', ({ deliver }) => deliver(paid, { headers: { 'webhook-signature': '' } })],
    ['of another event', ({ deliver }) => deliver(paid, { headers: { 'webhook-id': 'evt_2' } })],
    ['with no headers at all', ({ send }) => send('POST', path, { body: paid })],
    ['that is no JSON', ({ send }) => send('POST', path, { raw: '{' })],
    ['with broken UTF-8', ({ send }) => send('POST', path, { raw: Uint8Array.of(0xff, 0xfe) })],
    [
      'that is a replay of yesterday',
      ({ send, nowMs }) => {
        const raw = JSON.stringify(paid)
        return send('POST', path, { raw, headers: signStandard({ secret, body: raw, nowMs: nowMs() - 86_400_000 }) })
      },
    ],
  ]
  it.each(forgeries)('%s is refused like every other, and reaches nobody', async (_, forge) => {
    const rig = await start()
    const { status, text } = await forge(rig)
    const { instance: __, ...said } = JSON.parse(text)
    expect({ status, ...said }).toEqual({
      status: 403,
      type: 'about:blank',
      title: 'Forbidden',
      detail: 'the delivery is refused',
      code: 'PERMISSION_DENIED',
      reason: 'WEBHOOK_REFUSED',
    })
    expect(rig.calls).toEqual([])
  })

  it('is not logged more than once a minute, and never with a secret', async () => {
    const { deliver, environment, lines } = await start()
    const key = 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
    for (let turn = 0; turn < 20; turn++) await deliver(paid, { key })
    expect(lines.filter((line) => line.includes('bad signature'))).toHaveLength(1)
    await environment.advance(60_000)
    await deliver(paid, { key })
    expect(lines.filter((line) => line.includes('"count":21'))).toHaveLength(1)
    expect(lines.join()).not.toContain('MfKQ9r8G')
  })

  it('whose verifier of one’s own cannot read it is one', async () => {
    const verify = () => {
      throw new TypeError('no header')
    }
    const { deliver } = await start(undefined, define({ verify, id: () => '1' }))
    expect((await deliver(paid)).status).toBe(403)
  })

  it('has a signature header twice', async () => {
    const { deliver } = await start(undefined, define())
    const good = await deliver(paid)
    expect(good.status).toBe(204)
    const { gateway, environment } = await start()
    const raw = JSON.stringify(paid)
    const headers = {
      'content-type': 'application/json',
      ...signStandard({ secret, body: raw, nowMs: environment.clock.now() }),
    }
    const { promise, resolve } = Promise.withResolvers<number>()
    gateway.handler(
      {
        method: 'POST',
        target: path,
        headers,
        duplicates: ['webhook-signature'],
        remoteAddress: '127.0.0.1',
        connection: {},
        body: async () => new TextEncoder().encode(raw),
        onAbort: () => undefined,
      },
      ({ status }) => resolve(status),
    )
    expect(await environment.run(promise)).toBe(403)
  })
})

describe('a delivery that cannot be read', () => {
  it.each<[string, number, unknown, Sending]>([
    ['no JSON', 400, '{', {}],
    ['broken UTF-8', 400, '', { raw: Uint8Array.of(0x22, 0xff, 0x22) }],
    ['nested too deep', 400, '['.repeat(40) + ']'.repeat(40), {}],
    ['not what was agreed', 400, { type: 1 }, {}],
    ['of another type', 415, paid, { headers: { 'content-type': 'text/plain' } }],
    ['packed', 415, paid, { headers: { 'content-encoding': 'gzip' } }],
    ['too large', 413, { ...paid, more: 'x'.repeat(1_048_576) }, {}],
  ])('is refused: %s', async (_, status, event, sending) => {
    const { deliver, calls } = await start()
    expect((await deliver(event, sending)).status).toBe(status)
    expect(calls).toEqual([])
  })

  it('is too large for this webhook', async () => {
    const { deliver } = await start(undefined, define({ maxBodyBytes: 20 }))
    expect((await deliver(paid)).status).toBe(413)
  })

  it('has no id', async () => {
    const { deliver } = await start(undefined, define({ id: () => undefined }))
    const { status, json } = await deliver(paid)
    expect([status, json.reason]).toEqual([400, 'WEBHOOK_ID_MISSING'])
  })

  it('comes by another method', async () => {
    const { send } = await start()
    const { status, headers } = await send('GET', path)
    expect([status, headers['allow']]).toEqual([405, 'OPTIONS, POST'])
  })
})

describe('when the command does not take it in', () => {
  const fails = (error: BanyanError) => () => {
    throw error
  }
  it.each<[string, BanyanError, number, string | undefined]>([
    ['the service is away', new BanyanError('UNAVAILABLE', 'gone', { reason: 'UNREACHABLE' }), 503, '5'],
    ['its answer is lost', new BanyanError('DEADLINE_EXCEEDED', 'late'), 503, '5'],
    [
      'another delivery of it is under way',
      new BanyanError('ABORTED', 'in use', { retryable: true, retryAfterMs: 900 }),
      503,
      '1',
    ],
    ['the service is broken', new BanyanError('INTERNAL', 'secret insides'), 503, '5'],
    ['it says no', new BanyanError('NOT_FOUND', 'secret insides', { reason: 'NO_ORDER' }), 422, undefined],
  ])('%s: the sender is told whether to come again, and not why', async (_, error, status, retryAfter) => {
    const { deliver, lines } = await start(fails(error))
    const answer = await deliver(paid)
    expect([answer.status, answer.headers['retry-after']]).toEqual([status, retryAfter])
    expect(answer.text).not.toContain('insides')
    expect(lines.join()).toContain('payments:evt_1')
  })

  it('an event that came before with other content has been taken in', async () => {
    const reused = new BanyanError('INVALID_ARGUMENT', 'reused', { reason: 'IDEMPOTENCY_KEY_REUSED' })
    const { deliver } = await start(fails(reused))
    expect((await deliver(paid)).status).toBe(204)
  })
})

describe('what is found at the start', () => {
  it.each<[string, Partial<Parameters<typeof defineWebhook>[1]>, string]>([
    ['a path with a parameter', { path: '/hooks/:id' }, 'must have literal segments'],
    ['the root', { path: '/' }, 'must have literal segments'],
    ['no path', { path: undefined as never }, `'path' is missing`],
    ['no verifier', { verify: undefined as never }, `'verify' is missing`],
    ['no id', { verify: bodyHmac({ header: 'x', secret: 'x'.repeat(16) }) }, `'id' is missing`],
    ['a query', { to: Orders.get }, `'to' is no command`],
    ['a bound beyond bounds', { maxBodyBytes: 1e9 }, `'maxBodyBytes' is 1000000000`],
    ['no time', { timeoutMs: 0 }, `'timeoutMs' is 0`],
  ])('by its definition: %s', (_, more, message) => {
    expect(() => define(more)).toThrow(message)
  })

  const noSecret = () => process.env['NO_SUCH_WEBHOOK_SECRET']
  const Other = defineContract('other', {
    version: '1.0.0',
    owner: 'tests',
    operations: { take: command({ input: t.Object({}), output: t.Object({}) }) },
  })
  it.each<[string, readonly Webhook[], string]>([
    [
      'a missing secret, by the name of its variable',
      [define({ verify: standardWebhooks({ secret: noSecret }) })],
      `webhook 'payments': the setting 'secret' is missing (environment variable NO_SUCH_WEBHOOK_SECRET)`,
    ],
    [
      'a secret that is none',
      [define({ verify: standardWebhooks({ secret: 'whsec_c2hvcnQ=' }) })],
      'is no base64 of at least 16',
    ],
    ['a webhook twice', [define(), define({ path: '/other' })], `webhook 'payments' is listed twice`],
    ['a path of another', [define({ path: '/orders' })], `has the same route as`],
    [
      'a command of nobody here',
      [define({ to: Other.take as never })],
      `'other.take' belongs to no contract of this gateway`,
    ],
  ])('by the gateway: %s', async (_, webhooks, message) => {
    await expect(startOrdersGateway(undefined, { webhooks })).rejects.toThrow(message)
  })

  it('not by a previous secret that is not there', async () => {
    const { deliver } = await start(undefined, define({ verify: standardWebhooks({ secret, previous: noSecret }) }))
    expect((await deliver(paid)).status).toBe(204)
  })

  it('a secret that has gone since is asked for again: 503 until it is back', async () => {
    let current: string | undefined = secret
    const { deliver } = await start(undefined, define({ verify: standardWebhooks({ secret: () => current }) }))
    current = undefined
    expect((await deliver(paid)).status).toBe(503)
    current = secret
    expect((await deliver(paid)).status).toBe(204)
  })
})

it('a plain signature of the body works too, with the id of the body', async () => {
  const verify = bodyHmac({ header: 'x-hub-signature-256', prefix: 'sha256=', secret: 'x'.repeat(20) })
  const webhook = define({ verify, id: ({ body }) => (body as { orderId: string }).orderId })
  const { send, calls, nowMs } = await start(undefined, webhook)
  const raw = JSON.stringify(paid)
  const headers = signBody({ secret: 'x'.repeat(20), body: raw, nowMs: nowMs() })
  expect((await send('POST', path, { raw, headers })).status).toBe(204)
  expect(calls[0]?.options.idempotencyKey).toBe('payments:o-1')
})
