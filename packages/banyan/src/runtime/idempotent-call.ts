/**
 * Serving an idempotency key: same key and same input → the first answer again. The transaction's result is stored with its
 * effects, the final answer right after it; when a crash falls between the two, the handler runs again but its transaction
 * does not: `ctx.transact` gives what it gave the first time.
 *
 * Source: draft-ietf-httpapi-idempotency-key-header-06; 409 while in flight, 422 for another input.
 */
import { createHash } from 'node:crypto'
import {
  type BanyanError,
  type ErrorDocument,
  fromErrorDocument,
  isBanyanError,
  toErrorDocument,
} from '../core/error.ts'
import type { IdempotencyClaim, IdempotencyRecord } from '../store/idempotency.ts'
import { assertIdempotencyKey, idempotencyKeyReused } from '../store/idempotency-key.ts'
import type { Store } from '../store/store.ts'
import type { CallContext } from './call-context.ts'
import { defects } from './failure.ts'
import { noDatabase } from './refusals.ts'
import type { ServiceScope } from './service-scope.ts'
import type { OperationShape, ServiceShape } from './shapes.ts'

/** How long an answer is kept, in milliseconds: a day. */
export const keepAnswersMs = 86_400_000

type Handler = ServiceShape['operations'][string]
type Serve = (input: unknown, ctx: CallContext) => unknown
type Answer = { readonly ok: unknown } | { readonly error: ErrorDocument }

function createClaim(operation: OperationShape, ctx: CallContext, key: string, input: unknown): IdempotencyClaim {
  assertIdempotencyKey(key)
  const fingerprint = createHash('sha256').update(JSON.stringify(input)).digest('base64url')
  return { scope: `${ctx.caller} ${operation.wire}`, key, fingerprint, keepMs: keepAnswersMs }
}

function replay(claim: IdempotencyClaim, found: IdempotencyRecord): { readonly value: unknown } | undefined {
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
const unsettled: ReadonlySet<string> = new Set([...defects, 'IDEMPOTENCY_KEY_REUSED', 'IDEMPOTENCY_KEY_INVALID'])

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
  const found = await store.idempotency.find(claim.scope, claim.key)
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
