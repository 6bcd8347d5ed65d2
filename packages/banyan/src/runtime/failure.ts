/**
 * What a handler's error becomes on its way to the caller: declared errors stay typed and are copied; errors of Banyan keep
 * their code; everything else is INTERNAL, said to the log and not to the caller.
 */

import { type Border, createServiceBorder } from '../contract/border.ts'
import { BanyanError, isBanyanError } from '../core/error.ts'
import { INVALID } from '../schema/index.ts'
import { VersionConflict } from '../store/stream-rules.ts'
import type { CallContext } from './call-context.ts'
import { cancelled } from './refusals.ts'
import type { OperationShape } from './shapes.ts'

/** Codes that say nothing to a caller but that something broke. */
const internalCodes: ReadonlySet<string> = new Set(['INTERNAL', 'UNKNOWN', 'DATA_LOSS', 'UNIMPLEMENTED'])

/** Defects of the handler that was running: true for those who wrote it, and no business of its callers. */
export const defects: ReadonlySet<string> = new Set([
  'INVALID_INPUT',
  'UNDECLARED_CALL',
  'CALL_IN_TRANSACTION',
  'SECOND_TRANSACTION',
  'TRANSACTION_IN_QUERY',
  'NO_DATABASE',
  'FOREIGN_EVENT',
  'UNDECLARED_AGGREGATE',
  'UNKNOWN_COMMAND',
  'UNKNOWN_CALLER',
  'NOT_A_HOST',
  'BAD_WIRE_CALL',
])

const isInternal = ({ code, reason }: BanyanError): boolean =>
  internalCodes.has(code) || (reason !== undefined && defects.has(reason))

/** A typed error of another contract that the handler let through: this operation's callers were never promised it. */
const isForeign = (error: BanyanError): boolean => error.details !== undefined && !(error instanceof VersionConflict)

const internal = (): BanyanError => new BanyanError('INTERNAL', 'internal error', { outcome: 'unknown' })

const createBorders = (operation: OperationShape): ReadonlyMap<string, Border | undefined> =>
  new Map(
    Object.entries(operation.errors).map(([reason, { schema }]) => [reason, schema && createServiceBorder(schema)]),
  )

/** An error of Banyan from below. The work was begun here, so of a command nobody can promise any more that nothing was done. */
function passOn(error: BanyanError, idempotent: boolean): BanyanError {
  const { code, message, reason, retryAfterMs, httpStatus, issues } = error
  const retryable = error.retryable && idempotent
  const outcome = error.outcome === 'refused' || retryable ? error.outcome : 'unknown'
  return new BanyanError(code, message, { reason, retryable, retryAfterMs, httpStatus, outcome, issues })
}

/** Compiles the translation for one operation. */
export function createFailure(operation: OperationShape): (ctx: CallContext, thrown: unknown) => BanyanError {
  const borders = createBorders(operation)

  function declared(ctx: CallContext, error: BanyanError, reason: string): BanyanError {
    const border = borders.get(reason)
    const details = border?.copy(error.details)
    if (details === INVALID) {
      ctx.log.error('the details of an error break their contract', { reason, issues: border?.explain(error.details) })
      return internal()
    }
    const { code, message, retryable, retryAfterMs, httpStatus, outcome } = error
    return new BanyanError(code, message, { reason, details, retryable, retryAfterMs, httpStatus, outcome })
  }

  return (ctx, thrown) => {
    if (isBanyanError(thrown)) {
      if (thrown.reason !== undefined && borders.has(thrown.reason)) return declared(ctx, thrown, thrown.reason)
      if (!isInternal(thrown) && !isForeign(thrown)) return passOn(thrown, operation.idempotent)
    } else if (ctx.done || (thrown as Error | undefined)?.name === 'AbortError') return cancelled(operation.wire)
    ctx.log.error('a handler failed', { operation: operation.wire, error: thrown })
    return internal()
  }
}
