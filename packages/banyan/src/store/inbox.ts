/**
 * The Inbox port: the consumer's side of delivery, in the consumer's own database, so that the mark, the effect and the
 * check of the assignment's epoch are one transaction. A consumer that was paused and wakes after somebody else took over
 * can write nothing.
 */
import { BanyanError } from '../core/error.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { Assignment, DeliveryMark, NewestApplied, ParkedEvent, Passage } from './delivery-mark.ts'

export {
  type Assignment,
  type DeliveryMark,
  type NewestApplied,
  type ParkedEvent,
  type Passage,
  timeOfEventId,
} from './delivery-mark.ts'

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
  /** Which of these are marked already, one by one or by a {@link Passage}. */
  marked(group: string, eventIds: readonly string[]): Promise<ReadonlySet<string>>
  /**
   * The highest ids of what is marked. Ids are compared as text, so of UUIDs of version 7 it is the newest; what lies above it has
   * no mark, and need not be looked up.
   */
  newest(group: string, source: string): Promise<NewestApplied>
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

/** The low-water mark is not where a passage begins: rolled back, look where it is. */
export class PassageMoved extends BanyanError {
  constructor({ group, source, after }: Passage) {
    super('ABORTED', `the low-water mark of group '${group}' on '${source}' is not ${after} any more`, {
      reason: 'PASSAGE_MOVED',
    })
  }
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof BanyanError && value.reason === 'PASSAGE_MOVED'
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
