/**
 * Where a projection keeps its rows: the port. Three things implement it: the service's own database (database-target.ts), keyed
 * tables in memory, and Redis (adapters/redis); one contract suite goes over all.
 *
 * Every event is applied inside a transaction of the service's own store, which has written the event's mark and holds its
 * assignment. A target in that same database just writes in it. A target elsewhere applies rows and a cursor of its own in
 * one atomic step, so that the step may be repeated when the store's commit fails after it: what lies at or below the
 * cursor is not applied again, and an older epoch is refused.
 */
import { BanyanError } from '../core/error.ts'
import type { ProjectionVersion, SqlTransaction } from '../store/projections.ts'

/** What is being applied: a run of events of one lane, in order, up to and including `offset`. */
export interface TargetStep {
  /** The producing service. */
  readonly source: string
  /** Events of one lane come one after the other; each lane has a cursor of its own. */
  readonly lane: string
  /** Of the assignment under which it is applied. */
  readonly epoch: number
  readonly offset: number
}

/** An open target of one projection. `Tx` is what handlers write with, `View` what readers read with. */
export interface ProjectionTarget<Tx = unknown, View = unknown> {
  /** Makes the place of a version, inside the transaction that registers it. Repeating it does no harm. */
  prepare(of: ProjectionVersion, store: SqlTransaction, create: (tx: Tx) => Promise<void>): Promise<void>
  /**
   * Applies the work and the step's cursor, both or neither. The work is told which offset of the lane was applied before and
   * leaves out what lies up to it: a step may come again as part of a longer one. A step that was applied before as a whole does
   * nothing. Rejects with `Fenced` when an assignment of a higher epoch has applied something since, and with {@link CursorMoved}
   * when somebody else has applied something of the lane meanwhile.
   */
  apply(
    of: ProjectionVersion,
    step: TargetStep,
    store: SqlTransaction,
    work: (tx: Tx, after: number) => Promise<void>,
  ): Promise<void>
  /** What readers of this version read with. */
  view(of: ProjectionVersion): View
  /** Removes a version with all its rows, inside the transaction that takes it out of the books. */
  destroy(of: ProjectionVersion, store: SqlTransaction): Promise<void>
  close(): Promise<void>
}

/** What a target is opened with. */
export interface TargetContext {
  readonly service: string
  readonly store: TargetStore
}

/** What targets see of the service's own database. */
export interface TargetStore {
  // biome-ignore lint/suspicious/noExplicitAny: the tables are known only to the projection's own types
  readonly db: import('kysely').Kysely<any>
  transact<Result>(
    work: (tx: SqlTransaction) => Promise<Result>,
    options?: { readonly readOnly?: boolean },
  ): Promise<Result>
}

/** A target as a description; the host opens it. */
export interface TargetDefinition<Tx = unknown, View = unknown> {
  readonly kind: string
  /**
   * How many events may be applied at a time, where the target keeps a cursor for each lane: keys are spread over the lanes.
   * Undefined: every key is a lane of its own, because the marks of the store are all the cursor there is. Fixed for the life of
   * a version.
   */
  readonly lanes: number | undefined
  open(context: TargetContext): Promise<ProjectionTarget<Tx, View>>
}

/** Somebody else has applied something of the lane while the work ran: nothing was written, and it is to be tried again. */
export class CursorMoved extends BanyanError {
  constructor({ name, version }: ProjectionVersion, lane: string) {
    super('ABORTED', `the cursor of '${lane}' of projection '${name}' version ${version} has moved meanwhile`, {
      reason: 'CURSOR_MOVED',
      retryable: true,
    })
  }
}
