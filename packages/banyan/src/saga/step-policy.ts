/** When a failed attempt is made again, and what is known of what it did. */
import type { Code } from '../core/code.ts'
import { isBanyanError, type Outcome } from '../core/error.ts'

/** Codes by which a participant itself says no. */
const finalCodes: ReadonlySet<Code> = new Set<Code>([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'DATA_LOSS',
])

/** What a step says of its errors. */
export interface Judging {
  readonly terminal?: readonly string[] | undefined
  readonly retryable?: ((error: unknown) => boolean) | undefined
}

/** Compiles whether trying again is pointless. */
export function createIsTerminal({ terminal = [], retryable }: Judging): (error: unknown) => boolean {
  const named = new Set(terminal)
  return (error) => {
    if (!isBanyanError(error)) return retryable !== undefined && !retryable(error)
    if (named.has(error.code) || (error.reason !== undefined && named.has(error.reason))) return true
    if (error.retryable) return false
    if (finalCodes.has(error.code)) return true
    // A declared error of this code is an answer; without a reason it is a conflict that may be over the next time.
    if (error.code === 'ABORTED' && error.reason !== undefined && error.outcome === 'refused') return true
    return retryable !== undefined && !retryable(error)
  }
}

/**
 * What is known after an attempt: an answer that says no is the participant's last word, since an attempt that was done before
 * would have been answered with its result; otherwise what once was unknown stays so.
 */
export function joinOutcomes(before: Outcome, now: Outcome): Outcome {
  if (now === 'refused') return 'refused'
  return before === 'unknown' ? 'unknown' : now
}
