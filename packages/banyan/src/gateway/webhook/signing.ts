/** Signs deliveries as providers do, for tests. */
import { createHmac } from 'node:crypto'

/** What is signed. */
export interface Signing {
  readonly secret: string
  readonly body: string | Uint8Array
  /** When, in milliseconds since 1970. */
  readonly nowMs: number
  readonly id?: string
}

const hmac = (key: string | Uint8Array, ...parts: readonly (string | Uint8Array)[]) => {
  const made = createHmac('sha256', key)
  for (const part of parts) made.update(part)
  return made
}
const secondsOf = (nowMs: number): string => String(Math.floor(nowMs / 1_000))

/** Headers as Stripe sends them. */
export function signTimestamped({ secret, body, nowMs }: Signing): Record<string, string> {
  const time = secondsOf(nowMs)
  return { 'stripe-signature': `t=${time},v1=${hmac(secret, time, '.', body).digest('hex')}` }
}

/** Headers as GitHub sends them. */
export function signBody({ secret, body }: Signing): Record<string, string> {
  return { 'x-hub-signature-256': `sha256=${hmac(secret, body).digest('hex')}` }
}

/** Headers as Standard Webhooks has them. */
export function signStandard({ secret, body, nowMs, id = 'evt_1' }: Signing): Record<string, string> {
  const time = secondsOf(nowMs)
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signature = `v1,${hmac(key, id, '.', time, '.', body).digest('base64')}`
  return { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature }
}
