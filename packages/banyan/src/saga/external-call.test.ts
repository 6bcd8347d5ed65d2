/** Work at external systems: what each kind of end means, who is asked again, and what never leaves. */
import { describe, expect, it } from 'vitest'
import { BanyanError } from '../core/error.ts'
import type { ExternalResponse } from './external.ts'
import { type ExternalCall, externalCall } from './external-call.ts'
import { type Charge, createProviderRig, type Fault, json, type ProviderRig } from './external-rig.ts'

const declined = (): BanyanError =>
  new BanyanError('FAILED_PRECONDITION', 'the card was declined', { reason: 'CARD_DECLINED' })

/** Authorizes, as payments does. */
function authorize(rig: ProviderRig, token = 'tok_ok', more: Partial<ExternalCall<string>> = {}): Promise<string> {
  const call: ExternalCall<string> = {
    origin: rig.origin,
    headers: () => ({ authorization: 'Bearer sk_secret' }),
    timeoutMs: 3_000,
    request: { url: '/charges?trace=q_secret', json: { orderId: 'o-1', amount: 500, token } },
    key: 'authorize-o-1',
    readAlso: [402],
    read: (answer) => {
      if (answer.status === 402) throw declined()
      return answer.json<Charge>().chargeId
    },
    ...more,
  }
  return rig.environment.run(externalCall(rig.environment, call))
}
const probe: NonNullable<ExternalCall<string>['probe']> = {
  request: { method: 'GET', url: '/charges?orderId=o-1' },
  read: (answer) => {
    const [charge] = answer.json<readonly Charge[]>()
    return charge === undefined ? { happened: 'no' } : { happened: 'yes', result: charge.chargeId }
  },
}
const always = (fault: ReturnType<Fault>): Fault[] => Array.from({ length: 50 }, () => () => fault)
const post = 'POST /charges'
const get = 'GET /charges'

describe('a request to an external system', () => {
  it('carries the key, and gives what was read', async () => {
    const rig = await createProviderRig()
    expect(await authorize(rig)).toBe('ch1')
    expect(rig.heard).toMatchObject([
      { route: post, key: 'authorize-o-1', headers: { authorization: 'Bearer sk_secret' } },
    ])
  })

  it.each([
    ['in another header', { keyHeader: 'X-Request-Key' }, { 'x-request-key': 'authorize-o-1' }],
    ['in quotes', { quoteKey: true }, { 'idempotency-key': '"authorize-o-1"' }],
  ])('carries the key %s when told so', async (_, more, headers) => {
    const rig = await createProviderRig()
    await authorize(rig, 'tok_ok', { ...more, readAlso: [400], read: () => 'read' })
    expect(rig.heard[0]?.headers).toMatchObject(headers)
  })

  it('fails for good with what read throws', async () => {
    const rig = await createProviderRig()
    await expect(authorize(rig, 'tok_declined')).rejects.toMatchObject({ reason: 'CARD_DECLINED', outcome: 'refused' })
    expect(rig.routes()).toEqual([post])
  })

  it.each([400, 401, 403, 404, 405, 409, 410, 413, 422, 451])('is refused by %i, and not repeated', async (status) => {
    const rig = await createProviderRig()
    rig.faults.push(() => json(status, {}))
    await expect(authorize(rig, 'tok_ok', { probe })).rejects.toMatchObject({
      reason: 'EXTERNAL_REFUSED',
      outcome: 'refused',
      details: { status },
    })
    expect(rig.routes()).toEqual([post])
  })

  it.each([301, 307, 308])('goes nowhere else when answered %i', async (status) => {
    const rig = await createProviderRig()
    rig.faults.push(() => ({ status, headers: { location: `${rig.origin}/charges` } }))
    await expect(authorize(rig)).rejects.toMatchObject({ reason: 'EXTERNAL_REFUSED', details: { status } })
    expect(rig.routes()).toEqual([post])
  })

  it.each([408, 425, 429, 503])('comes again after %i when it is said to, and no earlier', async (status) => {
    const rig = await createProviderRig()
    rig.faults.push(() => json(status, {}, { 'retry-after': '7' }))
    const startMs = rig.environment.clock.now()
    expect(await authorize(rig, 'tok_ok', { probe })).toBe('ch1')
    expect(rig.environment.clock.now() - startMs).toBeGreaterThanOrEqual(7_000)
    // Certainly not carried out: nobody is asked.
    expect(rig.routes()).toEqual([post, post])
  })

  it('obeys a Retry-After that is a date, and none for longer than an hour', async () => {
    const rig = await createProviderRig()
    const at = (ms: number): string => new Date(rig.environment.clock.now() + ms).toUTCString()
    rig.faults.push(() => json(429, {}, { 'retry-after': at(9_000) }))
    rig.faults.push(() => json(429, {}, { 'retry-after': '99999999' }))
    const startMs = rig.environment.clock.now()
    expect(await authorize(rig)).toBe('ch1')
    const tookMs = rig.environment.clock.now() - startMs
    expect(tookMs).toBeGreaterThanOrEqual(3_608_000)
    expect(tookMs).toBeLessThan(3_610_000)
  })

  it('was certainly not carried out when nobody listens: tried three times, then given up', async () => {
    const rig = await createProviderRig()
    const call = authorize(rig, 'tok_ok', { origin: 'http://127.0.0.1:1', probe })
    await expect(call).rejects.toMatchObject({ reason: 'EXTERNAL_UNREACHABLE', outcome: 'none', retryable: true })
    expect(rig.heard).toEqual([])
  })
})

