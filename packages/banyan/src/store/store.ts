/**
 * The Store port: what the runtime needs of one service's own database. Memory (here) and Postgres (adapters/postgres)
 * implement it and pass one contract suite (testing/suites).
 *
 * Everything that must be true together commits together: business rows, outbox rows, the inbox mark of the delivery being
 * handled, the outcome of the idempotency key being served.
 */
import type { Kysely } from 'kysely'
import type { Bridges } from './bridges.ts'
import type { EventStore, TransactionStreams } from './event-store.ts'
import type { Idempotency, IdempotencyClaim } from './idempotency.ts'
import type { DeliveryMark, Inbox, Passage } from './inbox.ts'
import type { Migration, MigrationStatus } from './migration.ts'
import type { NewEvent, Outbox } from './outbox.ts'
import type { Projections } from './projections.ts'
import type { Sagas, TransactionSagas } from './sagas.ts'
import type { Due, Scheduled } from './scheduled.ts'

/** READ COMMITTED unless said otherwise. */
export type Isolation = 'read committed' | 'repeatable read' | 'serializable'

/** One open transaction. Not to be used after the function it was given to has ended. */
export interface StoreTransaction {
  /** Typed query builder bound to this transaction. Throws in stores that speak no SQL. */
  // biome-ignore lint/suspicious/noExplicitAny: the tables are known only to the service's own types
  readonly db: Kysely<any>
  /** The event store's streams; what is appended commits with everything else. */
  readonly streams: TransactionStreams
  /** Runs of sagas: what is started, sent and written commits with everything else. */
  readonly sagas: TransactionSagas
  /** Raw SQL with bound parameters: tx.sql`select … where id = ${id}`. */
  sql<Row = Record<string, unknown>>(text: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row[]>
  /**
   * Buffers an event for the outbox of this transaction; it goes out with COMMIT. At most `maxEventsPerTransaction` (1000). With
   * `due` it waits among the scheduled events first. Throws INVALID_ARGUMENT `BAD_DUE` for a due time that is none.
   */
  publish(event: NewEvent, due?: Due): void
  /** Takes a scheduled event back, if this transaction commits; false when it is not waiting (any more). */
  unschedule(eventId: string): Promise<boolean>
}

/** How to run a transaction. */
export interface TransactOptions {
  readonly isolation?: Isolation
  readonly readOnly?: boolean
  /** Aborted: the wait for a connection ends, a running statement is cancelled, nothing commits. */
  readonly signal?: AbortSignal
  /**
   * The delivery this transaction applies: its mark is written and its epoch checked in the same transaction. Rejects with
   * {@link AlreadyApplied} or {@link Fenced} and rolls everything back. Several, of one group and source under one epoch, are
   * applied all or none, by one statement; a replayed one comes alone.
   */
  readonly delivery?: DeliveryMark | readonly DeliveryMark[]
  /**
   * The stretch of a log that this transaction applies: its events are marked and the low-water mark is moved in the same
   * transaction. Rejects with {@link Fenced} or {@link PassageMoved} and rolls everything back. Not together with `delivery`.
   */
  readonly passage?: Passage
  /**
   * The idempotency key this transaction serves. When a result is stored already, the work is not run and that result is
   * returned. Rejects with ABORTED `IDEMPOTENCY_KEY_IN_USE` while another transaction holds the key, and with
   * INVALID_ARGUMENT `IDEMPOTENCY_KEY_REUSED` for another fingerprint.
   */
  readonly idempotency?: IdempotencyClaim
}

/** One service's own database. */
export interface Store {
  /** Typed builder outside of transactions, for reads. Throws in stores that speak no SQL. */
  // biome-ignore lint/suspicious/noExplicitAny: the tables are known only to the service's own types
  readonly db: Kysely<any>
  sql<Row = Record<string, unknown>>(text: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row[]>
  /**
   * Runs the work in one transaction. Serialization failures and deadlocks (40001, 40P01) run it again, at most
   * `maxTransactionAttempts` (3) times in all, so it must be pure but for `tx`. An ambiguous commit (the connection broke
   * while COMMIT was under way) is read back by its mark: applied is success, not applied runs again.
   */
  transact<Result>(work: (tx: StoreTransaction) => Promise<Result>, options?: TransactOptions): Promise<Result>
  /** Applies what is not applied yet, under a lock, in order, each once. */
  migrate(migrations: readonly Migration[]): Promise<readonly MigrationStatus[]>
  readonly outbox: Outbox
  readonly inbox: Inbox
  readonly idempotency: Idempotency
  /** Events that are published but not due. */
  readonly scheduled: Scheduled
  /** Streams of facts, see event-store.ts. */
  readonly streams: EventStore
  /** Runs of sagas, their journals and mailboxes. */
  readonly sagas: Sagas
  /** Notes and requests of this service's bridges. */
  readonly bridges: Bridges
  /** The books of read models. */
  readonly projections: Projections
  /** Rejects with UNAVAILABLE when the database does not answer. */
  ping(signal?: AbortSignal): Promise<void>
  /** Waits for what is running, then closes; bounded by `withinMs`. */
  close(withinMs?: number): Promise<void>
}
