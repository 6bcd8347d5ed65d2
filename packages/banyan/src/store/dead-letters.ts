/**
 * Dead letters: what is parked, as a person works with it. Parked events are kept per key in the order of the log; the first
 * of a key has failed, the others only wait behind it. So the unit that is given back to the consumer is the key: replay of
 * one event is replay of its key, from its first parked event on, because anything else would break the order.
 *
 * A request is a row in the consumer's own database. Whoever holds the assignment finds it and works on it, each event's
 * effect and its leaving the parked ones in one transaction under the epoch. So a replay may be asked for anywhere, survives
 * any crash, and applies nothing twice.
 */
import { createHash } from 'node:crypto'
import type { Assignment, DeliveryMark, ParkedEvent } from './delivery-mark.ts'

/** Which parked events: one, all that failed alike, or all of a group and source. */
export type DeadSelection = { readonly group: string; readonly source: string } & (
  | { readonly eventId: string }
  /** See {@link DeadGroup}. */
  | { readonly fingerprint: string }
  | { readonly all: true }
)

/** Events that were parked for the same reason. */
export interface DeadGroup {
  readonly group: string
  readonly source: string
  readonly type: string
  /** 12 hexadecimal digits of type and error, numbers and ids left out; empty for keys whose first event never failed. */
  readonly fingerprint: string
  /** The error of the one parked last. */
  readonly error: string
  /** Failed events, one for each key. */
  readonly events: number
  /** Events that wait behind them. */
  readonly waiting: number
  /** How many of the keys are asked to be replayed. */
  readonly replaying: number
  /** How often the one replayed most has failed again. */
  readonly replays: number
  /** One of the failed events, to be looked at. */
  readonly eventId: string
  readonly firstParkedAt: string
  readonly lastParkedAt: string
}

/** How a replay is done. */
export interface ReplayOptions {
  /** Events per second of this request, on one host. Default 100. */
  readonly perSecond?: number
  /** Who asks; kept with the request. */
  readonly by?: string
}

/** Events a second of a replay that says nothing else. */
export const defaultReplaysPerSecond = 100

/** A key that is asked to be replayed. */
export interface ReplayRequest {
  readonly key: string
  /** Requests are rate limited one by one. */
  readonly request: string
  readonly perSecond: number
}

/** How far a group has come with one source. */
export interface GroupProgress {
  readonly group: string
  readonly source: string
  readonly epoch: number
  /** Undefined while nobody holds the assignment. */
  readonly holder: string | undefined
  /** The low-water mark: compare with the end of the log. */
  readonly cursor: number
  readonly parkedEvents: number
  readonly parkedKeys: number
}

/** An event that was given up. */
export interface DiscardedEvent extends Omit<ParkedEvent, 'fingerprint' | 'replays'> {
  /** Who gave it up, and why. */
  readonly by: string
  readonly why: string
  readonly discardedAt: string
}

/** How long what was given up is kept: what is past either limit goes. */
export interface DiscardedLimits {
  /** Since it was given up, in milliseconds. */
  readonly ageMs: number
  /** The newest so many, of all groups of a service. */
  readonly events: number
}

/** 90 days, and 10 000 events. */
export const keepDiscarded: DiscardedLimits = { ageMs: 90 * 86_400_000, events: 10_000 }

/** The dead letters of one consuming service; part of its inbox. */
export interface DeadLetters {
  /** What is parked, grouped by failure, the largest first; at most `limit` (default 1 000). */
  deadGroups(limit?: number): Promise<readonly DeadGroup[]>
  /**
   * Asks for the keys of these events to be replayed; says how many keys. Events that wait behind a replayed one follow it.
   * What fails again is parked again with what is behind it. Asking twice is asking once.
   */
  replay(what: DeadSelection, options?: ReplayOptions): Promise<number>
  /**
   * Gives failed events up: they are kept apart with who and why, never applied, and what waited behind them is replayed. Says
   * how many. `all` and `fingerprint` are about events that failed, not those that wait.
   */
  discard(what: DeadSelection, reason: { readonly by: string; readonly why: string }): Promise<number>
  /** What was given up and is still kept, the newest first; at most `limit`. */
  discarded(limit: number): Promise<readonly DiscardedEvent[]>
  /** Removes what was given up and is past its limits (default {@link keepDiscarded}); says how many. */
  trimDiscarded(limits?: DiscardedLimits): Promise<number>
  /** Keys to be replayed, oldest request first. */
  replays(group: string, source: string, limit: number): Promise<readonly ReplayRequest[]>
  /** Parked events of a key, in order. */
  parkedOf(group: string, source: string, key: string, limit: number): Promise<readonly ParkedEvent[]>
  /**
   * Ends the request for a key when none of its events is parked any more; false while some are. Rejects with `Fenced` under an
   * older epoch.
   */
  endReplay(assignment: Assignment, key: string): Promise<boolean>
  /**
   * A replayed event has failed again: it stays parked with its new error, and the request for its key is over. Rejects with
   * `Fenced`, or with `AlreadyApplied` when it is not parked any more.
   */
  parkAgain(mark: DeliveryMark, failure: { readonly attempts: number; readonly error: string }): Promise<void>
  /** All groups that were ever here. */
  groups(): Promise<readonly GroupProgress[]>
}

/**
 * What a failure has in common with others of its kind: 12 hexadecimal digits of the event's type and the error, without
 * quoted texts, ids, dates and numbers. Empty for an empty error.
 *
 * @example
 * fingerprintOf('orders.placed.v1', "Error: no stock for 'a-1' (7)") === fingerprintOf('orders.placed.v1', "Error: no stock for 'b' (8)") // true
 */
export function fingerprintOf(type: string, error: string): string {
  if (error === '') return ''
  return createHash('sha256')
    .update(`${type}\n${normalised(error)}`)
    .digest('hex')
    .slice(0, 12)
}

function normalised(error: string): string {
  return error
    .slice(0, 500)
    .replace(/'[^']*'|"[^"]*"|`[^`]*`/g, '?')
    .replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi, '?')
    .replace(/[\w.@/:+-]*\d[\w.@/:+-]*/g, '?')
}
