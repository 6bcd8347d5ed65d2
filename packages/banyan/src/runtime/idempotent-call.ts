/**
 * Serving an idempotency key: same key and same input → the first answer again. The transaction's result is stored with its
 * effects, the final answer right after it; when a crash falls between the two, the handler runs again but its transaction
 * does not: `ctx.transact` gives what it gave the first time.
 *
 * Source: draft-ietf-httpapi-idempotency-key-header-06; 409 while in flight, 422 for another input.
 */
import { createHash } from 'node:crypto'
import { BanyanError, type ErrorDocument, fromErrorDocument, isBanyanError, toErrorDocument } from '../core/error.ts'
import type { IdempotencyClaim, IdempotencyRecord } from '../store/idempotency.ts'
import {
  assertIdempotencyKey,
  idempotencyKeyReused,
  idempotencyKeyUndone,
  tombstone,
} from '../store/idempotency-key.ts'
import type { Store } from '../store/store.ts'
import type { CallContext } from './call-context.ts'
import { defects } from './failure.ts'
import { noDatabase } from './refusals.ts'
import type { ServiceScope } from './service-scope.ts'
import type { OperationShape, ServiceShape } from './shapes.ts'
import { webhookCaller } from './webhook.ts'

/** How long an answer is kept, in milliseconds: a day. */
export const keepAnswersMs = 86_400_000
/** The same for keys made by sagas, which may come again after a long outage: 30 days. Older ones are refused. */
export const keepSagaAnswersMs: number = 30 * 86_400_000

/** The same for events that webhooks have taken in: 30 days. */
export const keepWebhookAnswersMs: number = 30 * 86_400_000

/** `<run>.<operation>.<milliseconds, base 36>` (an undo's has `u<operation>`), see saga/steps.ts: such a key says when it was made. */
const sagaKey = /^[0-9a-f]{8}-[0-9a-f-]{27}\.([a-z]?\d+)\.([0-9a-z]{7,9})(\.|$)/

type Handler = ServiceShape['operations'][string]
type Serve = (input: unknown, ctx: CallContext) => unknown
type Answer = { readonly ok: unknown } | { readonly error: ErrorDocument }

function createClaim(operation: OperationShape, ctx: CallContext, key: string, input: unknown): IdempotencyClaim {
  assertIdempotencyKey(key)
  const fingerprint = createHash('sha256').update(JSON.stringify(input)).digest('base64url')
  const [, operationOf = '', madeMs] = sagaKey.exec(key) ?? []
  const claim = { scope: `${ctx.caller} ${operation.wire}`, key, fingerprint }
  // Providers deliver again for days, and people after weeks.
  const keepMs = ctx.caller.startsWith(webhookCaller) ? keepWebhookAnswersMs : keepAnswersMs
  if (madeMs === undefined) return { ...claim, keepMs, ...toUndone(ctx) }
  if (ctx.now() - Number.parseInt(madeMs, 36) > keepSagaAnswersMs) throw idempotencyKeyTooOld()
  // An undo's own calls are part of no step that could be taken back.
  const within = /^\d/.test(operationOf) ? { within: { scope: ctx.caller, key: stepOf(key) } } : {}
  return { ...claim, keepMs: keepSagaAnswersMs, ...within, ...toUndone(ctx) }
}

/** The step that a call's key belongs to: the key without what tells the step's calls apart. */
const stepOf = (key: string): string => key.split('.', 3).join('.')

/** The step that a call takes back. */
function toUndone({ caller, undoes }: CallContext): Pick<IdempotencyClaim, 'undoes'> {
  return undoes === undefined ? {} : { undoes: { scope: caller, key: undoes } }
}

function idempotencyKeyTooOld(): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', 'this idempotency key is older than answers are kept', {
    reason: 'IDEMPOTENCY_KEY_TOO_OLD',
    hint: 'Whether it was executed before is not known any more: look, and decide by hand.',
  })
}

function replay(claim: IdempotencyClaim, found: IdempotencyRecord): { readonly value: unknown } | undefined {
  if (found.fingerprint === tombstone) throw idempotencyKeyUndone()
  if (found.fingerprint !== claim.fingerprint) throw idempotencyKeyReused()
  const answer = found.outcome as Answer | undefined
  if (answer === undefined || answer === null) return undefined
  if ('error' in answer) throw fromErrorDocument(answer.error)
  return { value: answer.ok }
}

/** Codes by which an operation itself says no; everything else may be different the next time. */
const finalCodes: ReadonlySet<string> = new Set([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
])

/** Said of the key itself, or of a defect that the next release mends. */
const unsettled: ReadonlySet<string> = new Set([
  ...defects,
  'IDEMPOTENCY_KEY_REUSED',
  'IDEMPOTENCY_KEY_INVALID',
  'IDEMPOTENCY_KEY_TOO_OLD',
  'UNDONE',
])

/** Answers worth keeping: a refusal is the operation's answer, a break-down is not. */
const isFinal = (error: BanyanError): boolean => finalCodes.has(error.code) && !unsettled.has(error.reason ?? '')

async function serve(
  store: Store,
  operation: OperationShape,
  handler: Handler,
  input: unknown,
  ctx: CallContext,
): Promise<unknown> {
  const claim = createClaim(operation, ctx, ctx.idempotencyKey as string, input)
  const found = await store.idempotency.find(claim.scope, claim.key, claim.within)
  const known = found === undefined ? undefined : replay(claim, found)
  if (known !== undefined) return known.value
  ctx.claim = claim
  try {
    const value = await handler(input, ctx)
    if (!ctx.committed) await store.transact(async () => value, { idempotency: claim, signal: ctx.signal })
    await store.idempotency.settle(claim, { ok: value })
    return value
  } catch (error) {
    if (isBanyanError(error) && isFinal(error)) await store.idempotency.settle(claim, { error: toErrorDocument(error) })
    throw error
  }
}

/** The handler of an operation when a key comes with the call. Queries change nothing, so a key means nothing to them. */
export function createIdempotent(service: ServiceScope, operation: OperationShape, handler: Handler): Serve {
  if (operation.kind === 'query') return handler
  return (input, ctx) => {
    if (service.store === undefined) throw noDatabase(service.name)
    return serve(service.store, operation, handler, input, ctx)
  }
}
