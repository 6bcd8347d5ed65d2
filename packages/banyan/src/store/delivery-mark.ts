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
