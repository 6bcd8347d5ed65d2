/** What handlers do with the aggregates of their service. Types only, as in context.ts. */
import type {
  AnyAggregate,
  AppendOptions,
  AsOf,
  CommandOf,
  Decided,
  GivenOf,
  InputOf,
  Loaded,
  Past,
  PastRange,
  StateOf,
  StoredOf,
} from '../event-sourcing/aggregate.ts'
import type { Appended } from '../store/event-store.ts'

/** Looking at aggregates; part of every context. */
export interface AggregateReads {
  /**
   * The state of an aggregate of this service: now, or as of a time or a version (`asOf`). One to which nothing has happened
   * has its initial state and version 0.
   *
   * Errors: `UNDECLARED_AGGREGATE`; DATA_LOSS `UNREADABLE_EVENT` for an old event without an upcaster.
   *
   * @example
   * const balanceYesterday = async (ctx: Context, accountId: string): Promise<number> => {
   *   const { state } = await ctx.load(Account, accountId, { asOf: { timeMs: ctx.now() - 86_400_000 } })
   *   return state.balance
   * }
   */
  load<A extends AnyAggregate>(aggregate: A, id: string, asOf?: AsOf): Promise<Loaded<StateOf<A>>>
  /** What has happened to an aggregate of this service, in order, at most `limit` (default 1 000) events from `from` on. */
  history<A extends AnyAggregate>(aggregate: A, id: string, range?: PastRange): Promise<Past<StoredOf<A>>>
}

/** Changing aggregates; part of a transaction. */
export interface AggregateWrites {
  /**
   * An aggregate of this service as this transaction sees it. What is appended to it here expects the version that was read:
   * when others were quicker, the transaction runs again, so it must be pure but for `tx`.
   */
  aggregate<A extends AnyAggregate>(aggregate: A, id: string): Promise<Loaded<StateOf<A>>>
  /**
   * Takes a decision: runs the command's `decide` on the aggregate's state, appends the events that follow, and publishes those
   * that are events of the contract, all in this transaction. When others were quicker it is decided again, at most 16 times;
   * what `tx.aggregate` has shown before is not decided again here, but by running the transaction again.
   *
   * Errors: what `decide` throws; `UNDECLARED_AGGREGATE`, `UNKNOWN_COMMAND`, `INVALID_INPUT`; INTERNAL `INVALID_EVENT` for an
   * event that does not fit its schema; ABORTED `VERSION_CONFLICT` when others were quicker every time.
   *
   * @example
   * const withdraw = async (tx: Transaction, accountId: string, amount: number): Promise<number> => {
   *   const { state } = await tx.decide(Account, accountId, 'withdraw', { amount })
   *   return state.balance
   * }
   */
  decide<A extends AnyAggregate, K extends CommandOf<A>>(
    aggregate: A,
    id: string,
    command: K,
    input: InputOf<A, K>,
  ): Promise<Decided<StateOf<A>, GivenOf<A>>>
  /**
   * Appends events to an aggregate, and publishes those that are events of the contract. It must be at the version that this
   * transaction has loaded (loading it if it has not), or at `expected`.
   *
   * Errors: ABORTED `VERSION_CONFLICT` (see `VersionConflict`), INTERNAL `INVALID_EVENT`, `UNDECLARED_AGGREGATE`.
   */
  append<A extends AnyAggregate>(
    aggregate: A,
    id: string,
    events: readonly GivenOf<A>[],
    options?: AppendOptions,
  ): Promise<Appended>
}