describe('an unknown outcome', () => {
  it.each<[string, ReturnType<Fault>]>([
    ['the connection breaks', 'drop after'],
    ['no answer comes in time', 'silence'],
    ['the answer is a 500', json(500, {})],
    ['the answer is a 502', json(502, {})],
    ['a 503 says nothing of later', json(503, {})],
    ['the answer is a 302', { status: 302, headers: { location: '/' } }],
    ['the answer is no JSON', { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>done</h1>' }],
    ['the answer is too long', json(201, { chargeId: 'x'.repeat(2_000_000) })],
    ['its headers are too long', json(201, {}, { 'x-long': 'x'.repeat(20_000) })],
  ])('is not taken for another one when %s', async (_, fault) => {
    const rig = await createProviderRig()
    rig.faults.push(() => fault)
    // Nobody to ask, and not to be repeated: it stays unknown, and the request was sent once.
    await expect(authorize(rig)).rejects.toMatchObject({ reason: 'EXTERNAL_UNSETTLED', outcome: 'unknown' })
    expect(rig.routes()).toEqual([post])
  })

  it('is asked about, and what happened is the result', async () => {
    const rig = await createProviderRig()
    expect(await authorize(rig, 'tok_unknown', { probe })).toBe('ch1')
    expect(rig.routes()).toEqual([post, get])
    expect(rig.charges).toHaveLength(1)
  })

  it('is asked about until what is late has happened: "no" is not believed too early', async () => {
    const rig = await createProviderRig()
    expect(await authorize(rig, 'tok_slow', { probe, settleMs: 60_000 })).toBe('ch1')
    expect(rig.routes().filter((route) => route === post)).toHaveLength(1)
    expect(rig.charges).toHaveLength(1)
  })

  it('is sent again once it is certain that it will not happen', async () => {
    const rig = await createProviderRig()
    rig.faults.push(() => 'drop')
    const startMs = rig.environment.clock.now()
    expect(await authorize(rig, 'tok_ok', { probe, settleMs: 60_000 })).toBe('ch1')
    expect(rig.environment.clock.now() - startMs).toBeGreaterThanOrEqual(30_000)
    expect(rig.routes().filter((route) => route === post)).toHaveLength(2)
    expect(rig.charges).toHaveLength(1)
  })

  it('fails as not done when it did not happen and is not to be repeated', async () => {
    const rig = await createProviderRig()
    rig.faults.push(() => 'drop')
    await expect(authorize(rig, 'tok_ok', { probe, lateMs: 0, ifAbsent: 'fail' })).rejects.toMatchObject({
      reason: 'EXTERNAL_ABSENT',
      outcome: 'none',
    })
    expect(rig.charges).toHaveLength(0)
  })

  it('is simply asked for again where keys are kept', async () => {
    const rig = await createProviderRig()
    rig.faults.push(
      () => 'drop after',
      () => 'silence',
      () => json(500, {}),
    )
    expect(await authorize(rig, 'tok_ok', { repeatable: true })).toBe('ch1')
    expect(rig.heard.map(({ key }) => key)).toEqual(Array(4).fill('authorize-o-1'))
    expect(rig.charges).toHaveLength(1)
  })

  it('is not settled by who turns a repeat away before looking: 401, 403 and 409 are asked again', async () => {
    const rig = await createProviderRig()
    rig.faults.push(
      () => 'drop after',
      () => json(401, {}),
      () => json(409, {}),
    )
    expect(await authorize(rig, 'tok_ok', { repeatable: true })).toBe('ch1')
    expect(rig.charges).toHaveLength(1)
  })

  it('stays one when nobody knows: the probe is asked with back-off until settleMs', async () => {
    const rig = await createProviderRig()
    rig.faults.push(() => 'drop', ...always(json(500, {})))
    const startMs = rig.environment.clock.now()
    const call = authorize(rig, 'tok_ok', { probe, settleMs: 20_000, retry: { maxMs: 5_000 } })
    await expect(call).rejects.toMatchObject({
      reason: 'EXTERNAL_UNSETTLED',
      outcome: 'unknown',
      details: { method: 'POST' },
    })
    const tookMs = rig.environment.clock.now() - startMs
    expect(tookMs).toBeGreaterThanOrEqual(20_000)
    expect(tookMs).toBeLessThan(26_000)
    const asked = rig.routes().filter((route) => route === get).length
    expect(asked).toBeGreaterThan(4)
    expect(asked).toBeLessThan(14)
    expect(rig.routes().filter((route) => route === post)).toHaveLength(1)
  })

  it('is begun with when an earlier call may have sent it', async () => {
    const rig = await createProviderRig()
    await authorize(rig)
    expect(await authorize(rig, 'tok_ok', { probe, mayHaveBegun: true })).toBe('ch1')
    expect(rig.routes()).toEqual([post, get])
  })

  it('is what is left when it is stopped in the middle', async () => {
    const rig = await createProviderRig()
    rig.faults.push(() => 'silence')
    const controller = new AbortController()
    rig.environment.timers.after(50, () => controller.abort(new Error('enough')))
    await expect(authorize(rig, 'tok_ok', { signal: controller.signal, probe })).rejects.toMatchObject({
      outcome: 'unknown',
    })
    expect(rig.routes()).toEqual([post])
  })

  it('has its answers judged by the step where the provider is special', async () => {
    const rig = await createProviderRig()
    rig.faults.push(() => json(503, { code: 'overloaded' }))
    const classify = ({ status }: ExternalResponse) => (status === 503 ? ('none' as const) : undefined)
    expect(await authorize(rig, 'tok_ok', { classify })).toBe('ch1')
  })
})

describe('what cannot be sent', () => {
  const bad: [string, Partial<ExternalCall<string>>, string][] = [
    ['an address that is none', { request: { url: 'nowhere' } }, `'url' is neither`],
    ['another protocol', { request: { url: 'ftp://x/' } }, 'not http'],
    ['a user in the address', { request: { url: 'https://user:pw_secret@x/' } }, 'has a user'],
    ['a path without an origin', { origin: () => undefined }, `'origin' is missing`],
    ['a header without a value', { headers: () => ({ authorization: undefined }) }, `'authorization' has no value`],
    ['a header that breaks out', { headers: { a: 'b\r\nx: sk_secret' } }, `'a' has characters`],
    ['a header that is not ours to set', { headers: { Host: 'x' } }, `'Host' cannot be a header`],
    ['a missing key', { key: undefined as never }, `'key' is missing`],
    ['a key that no header can have', { key: 'schlüssel' }, `'key' must be`],
    ['two bodies', { request: { url: '/charges', json: 1, body: 'a' } }, 'give one of'],
    ['a body of GET', { request: { method: 'GET', url: '/charges', json: 1 } }, 'has no body'],
    ['a body that is too long', { request: { url: '/charges', body: 'x'.repeat(1_048_577) } }, '1048576 bytes'],
    ['what is no JSON', { request: { url: '/charges', json: 1n } }, `'json' is not JSON`],
  ]
  it.each(bad)('is refused by name: %s', async (_, more, message) => {
    const rig = await createProviderRig()
    const error = await authorize(rig, 'tok_ok', more).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      reason: 'EXTERNAL_INVALID',
      outcome: 'none',
      message: expect.stringContaining(message),
    })
    expect(String(error)).not.toContain('secret')
    expect(rig.heard).toEqual([])
  })

  it.each([
    [{ timeoutMs: 0 }, `'timeoutMs' is 0`],
    [{ lateMs: Number.NaN }, `'lateMs' is NaN`],
    [{ maxResponseBytes: 1e9 }, `'maxResponseBytes'`],
    [{ keyHeader: 'no header' }, `'keyHeader'`],
    [{ retry: { maxAttempts: 0 } }, `'retry.maxAttempts'`],
    [{ read: undefined as never }, `'read' is not a function`],
  ])('is refused by its bounds: %o', async (more, message) => {
    const rig = await createProviderRig()
    await expect(authorize(rig, 'tok_ok', more)).rejects.toThrow(message)
  })
})

