/**
 * The Inbox port: the consumer's side of delivery, in the consumer's own database, so that the mark, the effect and the
 * check of the assignment's epoch are one transaction. A consumer that was paused and wakes after somebody else took over
 * can write nothing.
 */
import { BanyanError } from '../core/error.ts'
import type { DeadLetters } from './dead-letters.ts'

/** Which delivery a transaction applies. */
export interface DeliveryMark {
  readonly group: string
  /** The producing service. */
  readonly source: string
  /** The assignment under which the delivery runs. */
  readonly epoch: number
  readonly eventId: string
  /** Position in the log of the source. */
  readonly offset: number
  readonly key: string
  /** The event is parked and is being replayed: it has its mark already, and leaves the parked ones instead. */
  readonly replay?: true
}

/** The right to process one group's share of one source, for a time. */
export interface Assignment {
  readonly group: string
  readonly source: string
  readonly epoch: number
  /** Everything up to and including this offset is applied (or parked): the low-water mark. */
  readonly cursor: number
}

/** An event that failed too often, or one that waits behind such an event of the same key. */
export interface ParkedEvent {
  readonly group: string
  readonly source: string
  readonly key: string
  readonly offset: number
  readonly eventId: string
  readonly type: string
  readonly envelope: string
  readonly attempts: number
  /** The last error, in one line; empty for events that only wait behind a parked one. */
  readonly error: string
  /** What failures of its kind have in common; see `DeadGroup`. Empty without an error. */
  readonly fingerprint: string
  /** How often it was replayed and failed again. */
  readonly replays: number
  readonly parkedAt: string
}

/** The inbox of one consuming service. */
export interface Inbox extends DeadLetters {
  /**
   * Takes or keeps the assignment: gives it when it is free, expired, already held by `holder`, or held by an earlier
   * incarnation of the same instance (see holder.ts). A change of holder raises the epoch. `startAt` says where a new group begins. Undefined when somebody else holds it.
   */
  claim(
    group: string,
    source: string,
    holder: string,
    leaseMs: number,
    startAt: number,
  ): Promise<Assignment | undefined>
  /** Lets go, so that another may claim at once. Nothing happens under an older epoch. */
  release(assignment: Assignment): Promise<void>
  /** Which of these are marked already. */
  marked(group: string, eventIds: readonly string[]): Promise<ReadonlySet<string>>
  /** Moves the low-water mark; false (and nothing written) under an older epoch. Never moves back. */
  advance(assignment: Assignment, offset: number): Promise<boolean>
  /** How often this event has failed before, kept over restarts; 0 when never. */
  attempts(group: string, eventId: string): Promise<number>
  /** Counts a failure. */
  failed(assignment: Assignment, eventId: string, error: string): Promise<number>
  /** Parks the event and marks it, in one transaction under the epoch; rejects with {@link Fenced}. */
  park(
    mark: DeliveryMark,
    event: { readonly type: string; readonly envelope: string; readonly attempts: number; readonly error: string },
  ): Promise<void>
  /** Keys of the group that are parked. */
  parkedKeys(group: string, source: string): Promise<ReadonlySet<string>>
  /** Lists parked events in order, at most `limit`. */
  parked(limit: number): Promise<readonly ParkedEvent[]>
  /**
   * Removes marks behind the low-water mark that are older than `keepMs`; says how many. Age is that of the events (their ids
   * are UUIDs of version 7), counted back from the newest one that is marked or from now, whichever is older: a consumer that
   * stood still for a month has forgotten nothing. Moves the {@link horizon} along. Counts of failures go with them. Marks of
   * ids without a time go by when they were written.
   */
  trim(assignment: Assignment, keepMs: number): Promise<number>
  /**
   * Marks of events older than this time (milliseconds since 1970) may be gone: whether such an event was applied is not known
   * any more. 0 before the first trim.
   */
  horizon(group: string, source: string): Promise<number>
}

/** When an event was made, from its id, in milliseconds since 1970; undefined when the id is no UUID of version 7. */
export function timeOfEventId(eventId: string): number | undefined {
  if (eventId.length !== 36 || eventId[14] !== '7') return undefined
  const ms = Number.parseInt(eventId.slice(0, 8) + eventId.slice(9, 13), 16)
  return Number.isNaN(ms) ? undefined : ms
}

/** The event was applied before: rolled back, count it as done. */
export class AlreadyApplied extends BanyanError {
  constructor(mark: DeliveryMark) {
    super('ALREADY_EXISTS', `event ${mark.eventId} was applied by group '${mark.group}' before`, {
      reason: 'ALREADY_APPLIED',
    })
  }
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof BanyanError && value.reason === 'ALREADY_APPLIED'
  }
}

/** Somebody else holds the assignment now: rolled back, stop. */
export class Fenced extends BanyanError {
  constructor(what: string) {
    super('ABORTED', `${what} was taken over by another host`, { reason: 'FENCED' })
  }
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof BanyanError && value.reason === 'FENCED'
  }
}
