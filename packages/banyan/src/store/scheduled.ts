/**
 * Scheduled events: published in a transaction like any other, but to go into the outbox later, by the clock of the database.
 * Until then they can be taken back. An event takes its place in its key's order when it becomes due, not when it was
 * published: what is published meanwhile comes before it.
 */
import { BanyanError } from '../core/error.ts'
import type { NewEvent } from './outbox.ts'

/** When an event is due: so long after the commit's transaction wrote it, or at a time (milliseconds since 1970). */
export type Due = { readonly afterMs: number } | { readonly at: number }

/** The longest delay, in milliseconds: ten years. */
export const maxDelayMs: number = 3_650 * 86_400_000

/** An event that waits. */
export interface ScheduledEvent {
  readonly eventId: string
  readonly type: string
  readonly key: string
  /** ISO 8601. */
  readonly dueAt: string
  /** How often it could not be moved. */
  readonly failures: number
  /** Why not, the last time; empty when it never failed. */
  readonly lastError: string
}

/** What one move did. */
export interface Moved {
  readonly moved: number
  /** Until the next one is due, in milliseconds, 0 for now; undefined when none waits. */
  readonly nextInMs: number | undefined
}

/** How much waits. */
export interface ScheduledDepth {
  readonly waiting: number
  /** Since when the oldest one is due, in milliseconds; 0 when none is. */
  readonly overdueMs: number
}

/** The scheduled events of one service. */
export interface Scheduled {
  /**
   * Moves what is due into the outbox, at most `limit`, in the order of due times, each once however many hosts move. One that
   * cannot be moved is tried again with growing waits and holds nobody else.
   */
  move(limit: number): Promise<Moved>
  /** Takes an event back; false when it is not waiting (any more). */
  cancel(eventId: string): Promise<boolean>
  /** What waits, the next due first. */
  list(limit: number): Promise<readonly ScheduledEvent[]>
  /** How many wait, and whether one is late. */
  depth(): Promise<ScheduledDepth>
  /** The clock by which events become due: what time it is there, in milliseconds since 1970. */
  now(): Promise<number>
  /** Wakes the listener after a commit of this process that scheduled something. A hint; polling stands behind it. */
  onSchedule(listener: () => void): () => void
}

/** An event and when it is due. */
export interface NewScheduledEvent {
  readonly event: NewEvent
  readonly due: Due
}

/** Throws INVALID_ARGUMENT `BAD_DUE` for a due time that is none. */
export function assertDue(due: Due): void {
  const given = due as { readonly afterMs?: unknown; readonly at?: unknown }
  const { afterMs, at } = given
  if ((afterMs === undefined) === (at === undefined)) throw bad('give either afterMs or at')
  if (afterMs !== undefined && !isWithin(afterMs, maxDelayMs))
    throw bad(`afterMs ${String(afterMs)} must be from 0 to ${maxDelayMs} milliseconds (ten years)`)
  if (at !== undefined && !isWithin(at, 253_402_300_799_000))
    throw bad(`at ${String(at)} must be a time in milliseconds since 1970, before the year 10000`)
}

/**
 * An id that says when its event is due instead of when it was published: that is its age from then on, by which relays tell
 * their lag and consumers what is too old for their marks. The rest is that of a fresh id.
 */
export function eventIdAt(atMs: number, fresh: string): string {
  const time = Math.floor(atMs).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}${fresh.slice(13)}`
}

function isWithin(value: unknown, max: number): boolean {
  return typeof value === 'number' && value >= 0 && value <= max
}

function bad(message: string): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', `an event cannot be scheduled: ${message}`, {
    reason: 'BAD_DUE',
    hint: 'Like tx.publish(event, data, { afterMs: 60_000 }).',
  })
}
