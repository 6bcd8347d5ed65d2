/** What a delivery is known by: who applies what, and what becomes of an event that cannot be applied. */

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

/**
 * A stretch of a log that one transaction applies as a whole, in the log's order: it marks the events and moves the low-water
 * mark over the stretch with its effects. For who has nothing beside it under way: the events of a stretch are not marked one by
 * one, which costs a row each, but together, and count as marked all the same.
 */
export interface Passage {
  readonly group: string
  /** The producing service. */
  readonly source: string
  /** The assignment under which it is applied. */
  readonly epoch: number
  /** The low-water mark before it; the transaction is refused when it is another. */
  readonly after: number
  /** The low-water mark behind it. */
  readonly upTo: number
  /** What is applied, with its place in the log. None of it was applied before: see {@link Inbox.newest}. */
  readonly events: readonly { readonly id: string; readonly offset: number }[]
}

/** The highest ids, as text, of what a group has applied of a source: so much is known without a look at each. */
export interface NewestApplied {
  /** Of any event; '' when there is none. */
  readonly marked: string
  /** Of events that were applied by passages; '' when there is none. */
  readonly passed: string
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

/** When an event was made, from its id, in milliseconds since 1970; undefined when the id is no UUID of version 7. */
export function timeOfEventId(eventId: string): number | undefined {
  if (eventId.length !== 36 || eventId[14] !== '7') return undefined
  const ms = Number.parseInt(eventId.slice(0, 8) + eventId.slice(9, 13), 16)
  return Number.isNaN(ms) ? undefined : ms
}
