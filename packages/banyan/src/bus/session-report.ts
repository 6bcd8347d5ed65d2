/**
 * What a session tells: the counts of its consumer, and a line for the operator when something goes wrong. The same failure
 * again is counted and not said again.
 */
import type { Assignment } from '../store/inbox.ts'
import { type OperatorLog, toOneLine } from './operator-log.ts'

/** What has been done, over all sessions of a consumer. */
export interface ConsumerCounts {
  applied: number
  /** Marked before, or of a type without subscription. */
  skipped: number
  /** Failed attempts of handlers. */
  failed: number
  /** Events parked, those that wait behind one included. */
  parked: number
  /** Parked events that were replayed with success. */
  replayed: number
  /** Failures of our own work: reading, renewing, advancing. */
  errors: number
  lastError: string | undefined
}

export interface SessionReport {
  readonly counts: ConsumerCounts
  /** A failure of our own work. */
  note(error: unknown): void
  /** Runs work of our own; undefined when it failed, which is noted. */
  guard<Result>(work: () => Promise<Result>): Promise<Result | undefined>
  warn(message: string, fields: Readonly<Record<string, unknown>>): void
}

export function createSessionReport(log: OperatorLog, assignment: Assignment, counts: ConsumerCounts): SessionReport {
  const { group, source } = assignment

  function warn(message: string, fields: Readonly<Record<string, unknown>>): void {
    log.warn(message, { group, source, ...fields })
  }
  function note(error: unknown): void {
    const text = toOneLine(error)
    if (text !== counts.lastError) warn('consumer failed, tries again', { error: text })
    counts.errors += 1
    counts.lastError = text
  }
  async function guard<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work()
    } catch (error) {
      note(error)
      return undefined
    }
  }
  return { counts, note, guard, warn }
}
