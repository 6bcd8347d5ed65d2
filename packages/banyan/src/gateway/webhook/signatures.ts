/**
 * How deliveries are signed: three ways that cover nearly everybody. All are HMAC-SHA256 (RFC 2104) over the body as it came; what
 * differs is what stands beside it. Every signature of a delivery is compared with every secret, none is left early, and bytes are
 * compared in constant time.
 *
 * Sources: Standard Webhooks 1.0 (standardwebhooks.com); Stripe, "Verify webhook signatures manually"; GitHub, "Validating webhook
 * deliveries".
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Headers } from '../../core/environment/network.ts'
import { BanyanError } from '../../core/error.ts'
import type { WebhookMessage, WebhookSecret, WebhookVerifier } from '../../runtime/webhook.ts'

/** How old (or how far ahead) the timestamp of a delivery may be, in milliseconds. */
export const webhookToleranceMs = 300_000
/** Signatures that are looked at in one delivery. */
export const maxSignatures = 16
const maxHeader = 4_096
const shortestSecret = 16
const digestBytes = 32

/** Which secrets sign. While one is exchanged for another, both are good. */
export interface WebhookSecrets {
  readonly secret: WebhookSecret
  /** More that are good, one or several; may be missing. For rotation: the new one here first, then in `secret`, then the old one out. */
  readonly previous?: WebhookSecret | readonly WebhookSecret[]
}

/** For signatures with a time. */
export interface TimedSecrets extends WebhookSecrets {
  /** Default 300 000, as Stripe and Standard Webhooks have it. 1 000 to 3 600 000. */
  readonly toleranceMs?: number
}

const secretsOf = ({ secret, previous = [] }: WebhookSecrets): readonly WebhookSecret[] => [
  secret,
  ...(Array.isArray(previous) ? (previous as readonly WebhookSecret[]) : [previous as WebhookSecret]),
]
const plainFault = (secret: string): string | undefined =>
  secret.length < shortestSecret ? `is shorter than ${shortestSecret} characters` : undefined

const hmac = (key: string | Uint8Array, parts: readonly (string | Uint8Array)[]): Buffer => {
  const made = createHmac('sha256', key)
  for (const part of parts) made.update(part)
  return made.digest()
}

type Encoding = 'hex' | 'base64'
const nothing = Buffer.alloc(digestBytes)

/** The bytes of a signature; undefined unless it is exactly 32 of them, written in the one way there is. */
function decode(text: string, encoding: Encoding): Buffer | undefined {
  if (encoding === 'hex') return /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === digestBytes && bytes.toString('base64') === text ? bytes : undefined
}

/** True when one of the signatures is one of those expected. */
function isOneOf(signatures: readonly string[], expected: readonly Buffer[], encoding: Encoding): boolean {
  let found = false
  for (const signature of signatures.slice(0, maxSignatures)) {
    const bytes = decode(signature, encoding)
    for (const one of expected) {
      const isSame = timingSafeEqual(bytes ?? nothing, one)
      found = (isSame && bytes !== undefined) || found
    }
  }
  return found
}

function isFresh(seconds: string | undefined, nowMs: number, toleranceMs: number): boolean {
  if (seconds === undefined || !/^\d{1,12}$/.test(seconds)) return false
  return Math.abs(nowMs - Number(seconds) * 1_000) <= toleranceMs
}

const headerOf = (headers: Headers, name: string): string => {
  const value = headers[name] ?? ''
  return value.length <= maxHeader ? value : ''
}

function toleranceOf({ toleranceMs = webhookToleranceMs }: TimedSecrets): number {
  if (toleranceMs >= 1_000 && toleranceMs <= 3_600_000) return toleranceMs
  throw new BanyanError('INVALID_ARGUMENT', `'toleranceMs' is ${toleranceMs}: it must be from 1000 to 3600000`, {
    reason: 'INVALID_WEBHOOK',
  })
}

