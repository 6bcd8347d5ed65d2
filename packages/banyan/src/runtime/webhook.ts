/**
 * What a webhook is: a path where somebody else's system tells us what happened, and the command that takes it in. A description; the
 * gateway serves it. It stands here so that a system can list its webhooks without knowing a gateway.
 */
import type { AnyOperation } from '../contract/define-contract.ts'
import type { AnySchema } from '../contract/schema.ts'
import type { Headers } from '../core/environment/network.ts'

/** A secret: itself (tests), or a function that is asked each time: `() => process.env['HOOK_SECRET']`. */
export type WebhookSecret = string | (() => string | undefined)

/** What came in, before anything of it is believed. */
export interface WebhookMessage {
  /** As it came, not parsed. */
  readonly body: Uint8Array
  /** Names in lower case. */
  readonly headers: Headers
  /** When it came, in milliseconds since 1970. */
  readonly receivedMs: number
}

/** How a delivery is told from a forgery. Made by `timestampedHmac`, `bodyHmac` and `standardWebhooks`. */
export interface WebhookVerifier {
  /** The first is needed; the others are for rotation and may be missing. */
  readonly secrets: readonly WebhookSecret[]
  /** Headers that it reads; a delivery that has one of them twice is refused. */
  readonly headers: readonly string[]
  /** What is wrong with a secret, without showing it; undefined when nothing is. */
  readonly faultOf?: (secret: string) => string | undefined
  /** True for a delivery that was signed with one of these secrets, and not too long ago. Takes as long for every forgery. */
  readonly verify: (message: WebhookMessage, secrets: readonly string[]) => boolean | Promise<boolean>
  /** The id of the event, when it stands in a signed header. */
  readonly idOf?: (headers: Headers) => string | undefined
}

/** An authentic delivery. */
export interface WebhookDelivery<Body = unknown> {
  /** Parsed; as the schema has it when there is one. */
  readonly body: Body
  readonly headers: Headers
  readonly receivedMs: number
}

/** A webhook, made by `defineWebhook`. */
export interface Webhook {
  readonly $banyan: 'webhook'
  readonly name: string
  readonly path: string
  readonly about: string | undefined
  readonly verifier: WebhookVerifier
  readonly schema: AnySchema | undefined
  readonly id: ((delivery: WebhookDelivery<never>) => string | number | undefined) | undefined
  readonly to: AnyOperation
  readonly input: ((delivery: WebhookDelivery<never>) => unknown) | undefined
  readonly maxBodyBytes: number
  readonly timeoutMs: number
}

/** Before whose name the caller of a webhook's command begins: `webhook:stripe`. */
export const webhookCaller = 'webhook:'

/** True for what `defineWebhook` made, also in another copy of this package. */
export function isWebhook(value: unknown): value is Webhook {
  return typeof value === 'object' && value !== null && (value as { $banyan?: unknown }).$banyan === 'webhook'
}
