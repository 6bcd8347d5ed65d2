/** `defineWebhook`: where somebody else's system tells us what happened, and the command that takes it in. A description. */
import type { Command, Owned } from '../../contract/operation.ts'
import { parsePath } from '../../contract/route.ts'
import { type AnySchema, isSchema, isStandardSchema, type Received, type Schema } from '../../contract/schema.ts'
import { BanyanError } from '../../core/error.ts'
import type { Webhook, WebhookDelivery, WebhookMessage, WebhookVerifier } from '../../runtime/webhook.ts'

/** A command of any contract. */
type AnyCommand = Command<unknown, unknown, unknown, unknown, unknown> & Owned

/** What {@link defineWebhook} takes. */
export interface WebhookSpec<S extends AnySchema, Op extends AnyCommand> {
  /** Literal segments: '/webhooks/payments'. Deliveries are POSTed to it. */
  readonly path: `/${string}`
  /** Tells deliveries from forgeries: `standardWebhooks`, `timestampedHmac`, `bodyHmac`, or a function of your own. */
  readonly verify: WebhookVerifier | ((message: WebhookMessage) => boolean | Promise<boolean>)
  /** What the body is; fields that it does not know are left out. Without one the body is any JSON. */
  readonly schema?: S
  /** The provider's id of the event: the same at every delivery of it, other for another one. Default: the signed one of the headers. */
  readonly id?: (delivery: WebhookDelivery<Received<NoInfer<S>>>) => string | number | undefined
  /** A command; it is called under an idempotency key made of name and id, so each event is taken in once. */
  readonly to: Op
  /** Its input; undefined for what is none of our business, which is answered well and goes nowhere. Default: the body. */
  readonly input?: (delivery: WebhookDelivery<Received<NoInfer<S>>>) => Op['~types']['input'] | undefined
  /** The largest body; 413 above it. Default 1 048 576, and never more than the gateway takes. */
  readonly maxBodyBytes?: number
  /** How long the command may take, in milliseconds: less than the provider waits. Default 10 000. */
  readonly timeoutMs?: number
  readonly about?: string
}

const nameShape = /^[a-z][a-z0-9-]{0,62}$/

/** How large a delivery may be, in bytes. */
export const maxWebhookBytes = 1_048_576
/** How long the command of a delivery may take, in milliseconds. */
export const webhookTimeoutMs = 10_000

interface Given {
  readonly path: string
  readonly verify: unknown
  readonly schema?: unknown
  readonly id?: unknown
  readonly to?: { readonly kind?: unknown; readonly contract?: unknown }
  readonly input?: unknown
  readonly maxBodyBytes?: number
  readonly timeoutMs?: number
}

const isFunction = (value: unknown): boolean => typeof value === 'function'

function outside(field: string, value: number | undefined, max: number): readonly string[] {
  if (value === undefined || (Number.isInteger(value) && value >= 1 && value <= max)) return []
  return [`'${field}' is ${value}: it must be a whole number from 1 to ${max}`]
}

function faultsOf(name: string, { path, verify, schema, id, to, input, ...bounds }: Given): readonly string[] {
  const faults: string[] = []
  if (!nameShape.test(name)) faults.push(`its name is lower case, digits and '-', begins with a letter`)
  const segments = typeof path === 'string' ? parsePath(path) : `'path' is missing`
  if (typeof segments === 'string') faults.push(segments)
  else if (segments.length === 0 || segments.some((segment) => 'parameter' in segment))
    faults.push(`'${path}' must have literal segments, and only those`)
  const verifier = verify as Partial<WebhookVerifier> | undefined
  if (!isFunction(verify) && !isFunction(verifier?.verify))
    faults.push(`'verify' is missing: standardWebhooks, timestampedHmac, bodyHmac, or a function`)
  if (schema !== undefined && !isSchema(schema) && !isStandardSchema(schema)) faults.push(`'schema' is no schema`)
  if (id === undefined ? verifier?.idOf === undefined : !isFunction(id))
    faults.push(`'id' is missing: it gives the provider's id of the event, by which a second delivery is known`)
  if (to?.kind !== 'command' || typeof to.contract !== 'string') faults.push(`'to' is no command of a contract`)
  if (input !== undefined && !isFunction(input)) faults.push(`'input' is not a function`)
  faults.push(...outside('maxBodyBytes', bounds.maxBodyBytes, maxWebhookBytes))
  faults.push(...outside('timeoutMs', bounds.timeoutMs, 60_000))
  return faults
}

/**
 * Defines a webhook. All that is wrong with it is said in one {@link BanyanError} (INVALID_ARGUMENT `INVALID_WEBHOOK`). A missing
 * secret is found when the gateway starts.
 *
 * @example
 * const Happened = t.Object({ type: t.String(), chargeId: t.String() })
 * const Provider = defineContract('provider', {
 *   version: '1.0.0',
 *   owner: 'payments',
 *   operations: { note: command({ input: Happened, output: t.Object({}) }) },
 * })
 * const providerEvents = defineWebhook('provider', {
 *   path: '/webhooks/provider',
 *   verify: standardWebhooks({ secret: () => process.env['PROVIDER_WEBHOOK_SECRET'] }),
 *   schema: Happened,
 *   to: Provider.note,
 *   input: ({ body }) => (body.type === 'charge.captured' ? body : undefined),
 * })
 * providerEvents.path // '/webhooks/provider'
 */
export function defineWebhook<Op extends AnyCommand, S extends AnySchema = Schema<unknown>>(
  name: string,
  spec: WebhookSpec<S, Op>,
): Webhook {
  const faults = faultsOf(name, spec as unknown as Given)
  if (faults.length > 0)
    throw new BanyanError('INVALID_ARGUMENT', `webhook '${name}':\n${faults.map((one) => `  - ${one}`).join('\n')}`, {
      reason: 'INVALID_WEBHOOK',
    })
  const { path, verify, schema, id, to, input, about } = spec
  const { maxBodyBytes = maxWebhookBytes, timeoutMs = webhookTimeoutMs } = spec
  const verifier = typeof verify === 'function' ? { secrets: [], headers: [], verify } : verify
  return Object.freeze({
    $banyan: 'webhook',
    ...{ name, path, about, verifier, schema, maxBodyBytes, timeoutMs },
    ...{ id: id as Webhook['id'], to: to as unknown as Webhook['to'], input: input as Webhook['input'] },
  })
}