/**
 * Stripe's way: a header `t=<seconds>,v1=<hex>`, perhaps with several `v1`, over `<t>.<body>`.
 *
 * @example
 * const verify = timestampedHmac({ header: 'stripe-signature', secret: () => process.env['STRIPE_WEBHOOK_SECRET'] })
 */
export function timestampedHmac(options: TimedSecrets & { readonly header: string }): WebhookVerifier {
  const header = options.header.toLowerCase()
  const toleranceMs = toleranceOf(options)
  return {
    secrets: secretsOf(options),
    headers: [header],
    faultOf: plainFault,
    verify({ body, headers, receivedMs }: WebhookMessage, secrets) {
      const fields = headerOf(headers, header)
        .split(',')
        .map((part) => part.trim().split('=', 2) as [string, string | undefined])
      const times = fields.flatMap(([name, value]) => (name === 't' ? [value ?? ''] : []))
      const signatures = fields.flatMap(([name, value]) => (name === 'v1' ? [value ?? ''] : []))
      const [time = ''] = times
      const expected = secrets.map((secret) => hmac(secret, [time, '.', body]))
      const isSigned = isOneOf(signatures, expected, 'hex')
      return times.length === 1 && isSigned && isFresh(time, receivedMs, toleranceMs)
    },
  }
}

/**
 * GitHub's way: a header with the signature of the body alone, after a prefix. It has no time, so an old delivery stays good: what
 * protects from a replay is the id of the event, which should stand in the body.
 *
 * @example
 * const verify = bodyHmac({ header: 'x-hub-signature-256', prefix: 'sha256=', secret: () => process.env['GITHUB_WEBHOOK_SECRET'] })
 */
export function bodyHmac(
  options: WebhookSecrets & {
    readonly header: string
    /** Default none. */
    readonly prefix?: string
    /** Default 'hex'. */
    readonly encoding?: 'hex' | 'base64'
  },
): WebhookVerifier {
  const { prefix = '', encoding = 'hex' } = options
  const header = options.header.toLowerCase()
  return {
    secrets: secretsOf(options),
    headers: [header],
    faultOf: plainFault,
    verify({ body, headers }, secrets) {
      const given = headerOf(headers, header).trim()
      const signature = given.startsWith(prefix) ? given.slice(prefix.length) : ''
      const expected = secrets.map((secret) => hmac(secret, [body]))
      return isOneOf([signature], expected, encoding)
    },
  }
}

const keyOf = (secret: string): Buffer => Buffer.from(secret.replace(/^whsec_/, ''), 'base64')

/**
 * Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp` and `webhook-signature` (`v1,<base64>`, several apart by spaces), over
 * `<id>.<timestamp>.<body>`; secrets are base64 after `whsec_`. The id is signed and is the id of the event.
 *
 * @example
 * const verify = standardWebhooks({
 *   secret: () => process.env['HOOK_SECRET'],
 *   previous: () => process.env['HOOK_SECRET_PREVIOUS'],
 * })
 */
export function standardWebhooks(options: TimedSecrets): WebhookVerifier {
  const toleranceMs = toleranceOf(options)
  return {
    secrets: secretsOf(options),
    headers: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
    faultOf: (secret) =>
      keyOf(secret).length < shortestSecret
        ? `is no base64 of at least ${shortestSecret} bytes after 'whsec_'`
        : undefined,
    idOf: (headers) => headers['webhook-id'],
    verify({ body, headers, receivedMs }, secrets) {
      const id = headerOf(headers, 'webhook-id')
      const time = headerOf(headers, 'webhook-timestamp')
      const signatures = headerOf(headers, 'webhook-signature')
        .split(' ')
        .flatMap((part) => (part.startsWith('v1,') ? [part.slice(3)] : []))
      const expected = secrets.map((secret) => hmac(keyOf(secret), [id, '.', time, '.', body]))
      const isSigned = isOneOf(signatures, expected, 'base64')
      return isSigned && id !== '' && isFresh(time, receivedMs, toleranceMs)
    },
  }
}
