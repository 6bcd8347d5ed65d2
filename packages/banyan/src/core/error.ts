/**
 * The one error class. It says what the caller should do: a gRPC code, whether the same call may be tried again, when,
 * and, for errors a contract declares, a `reason` with typed `details`.
 *
 * It is recognised by structure, not by identity, so that two copies of the package in one program still understand each
 * other's errors (the dual-package hazard; connect-es does the same).
 */
import { type Code, isCode } from './code.ts'

/** Was the work done? `none`: certainly not executed. `unknown`: it may have been. `refused`: executed, and it said no. */
export type Outcome = 'none' | 'unknown' | 'refused'

/** One thing wrong with an input: where, which rule, what was found. */
export interface FieldIssue {
  /** JSON Pointer into the input, '' for the whole of it. */
  readonly path: string
  readonly rule: string
  readonly message: string
}

/** What a {@link BanyanError} is made of; everything but the message is optional. */
export interface ErrorOptions {
  /** The name of an error that the contract declares, or of the rule of Banyan that refused. */
  readonly reason?: string | undefined
  /** Typed by the contract for its own reasons. Plain JSON. */
  readonly details?: unknown
  /** True only when the work was certainly not executed, so that trying again cannot do it twice. */
  readonly retryable?: boolean | undefined
  /** How long to wait before trying again, in milliseconds. */
  readonly retryAfterMs?: number | undefined
  readonly outcome?: Outcome | undefined
  /** The HTTP status at the edge, when the code's usual one does not fit. */
  readonly httpStatus?: number | undefined
  /** What is wrong with which field, for INVALID_ARGUMENT. */
  readonly issues?: readonly FieldIssue[] | undefined
  /** What to do about it, in one sentence; shown to developers, never to the public. */
  readonly hint?: string | undefined
  readonly cause?: unknown
}

const mark: unique symbol = Symbol.for('banyan.error')

/**
 * Every error that crosses a border of Banyan.
 *
 * @example
 * const error = new BanyanError('UNAVAILABLE', 'the ledger is closed', { retryable: true, retryAfterMs: 250 })
 * error.code // 'UNAVAILABLE'
 */
export class BanyanError extends Error {
  readonly code: Code
  readonly reason: string | undefined
  readonly details: unknown
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined
  readonly outcome: Outcome
  readonly httpStatus: number | undefined
  readonly issues: readonly FieldIssue[] | undefined
  readonly hint: string | undefined

  constructor(code: Code, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'BanyanError'
    this.code = code
    this.reason = options.reason
    this.details = options.details
    this.retryable = options.retryable ?? false
    this.retryAfterMs = options.retryAfterMs
    this.outcome = options.outcome ?? (this.retryable ? 'none' : 'refused')
    this.httpStatus = options.httpStatus
    this.issues = options.issues
    this.hint = options.hint
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && (value as { [mark]?: unknown })[mark] === true
  }
}
Object.defineProperty(BanyanError.prototype, mark, { value: true })

/** True for a {@link BanyanError}, also one of another copy of this package. */
export function isBanyanError(value: unknown): value is BanyanError {
  return value instanceof BanyanError
}

/** Whatever was thrown, as a {@link BanyanError}: foreign errors become INTERNAL, with the original as `cause`. */
export function fromUnknown(thrown: unknown): BanyanError {
  if (isBanyanError(thrown)) return thrown
  if (thrown instanceof Error && thrown.name === 'AbortError')
    return new BanyanError('CANCELLED', 'the call was cancelled', { cause: thrown, outcome: 'unknown' })
  return new BanyanError('INTERNAL', 'internal error', { cause: thrown, outcome: 'unknown' })
}

/** Why a signal was aborted, as a {@link BanyanError}: itself when it is one, else CANCELLED with the reason as `cause`. */
export function fromAbort(reason: unknown): BanyanError {
  if (isBanyanError(reason)) return reason
  return new BanyanError('CANCELLED', 'the call was cancelled', {
    reason: 'CANCELLED',
    outcome: 'unknown',
    cause: reason,
  })
}

/** An error as plain JSON, for the wire between hosts. Stack, cause and hint stay at home. */
export interface ErrorDocument {
  readonly code: Code
  readonly message: string
  readonly reason?: string
  readonly details?: unknown
  readonly retryable?: true
  readonly retryAfterMs?: number
  readonly outcome?: Outcome
  readonly httpStatus?: number
  readonly issues?: readonly FieldIssue[]
}

/** The wire form of an error; an INTERNAL one loses its message, since nothing internal may leak. */
export function toErrorDocument(error: BanyanError): ErrorDocument {
  return {
    code: error.code,
    message: error.code === 'INTERNAL' ? 'internal error' : error.message,
    ...(error.reason === undefined ? {} : { reason: error.reason }),
    ...(error.details === undefined ? {} : { details: error.details }),
    ...(error.retryable ? { retryable: true as const } : {}),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    outcome: error.outcome,
    ...(error.httpStatus === undefined ? {} : { httpStatus: error.httpStatus }),
    ...(error.issues === undefined ? {} : { issues: error.issues }),
  }
}

/** Reads the wire form back; anything that is not one becomes UNKNOWN. */
export function fromErrorDocument(document: unknown): BanyanError {
  const given = (typeof document === 'object' && document !== null ? document : {}) as Partial<ErrorDocument>
  if (!isCode(given.code))
    return new BanyanError('UNKNOWN', 'the other side answered with something that is no error document', {
      outcome: 'unknown',
    })
  return new BanyanError(given.code, typeof given.message === 'string' ? given.message : given.code, {
    reason: typeof given.reason === 'string' ? given.reason : undefined,
    details: given.details,
    retryable: given.retryable === true,
    retryAfterMs: typeof given.retryAfterMs === 'number' ? given.retryAfterMs : undefined,
    outcome:
      given.outcome === 'none' || given.outcome === 'unknown' || given.outcome === 'refused'
        ? given.outcome
        : undefined,
    httpStatus: typeof given.httpStatus === 'number' ? given.httpStatus : undefined,
    issues: Array.isArray(given.issues) ? given.issues : undefined,
  })
}
