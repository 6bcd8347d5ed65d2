/**
 * One delivery of a webhook: is it authentic, what does it say, and has the command taken it in. It is answered well only when that is
 * committed, so a provider that repeats until it is answered loses nothing; and a second delivery of an event is told by its id from the
 * first one, so it is not taken in twice.
 */
import { createHash } from 'node:crypto'
import type { HttpRequest } from '../core/environment/network.ts'
import { BanyanError, fromUnknown, isBanyanError } from '../core/error.ts'
import type { WebhookDelivery } from '../runtime/webhook.ts'
import { INVALID } from '../schema/index.ts'
import type { Edge } from './edge.ts'
import { parseJsonBody } from './json-body.ts'
import { checkContentType } from './media-type.ts'
import type { InvokeOptions } from './options.ts'
import { malformed } from './refusal.ts'
import type { WebhookRoute } from './webhook/compile-webhook.ts'

/** The call of the command, which gets its key here. */
export type DeliveryCall = InvokeOptions & { idempotencyKey: string | undefined }

/** How long the provider is asked to wait before it delivers again, in milliseconds. */
export const redeliverAfterMs = 5_000
/** Refused deliveries are logged once in so long, with their number. */
const refusedLogMs = 60_000
const longestKey = 255

/** The same for every forgery: who guesses learns nothing. */
const forged = (): BanyanError =>
  new BanyanError('PERMISSION_DENIED', 'the delivery is refused', { reason: 'WEBHOOK_REFUSED', outcome: 'none' })

const notNow = (retryAfterMs: number = redeliverAfterMs): BanyanError =>
  new BanyanError('UNAVAILABLE', 'the delivery cannot be taken in now', {
    reason: 'WEBHOOK_UNAVAILABLE',
    retryable: true,
    retryAfterMs,
  })

/** Our command does not want this event, now or later. Why stands in the log: it is nothing for the provider. */
const unwanted = (): BanyanError =>
  new BanyanError('INVALID_ARGUMENT', 'the event was refused', { reason: 'WEBHOOK_EVENT_REFUSED', httpStatus: 422 })

/** Codes by which a command says that it will say the same the next time. */
const finalCodes: ReadonlySet<string> = new Set([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
])

async function isAuthentic(edge: Edge, route: WebhookRoute, request: HttpRequest, body: Uint8Array): Promise<boolean> {
  const { verifier, name } = route.webhook
  const secrets = verifier.secrets.length === 0 ? [] : route.secrets()
  if (verifier.secrets.length > 0 && secrets.length === 0) {
    edge.log.error('the secret of a webhook is missing', { webhook: name })
    throw notNow()
  }
  const isTwice = request.duplicates.some((header) => verifier.headers.includes(header))
  const message = { body, headers: request.headers, receivedMs: edge.environment.clock.now() }
  try {
    return (await verifier.verify(message, secrets)) === true && !isTwice
  } catch (thrown) {
    // What a function of the user's cannot read is no good delivery; what it cannot find out now may be said again.
    if (isBanyanError(thrown)) throw thrown
    return false
  }
}

function noteRefused(edge: Edge, { refused, webhook: { name } }: WebhookRoute, request: HttpRequest): void {
  const nowMs = edge.environment.clock.monotonic()
  refused.count += 1
  if (refused.count > 1 && nowMs - refused.sinceMs < refusedLogMs) return
  edge.log.warn('deliveries with a bad signature', { webhook: name, count: refused.count, from: request.remoteAddress })
  refused.sinceMs = nowMs
}

function toDelivery(edge: Edge, route: WebhookRoute, request: HttpRequest, body: Uint8Array): WebhookDelivery<never> {
  if (body.length === 0) throw malformed('BODY_REQUIRED', 'a JSON body is needed')
  const found = parseJsonBody(body, edge.limits.maxDepth)
  const copied = route.schema === undefined ? found : route.schema.copy(found)
  if (copied === INVALID) {
    const issues = route.schema?.explain(found, edge.limits.maxIssues) ?? []
    edge.log.error('an event of a webhook does not fit its schema', { webhook: route.webhook.name, issues })
    throw malformed('WEBHOOK_EVENT_INVALID', 'the event is not what was agreed')
  }
  return { body: copied as never, headers: request.headers, receivedMs: edge.environment.clock.now() }
}

/** `<webhook>:<id>`; ids that would not do as a key are hashed. */
function keyOf({ webhook: { name, id, verifier } }: WebhookRoute, delivery: WebhookDelivery<never>): string {
  const found = id === undefined ? verifier.idOf?.(delivery.headers) : id(delivery)
  const text = typeof found === 'number' ? String(found) : found
  if (typeof text !== 'string' || text === '') throw malformed('WEBHOOK_ID_MISSING', 'the event has no id')
  const key = `${name}:${text}`
  if (key.length <= longestKey && /^[\x21-\x7e]+$/.test(key)) return key
  return `${name}:sha256-${createHash('sha256').update(text).digest('base64url')}`
}

function toAnswer(edge: Edge, { webhook }: WebhookRoute, key: string, thrown: unknown): BanyanError | undefined {
  const error = fromUnknown(thrown)
  const facts = { webhook: webhook.name, key, operation: webhook.to.wire, error }
  if (error.reason === 'IDEMPOTENCY_KEY_REUSED') {
    edge.log.warn('an event of a webhook came again with other content: the first one counts', facts)
    return undefined
  }
  if (finalCodes.has(error.code) && !error.retryable) {
    edge.log.error('an event of a webhook was refused by its command', facts)
    return unwanted()
  }
  edge.log.warn('an event of a webhook could not be taken in; its sender will repeat it', facts)
  return notNow(error.retryAfterMs)
}

/** Settles when the delivery can be answered well; rejects with what answers otherwise. */
export async function receiveDelivery(
  edge: Edge,
  route: WebhookRoute,
  request: HttpRequest,
  call: DeliveryCall,
): Promise<void> {
  checkContentType(request.headers)
  const { maxBodyBytes, input } = route.webhook
  const body = await request.body(Math.min(maxBodyBytes, edge.limits.maxBodyBytes), edge.limits.bodyTimeoutMs)
  if (!(await isAuthentic(edge, route, request, body))) {
    noteRefused(edge, route, request)
    throw forged()
  }
  const delivery = toDelivery(edge, route, request, body)
  const key = keyOf(route, delivery)
  const given = input === undefined ? delivery.body : input(delivery)
  if (given === undefined) return
  call.idempotencyKey = key
  try {
    await edge.invoke(route.webhook.to, given, call)
  } catch (thrown) {
    const error = toAnswer(edge, route, key, thrown)
    if (error !== undefined) throw error
  }
}
