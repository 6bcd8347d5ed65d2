/**
 * The Bus port: the durable log that carries events between services. One log per producing service ("source"), with
 * offsets that grow without gaps in the order in which the relay appended. Memory (here), Postgres (adapters/postgres) and NATS
 * (adapters/nats) implement it and pass one contract suite.
 */
import type { NewEvent, OutboxCursor } from '../store/outbox.ts'
import type { LogKeeping } from './keeping.ts'
import type { LoggedEvent } from './logged-event.ts'

export type { LoggedEvent } from './logged-event.ts'

/** The right to append to one source, for a time, and where its outbox was read up to. */
export interface RelayLease {
  readonly source: string
  readonly epoch: number
  /** Stored by the transaction that appended last; undefined before the first. */
  readonly cursor: OutboxCursor | undefined
}

/** The log of all sources of one system. */
export interface Bus {
  /** Takes or keeps the lease on a source's relay; undefined when another instance has it (see
   * store/holder.ts). A change of holder raises the epoch. */
  lease(source: string, holder: string, leaseMs: number): Promise<RelayLease | undefined>
  /** Appends events and stores the cursor, in one transaction, under the epoch; rejects with {@link Fenced} otherwise. */
  append(lease: RelayLease, events: readonly NewEvent[], cursor: OutboxCursor): Promise<void>
  /** Lets go of the lease. */
  release(lease: RelayLease): Promise<void>
  /**
   * Events of a source after an offset, in order. Offsets have no gaps, so a first one above `afterOffset + 1` says that
   * what lay between is past its retention and gone.
   */
  read(source: string, afterOffset: number, limit: number): Promise<readonly LoggedEvent[]>
  /** The last offset of a source; 0 when there is none. */
  end(source: string): Promise<number>
  /** Wakes the listener when a source has grown. A hint; polling stands behind it. */
  onAppend(listener: (source: string) => void): () => void
  /** Retention, readers and what audits need; left out by a log that something else keeps. */
  readonly keeping?: LogKeeping
  ping(): Promise<void>
  close(): Promise<void>
}
