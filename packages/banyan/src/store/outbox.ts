/**
 * The Outbox port: events written by the business transaction, read by the relay in an order that loses nothing, waits for
 * nobody else's transaction and never inverts a key.
 *
 * Reading is by snapshot difference (PgQ; see docs/decisions): a page is what is visible in the current snapshot and was not
 * in the previous one, ordered by id. Serial ids alone lose events that commit late; holding back to xmin stalls behind any
 * open transaction of the cluster and inverts keys.
 */

/** An event on its way into the outbox; the id is made by the caller (UUIDv7). */
export interface NewEvent {
  readonly id: string
  /** `<contract>.<event>.v<major>` */
  readonly type: string
  /** Order is kept per (producing service, key). */
  readonly key: string
  /** The whole CloudEvents 1.0 envelope as JSON text (structured mode), data included. */
  readonly envelope: string
}

/** Where a reader of an outbox is; opaque, JSON, to be stored in the transaction that stores what was read. */
export interface OutboxCursor {
  /** Which database cluster this was read from. Another one refuses it (FAILED_PRECONDITION `FOREIGN_CLUSTER`). */
  readonly cluster: string
  readonly previous: string
  readonly current: string
  /** Last id read of the difference between the two snapshots, as text. */
  readonly lastId: string
}

/** What one read gives. `cursor` is set even when `events` is empty; `more` says that reading again at once will give more. */
export interface OutboxPage {
  readonly events: readonly NewEvent[]
  readonly cursor: OutboxCursor
  readonly more: boolean
}

/** How the rows that were sent are got rid of; counts of this process. */
export interface OutboxStorage {
  /** Partitions emptied at once. */
  readonly emptied: number
  /** Rows that had to be deleted one by one. */
  readonly deleted: number
  /** Who keeps a partition from being emptied, as of the last trim: it is tried again with the next one. */
  readonly held: string | undefined
}

/** What waits in an outbox. */
export interface OutboxExtent {
  /** Events beyond the cursor; counted to 100 000 at most. */
  readonly waiting: number
  /** Age of the oldest of them in milliseconds; 0 when none waits, left out where it is not known. */
  readonly oldestMs?: number
  /** Space that the outbox takes, sent events included. */
  readonly bytes?: number
}

/** What an outbox can say of the events that a cursor has passed, for the audit of the log. */
export interface OutboxCensus {
  /** How many were committed and passed since counting began: when the outbox was made, or adopted. */
  readonly passed: number
  /** The last of them that are still there, in the order of their ids, which is that of their keys. */
  readonly latest: readonly { readonly id: string; readonly key: string }[]
}

/** The outbox of one service's database. */
export interface Outbox {
  /** The next page after the cursor (after what was trimmed without one). One statement, so one snapshot. */
  read(cursor: OutboxCursor | undefined, limit: number): Promise<OutboxPage>
  /**
   * Removes what lies safely behind the cursor; returns how many events that are. They are not read again, but the space
   * they take may be freed later, and nobody's transaction is waited for. A cursor behind an earlier one does nothing.
   */
  trim(cursor: OutboxCursor): Promise<number>
  /**
   * Counts what the cursor has passed. Undefined when it cannot be said: the cursor is in the middle of a page's difference,
   * or was overtaken by a trim; another moment's cursor can be counted.
   */
  census?(cursor: OutboxCursor, limit: number): Promise<OutboxCensus | undefined>
  /** What became of the space, where that is worth telling. */
  storage?(): OutboxStorage
  /** Wakes the listener after a commit of this process that published something. A hint; polling stands behind it. */
  onCommit(listener: () => void): () => void
  /** How many rows wait (for status pages; may be an estimate). */
  depth(): Promise<number>
  /** What waits beyond a cursor (beyond what was trimmed without one), how old it is, and what space all takes. */
  extent?(after: OutboxCursor | undefined): Promise<OutboxExtent>
}
