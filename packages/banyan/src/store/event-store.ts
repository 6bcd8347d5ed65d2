/**
 * The EventStore port: streams of facts in the service's own database. A stream is what happened to one thing, in versions
 * 1, 2, 3 … without a hole; appending says which version it builds upon, and of two writers that build upon the same one
 * only the first gets through.
 *
 * Across streams there is one more order, safe to read: a reader with a cursor loses nothing that commits late, waits for
 * nobody's open transaction and never sees a stream's versions inverted (the same proof as the outbox has, see outbox.ts).
 */

/** What is known about an event beside its data: trace, cause. Text only, so that anybody can read it. */
export type StreamMetadata = Readonly<Record<string, string>>

/** A fact on its way into a stream. */
export interface NewStreamEvent {
  /** UUIDv7, made by the caller once: an append that is repeated with the same ids is the same append. */
  readonly id: string
  /** What happened, like `captured`; 1 to 200 characters. */
  readonly type: string
  /** The version of the data's schema. Default 1. */
  readonly major?: number
  /** Plain JSON. */
  readonly data: unknown
  readonly metadata?: StreamMetadata
}

/** A fact in a stream. */
export interface StreamEvent {
  readonly stream: string
  /** 1, 2, 3 … within its stream. */
  readonly version: number
  /**
   * Unique in the store and growing within each stream. Not a cursor: an event with a smaller one may become visible later.
   */
  readonly position: number
  readonly id: string
  readonly type: string
  readonly major: number
  readonly data: unknown
  readonly metadata: StreamMetadata
  /** When it was appended, in milliseconds since 1970 by the database's clock. */
  readonly timeMs: number
}

/**
 * Which version an append builds upon: a version that was read, `none` (the stream must not exist; the same as 0), `exists`
 * (it must) or `any`. With the last two nobody is kept from deciding on old knowledge: use them for facts that were not
 * decided, like measurements.
 */
export type ExpectedVersion = number | 'none' | 'exists' | 'any'

/** What came of an append. */
export interface Appended {
  /** The stream's version after it. */
  readonly version: number
  /** The position of its last event; what a reader has to have read to have seen it all. */
  readonly position: number
  /** These very events were there already: an earlier try had come through. */
  readonly repeated: boolean
}

/** What is to be read of a stream. */
export interface StreamRange {
  /** First version. Default 1. */
  readonly from?: number
  /** Last version, itself included. Default: the last there is. */
  readonly to?: number
  /** Only what had been appended by then, in milliseconds since 1970: the versions before the first later one. */
  readonly asOfMs?: number
  /** Events at most, 1 to {@link maxStreamPage}. Default 1 000. */
  readonly limit?: number
  /**
   * Also ask for the stream's snapshot. When there is one of this schema, not older than `from` and not beyond `to`, the
   * page has it and its events begin behind it. Not together with `asOfMs`.
   */
  readonly snapshotSchema?: number
}

/** Events of one stream, in order. */
export interface StreamPage {
  readonly events: readonly StreamEvent[]
  /** There is more of what was asked for behind the last event. */
  readonly more: boolean
  readonly snapshot?: StreamSnapshot
}

/** The state that a stream's events up to a version add up to: a shortcut that may be thrown away at any time. */
export interface StreamSnapshot {
  readonly version: number
  /** Which form the state has. A snapshot of another form is as good as none. */
  readonly schema: number
  /** Plain JSON. */
  readonly state: unknown
}

/** Streams inside a transaction. */
export interface TransactionStreams {
  /**
   * Appends 1 to {@link maxAppend} events in one round trip. Rejects with {@link VersionConflict} when the stream is not at
   * the expected version (a writer under way is waited for; the transaction can go on), and with INVALID_ARGUMENT for a bad
   * name or event. The same ids again are the same append: answered as before, nothing written.
   */
  append(
    stream: string,
    events: readonly NewStreamEvent[],
    options: { readonly expected: ExpectedVersion },
  ): Promise<Appended>
  /** A page of a stream; empty for one that does not exist. */
  read(stream: string, range?: StreamRange): Promise<StreamPage>
  /** Keeps the state at a version; an older one of the same schema does not replace a newer one. */
  saveSnapshot(stream: string, snapshot: StreamSnapshot): Promise<void>
}

/** Where a reader of all streams is; opaque, JSON, to be stored in the transaction that stores what was read. */
export interface StreamCursor {
  /** Which database cluster this was read from. Another one refuses it (FAILED_PRECONDITION `FOREIGN_CLUSTER`). */
  readonly cluster: string
  readonly previous: string
  readonly current: string
  readonly lastPosition: string
}

/** What one read of all streams gives. `cursor` is set even when `events` is empty; `more`: reading on at once gives more. */
export interface AllStreamsPage {
  readonly events: readonly StreamEvent[]
  readonly cursor: StreamCursor
  readonly more: boolean
}

/**
 * The event store of one service. `append` on its own is a transaction of its own: one statement. When its answer is lost it
 * is sent again with the same ids, and what happens then says what had happened before.
 */
export interface EventStore extends TransactionStreams {
  /**
   * The next page of all streams after the cursor (from the beginning without one), at most `limit` events, 1 to
   * {@link maxStreamPage}. Order is kept within each stream. `categories` leaves all other streams out.
   */
  readAll(
    cursor: StreamCursor | undefined,
    limit: number,
    options?: { readonly categories?: readonly string[] },
  ): Promise<AllStreamsPage>
  /** True when a reader that has come to the cursor has read the event at this position (of {@link Appended}). */
  hasRead(cursor: StreamCursor, position: number): Promise<boolean>
  /** Wakes the listener after a commit of this process that appended something. A hint; polling stands behind it. */
  onCommit(listener: () => void): () => void
}
