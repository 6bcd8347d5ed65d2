/** Signatures: vectors of those who made them, forgeries, rotation, and properties over generated deliveries. */
import { describe, expect, it } from 'vitest'
import { createVirtualEnvironment, type Random } from '../../core/index.ts'
import type { WebhookVerifier } from '../../runtime/webhook.ts'
import { bodyHmac, standardWebhooks, timestampedHmac } from './signatures.ts'
import { type Signing, signBody, signStandard, signTimestamped } from './signing.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const plain = 'a secret of enough characters'
const standard = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

interface Way {
  readonly name: string
  readonly secret: string
  readonly make: (secret: string, previous?: string) => WebhookVerifier
  readonly sign: (signing: Signing) => Record<string, string>
  readonly isTimed: boolean
}
const ways: readonly Way[] = [
  {
    name: 'timestampedHmac',
    secret: plain,
    make: (secret, previous) => timestampedHmac({ header: 'Stripe-Signature', secret, ...(previous && { previous }) }),
    sign: signTimestamped,
    isTimed: true,
  },
  {
    name: 'bodyHmac',
    secret: plain,
    make: (secret, previous) =>
      bodyHmac({ header: 'X-Hub-Signature-256', prefix: 'sha256=', secret, ...(previous && { previous }) }),
    sign: signBody,
    isTimed: false,
  },
  {
    name: 'standardWebhooks',
    secret: standard,
    make: (secret, previous) => standardWebhooks({ secret, ...(previous && { previous }) }),
    sign: signStandard,
    isTimed: true,
  },
]

const ask = (verifier: WebhookVerifier, headers: Record<string, string>, body: Uint8Array, receivedMs = 0) =>
  verifier.verify({ headers, body, receivedMs }, verifier.secrets as readonly string[])

describe('vectors', () => {
  const headers = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  }
  const body = bytes('{"test": 2432232314}')
  const nowMs = 1_614_265_330_000

  it('of Standard Webhooks', () => {
    expect(ask(standardWebhooks({ secret: standard }), headers, body, nowMs)).toBe(true)
    expect(ask(standardWebhooks({ secret: standard.slice(6) }), headers, body, nowMs)).toBe(true)
  })

  it.each<[string, Record<string, string>, boolean]>([
    [
      'several signatures, one of them good',
      { 'webhook-signature': `v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,x ${headers['webhook-signature']}` },
      true,
    ],
    [
      'the right signature under another version',
      { 'webhook-signature': headers['webhook-signature'].replace('v1', 'v2') },
      false,
    ],
    ['a signature without a version', { 'webhook-signature': headers['webhook-signature'].slice(3) }, false],
    ['a signature that is cut', { 'webhook-signature': headers['webhook-signature'].slice(0, 20) }, false],
    [
      'a signature with something in it',
      { 'webhook-signature': headers['webhook-signature'].replace('+', '+\t') },
      false,
    ],
    ['no signature', { 'webhook-signature': '' }, false],
    ['another id', { 'webhook-id': 'msg_other' }, false],
    ['another time', { 'webhook-timestamp': '1614265331' }, false],
    ['a time that is none', { 'webhook-timestamp': '1614265330.0' }, false],
    ['no time', { 'webhook-timestamp': '' }, false],
    [
      'headers that are too long',
      { 'webhook-signature': `${'v1,x '.repeat(900)}${headers['webhook-signature']}` },
      false,
    ],
    [
      'too many signatures before the good one',
      { 'webhook-signature': `${'v1,x '.repeat(16)}${headers['webhook-signature']}` },
      false,
    ],
  ])('of Standard Webhooks, with %s', (_, more, verdict) => {
    expect(ask(standardWebhooks({ secret: standard }), { ...headers, ...more }, body, nowMs)).toBe(verdict)
  })

  it('of GitHub', () => {
    const verifier = bodyHmac({
      header: 'x-hub-signature-256',
      prefix: 'sha256=',
      secret: `It's a Secret to Everybody`,
    })
    const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'
    expect(ask(verifier, { 'x-hub-signature-256': signature }, bytes('Hello, World!'))).toBe(true)
    expect(ask(verifier, { 'x-hub-signature-256': signature.slice(7) }, bytes('Hello, World!'))).toBe(false)
    expect(ask(verifier, { 'x-hub-signature-256': signature }, bytes('Hello, World?'))).toBe(false)
  })

  it('of a plain base64 header', () => {
    const verifier = bodyHmac({ header: 'x-hmac', encoding: 'base64', secret: plain })
    const hex = signBody({ secret: plain, body: 'b', nowMs: 0 })['x-hub-signature-256'] as string
    const signature = Buffer.from(hex.slice(7), 'hex').toString('base64')
    expect(ask(verifier, { 'x-hmac': signature }, bytes('b'))).toBe(true)
    expect(ask(verifier, { 'x-hmac': `${signature} ` }, bytes('b'))).toBe(true)
    expect(ask(verifier, { 'x-hmac': `${signature}=` }, bytes('b'))).toBe(false)
  })
})

