/**
 * What Postgres and the connection to it say, as errors that say what the caller should do. The original stays as `cause`
 * (with its SQLSTATE in `code`); nothing of it enters the message, for messages may reach the public.
 *
 * SQLSTATE: PostgreSQL documentation, appendix A.
 */
import type { Code, ErrorOptions } from 'banyan/core'
import { BanyanError, isBanyanError } from 'banyan/core'

/** The SQLSTATE of an error of the database (or of the Banyan error around it); undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  if (isBanyanError(error)) return sqlState(error.cause)
  if (!(error instanceof Error) || !('severity' in error)) return undefined
  const code = (error as { code?: unknown }).code
  return typeof code === 'string' ? code : undefined
}

/** The connection is gone, or never came to be; the client's or the socket's own error is the cause. */
export class ConnectionLost extends Error {
  constructor(cause: unknown) {
    super('the connection to the database is gone', { cause })
  }
}

/** What the client threw: an error of the server as it is, any other as {@link ConnectionLost}. */
export function fromClient(error: unknown): unknown {
  return sqlState(error) === undefined && !isBanyanError(error) ? new ConnectionLost(error) : error
}

/** True for errors of the database or of the connection to it, false for whatever else work may throw. */
export function isDatabaseError(error: unknown): boolean {
  return error instanceof ConnectionLost || (!isBanyanError(error) && sqlState(error) !== undefined)
}

/** True when the session is gone: a broken connection, or a FATAL of the server. */
export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof ConnectionLost) return true
  if (!isDatabaseError(error)) return false
  const { severity } = error as { severity?: unknown }
  // The severity comes in the server's language; these states come with a FATAL only.
  return severity === 'FATAL' || severity === 'PANIC' || /^(08|57P|25P03|25P04)/.test(sqlState(error) ?? '')
}

/** Serialization failure, deadlock: the same work may go through when it is run again. */
export function isRerunnable(error: unknown): boolean {
  const state = sqlState(error)
  return state === '40001' || state === '40P01' || isStalePlan(error)
}

/** A prepared statement no longer fits its tables (a migration ran), or is gone. */
export function isStalePlan(error: unknown): boolean {
  const state = sqlState(error)
  return state === '26000' || (state === '0A000' && (error as { routine?: string }).routine === 'RevalidateCachedQuery')
}

interface Meaning {
  readonly code: Code
  readonly message: string
  readonly options?: ErrorOptions
}

const unavailable: Meaning = {
  code: 'UNAVAILABLE',
  message: 'the database is not available',
  options: { reason: 'DATABASE_UNAVAILABLE', retryable: true },
}
const refused: Meaning = {
  code: 'FAILED_PRECONDITION',
  message: 'the database does not let this service in',
  options: {
    reason: 'DATABASE_REFUSED',
    outcome: 'none',
    hint: 'Check user, password and database of the connection string; provisioning sets them anew.',
  },
}
const contended: Meaning = {
  code: 'ABORTED',
  message: 'the transaction met others on the same rows too often',
  options: { reason: 'CONTENTION', retryable: true },
}
const full: Meaning = {
  code: 'RESOURCE_EXHAUSTED',
  message: 'the database has run out of a resource',
  options: { reason: 'DATABASE_FULL', outcome: 'none', hint: 'Free disk space or memory of the database server.' },
}

// Longest prefix first.
const meanings: readonly (readonly [string, Meaning])[] = [
  [
    '25P03',
    {
      code: 'ABORTED',
      message: 'the transaction waited too long between two statements and was ended by the database',
      options: {
        reason: 'IDLE_IN_TRANSACTION',
        outcome: 'none',
        hint: 'Do no slow work inside transact: fetch what you need before it.',
      },
    },
  ],
  [
    '57014',
    {
      code: 'DEADLINE_EXCEEDED',
      message: 'a statement took too long and was cancelled',
      options: { reason: 'STATEMENT_TIMEOUT', outcome: 'none' },
    },
  ],
  [
    '23505',
    { code: 'ALREADY_EXISTS', message: 'a unique constraint was violated', options: { reason: 'UNIQUE_VIOLATION' } },
  ],
  ['40001', contended],
  ['40P01', contended],
  ['55P03', contended],
  ['53300', unavailable],
  ['53', full],
  ['57P', unavailable],
  ['08', unavailable],
  ['28', refused],
  ['3D000', refused],
]

/** Whatever the database or its client said, as a {@link BanyanError}; those stay as they are. */
export function fromSqlError(error: unknown): BanyanError {
  if (isBanyanError(error)) return error
  if (error instanceof ConnectionLost)
    return new BanyanError(unavailable.code, unavailable.message, { ...unavailable.options, cause: error.cause })
  const state = sqlState(error)
  const meaning = state === undefined ? undefined : meanings.find(([prefix]) => state.startsWith(prefix))?.[1]
  if (meaning === undefined)
    return new BanyanError('INTERNAL', 'a statement of the database failed', { cause: error, outcome: 'refused' })
  return new BanyanError(meaning.code, meaning.message, { ...meaning.options, cause: error })
}