describe('secrets', () => {
  it('are asked for at each attempt, and stand in no error', async () => {
    const rig = await createProviderRig()
    rig.faults.push(() => json(429, {}), ...always(json(500, { sk_secret: 'sk_secret' })))
    let asked = 0
    const headers = () => ({ authorization: `Bearer sk_secret ${++asked}` })
    const error = (await authorize(rig, 'tok_ok', { headers, probe }).catch((thrown: unknown) => thrown)) as BanyanError
    expect(error).toMatchObject({ reason: 'EXTERNAL_UNSETTLED', details: { url: `${rig.origin}/charges` } })
    expect(asked).toBeGreaterThan(2)
    for (let one: Error | undefined = error; one !== undefined; one = one.cause as Error | undefined)
      expect(`${one.stack} ${JSON.stringify(one)}`).not.toMatch(/sk_secret|q_secret/)
  })

  it('that cannot be read are tried again, and why is not told', async () => {
    const rig = await createProviderRig()
    let failures = 0
    const headers = async () => {
      if (++failures < 3) throw new TypeError('vault says sk_secret')
      return { authorization: 'Bearer sk_secret' }
    }
    expect(await authorize(rig, 'tok_ok', { headers })).toBe('ch1')
    failures = -9
    const error = await authorize(rig, 'tok_ok', { headers }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ reason: 'EXTERNAL_UNPREPARED', outcome: 'none' })
    expect(`${(error as Error).stack}`).not.toContain('sk_secret')
  })

  it('of the query are shown when they are none', async () => {
    const rig = await createProviderRig()
    rig.faults.push(() => json(404, {}))
    await expect(authorize(rig, 'tok_ok', { showQuery: true })).rejects.toMatchObject({
      details: { url: `${rig.origin}/charges?trace=q_secret` },
    })
  })
})