it.each(ways.filter(({ isTimed }) => isTimed))(
  '$name takes no delivery that is more than 300 s old or ahead',
  ({ make, sign, secret }) => {
    const nowMs = 1_767_225_600_000
    const body = '{}'
    const headers = sign({ secret, body, nowMs })
    for (const [offMs, verdict] of [
      [300_000, true],
      [-300_000, true],
      [300_001, false],
      [-300_001, false],
      [86_400_000, false],
    ] as const)
      expect(ask(make(secret), headers, bytes(body), nowMs + offMs), `${offMs} ms`).toBe(verdict)
  },
)

describe.each(ways)('$name', ({ make, sign, secret }) => {
  const nowMs = 1_767_225_600_000
  const body = '{"id":"evt_1"}'
  const other = secret.replace(/[a-z](?=[a-z]*$)/, 'Q')

  it('takes both secrets while one is exchanged for the other, and only those', () => {
    const headers = sign({ secret, body, nowMs })
    expect(ask(make(other, secret), headers, bytes(body), nowMs)).toBe(true)
    expect(ask(make(secret, other), headers, bytes(body), nowMs)).toBe(true)
    expect(ask(make(other), headers, bytes(body), nowMs)).toBe(false)
  })

  it('says of a secret that is too short what is wrong, and not what it is', () => {
    const fault = make(secret).faultOf?.('whsec_c2hvcnQ='.slice(0, 12))
    expect(fault).toMatch(/16/)
    expect(fault).not.toContain('c2hv')
    expect(make(secret).faultOf?.(secret)).toBeUndefined()
  })

  it('has one verdict for one delivery: whatever is changed in it by one bit is refused, whatever stands around it is not', () => {
    const { random } = createVirtualEnvironment({ seed: 11 })
    for (let run = 0; run < 400; run++) {
      const raw = randomBytes(random)
      const headers = sign({ secret, body: raw, nowMs, id: `evt_${run}` })
      const verifier = make(secret)
      expect(ask(verifier, headers, raw, nowMs), `run ${run}`).toBe(true)
      expect(ask(verifier, headers, flipped(raw, random), nowMs), `run ${run}: body`).toBe(false)
      const name = verifier.headers[Math.floor(random.next() * verifier.headers.length)] as string
      const changed = { ...headers, [name]: flippedText(headers[name] as string, random) }
      // The case of a hexadecimal digit says nothing.
      if (changed[name]?.toLowerCase() !== headers[name])
        expect(ask(verifier, changed, raw, nowMs), `run ${run}: ${name} ${changed[name]}`).toBe(false)
      expect(ask(make(other, secret), { ...headers, 'x-other': 'x' }, raw, nowMs), `run ${run}: around`).toBe(true)
    }
  })
})

function randomBytes(random: Random): Uint8Array {
  return random.bytes(1 + Math.floor(random.next() * 64))
}
function flipped(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes)
  const at = Math.floor(random.next() * copy.length)
  copy[at] = (copy[at] as number) ^ (1 << Math.floor(random.next() * 8))
  return copy
}
function flippedText(text: string, random: Random): string {
  return new TextDecoder('latin1').decode(flipped(bytes(text), random))
}
