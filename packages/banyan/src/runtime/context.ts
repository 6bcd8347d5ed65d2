/**
 * What a handler is given. Types only: the call pipeline implements them. `Allowed` is the set of operations that the
 * service declared in `calls`, as strings; `Own` the name of its contract; `Tables` the interface of its database.
 */
import type { Kysely } from 'kysely'
import type { AnyContract, AnyOperation } from '../contract/define-contract.ts'
import type { ContractError, DetailsArgument, ErrorOf } from '../contract/error-type.ts'
import type { Event } from '../contract/event.ts'
import type { Operation, Owned } from '../contract/operation.ts'
import type { Projection } from '../projection/define-projection.ts'
import type { ExternalCall } from '../saga/external-call.ts'
import type { Due } from '../store/scheduled.ts'
import type { Isolation } from '../store/store.ts'
import type { AggregateReads, AggregateWrites } from './aggregate-context.ts'
import type { SagaCommands, SagaReads, SagaWrites } from './saga-access.ts'

/** What may be listed in `calls`: a whole contract, or single operations of it. */
export type Callable = AnyContract | AnyOperation

/** What a list of {@link Callable}s allows: `inventory.*` as `inventory.${string}`, or `payments.authorize`. */
export type Allow<C> = C extends { readonly contract: infer N extends string; readonly name: infer K extends string }
  ? `${N}.${K}`
  : C extends { readonly $banyan: 'contract'; readonly name: infer N extends string }
    ? `${N}.${string}`
    : never

/** The operation itself when it was declared in `calls`, else a message. */
export type Declared<
  Op extends Operation & Owned,
  Allowed extends string,
> = `${Op['contract']}.${Op['name'] & string}` extends Allowed
  ? Op
  : `'${Op['contract']}.${Op['name'] & string}' is not declared: add ${Capitalize<Op['contract']>} to 'calls'`

/** The event itself when it is the service's own, else a message. */
export type OwnEvent<E extends Event & Owned, Own extends string> = E['contract'] extends Own
  ? E
  : `'${E['contract']}.${E['name'] & string}' belongs to another service: only ${Capitalize<E['contract']>} may publish it`

/** Success, or one of the operation's declared errors; whatever else goes wrong is still thrown. */
export type Attempt<Output, Err> =
  | { readonly ok: true; readonly value: Output }
  | { readonly ok: false; readonly error: Err }

/** What one call may say for itself. */
export interface CallOptions {
  /** A deadline shorter than the contract's and the caller's own, in milliseconds. */
  readonly timeoutMs?: number
  /** The same key means the same call: a command is then executed once, and its answer repeated. 1 to 255 characters. */
  readonly idempotencyKey?: string
}

/** Writes one line, with the service, the operation and the trace filled in. */
export type LogLine = (message: string, fields?: Readonly<Record<string, unknown>>) => void

/** The log of a handler. */
export interface ContextLog {
  readonly debug: LogLine
  readonly info: LogLine
  readonly warn: LogLine
  readonly error: LogLine
}

/** Where this work belongs in a distributed trace (W3C Trace Context). */
export interface ContextTrace {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits. */
  readonly spanId: string
  readonly sampled: boolean
}

/** Stands where a service without a database would have its query builder: give `defineService` a `database`. */
// biome-ignore lint/suspicious/noEmptyInterface: its name is what the compiler says, and any database fits into it
export interface NoDatabase {}

/** The typed query builder of a service. `Tables` is unknown when it has no database. */
export type Database<Tables> = unknown extends Tables ? NoDatabase : Kysely<Tables>

/** Raw SQL with bound parameters: sql`select on_hand from item where sku = ${sku}`. */
export type Sql = <Row = Record<string, unknown>>(
  text: TemplateStringsArray,
  ...values: readonly unknown[]
) => Promise<Row[]>

/** What every handler is given. */
export interface Context<Allowed extends string = string, Tables = unknown> extends AggregateReads {
  /**
   * Calls an operation of another service: same meaning in process and across the network. Rejects with a BanyanError.
   * Only what `calls` declares; never inside a transaction.
   */
  call<Op extends Operation & Owned>(
    operation: Declared<Op, Allowed>,
    input: Op['~types']['input'],
    options?: CallOptions,
  ): Promise<Op['~types']['output']>
  /** Like `call`, but the errors that the operation declares come back as values, told apart by `error.reason`. */
  attempt<Op extends Operation & Owned>(
    operation: Declared<Op, Allowed>,
    input: Op['~types']['input'],
    options?: CallOptions,
  ): Promise<Attempt<Op['~types']['output'], ErrorOf<Op['~types']['errors']>>>
  /** Asks somebody else's system over HTTP, until the deadline; see `externalCall`. Never inside a transaction. */
  externalCall<Result>(call: ExternalCall<Result>): Promise<Result>
  /** Aborted when the caller gave up, the deadline passed or the host stops. Give it to `fetch`. */
  readonly signal: AbortSignal
  /** Milliseconds until the deadline; 0 when it has passed, Infinity when there is none. */
  remainingMs(): number
  /** Who calls: a service's name, the authenticated caller at the edge, or `anonymous`. */
  readonly caller: string
  /** The key under which this command is executed once. */
  readonly idempotencyKey: string | undefined
  readonly trace: ContextTrace
  /** W3C Baggage: small text that travels with the whole tree of calls. */
  readonly baggage: Readonly<Record<string, string>>
  readonly log: ContextLog
  /** Milliseconds since 1970. Instead of `Date.now()`, so that tests own the clock. */
  now(): number
  /** A new UUIDv7. Instead of `crypto.randomUUID()`. */
  newId(): string
  /** Waits; rejects when `signal` is aborted. Instead of `setTimeout`. */
  sleep(durationMs: number): Promise<void>
  /**
   * What readers of a projection of this service see now: the live version, to be read with whatever its target reads with.
   * When the request says what it must see (a position token), or this handler has caused something to be published, it
   * waits until that has been applied: at most `timeoutMs` (default 2 000) and until the deadline.
   *
   * Errors: UNAVAILABLE `POSITION_NOT_REACHED` after that time, `PROJECTION_BUILDING` while no version is live yet.
   *
   * @example
   * const listOrders = async (ctx: Context) => {
   *   const { db } = await ctx.projection(CustomerOrders)
   *   return db.selectFrom('customer_order').selectAll().execute()
   * }
   */
  projection<View>(
    projection: Projection<string, View>,
    options?: { readonly timeoutMs?: number },
  ): Promise<View & { readonly version: number }>
  /**
   * Waits until the projections of this service have what a position token names: at most `timeoutMs` (default 2 000).
   * Rejects as `projection` does, and with INVALID_ARGUMENT for a text that is no token.
   */
  waitFor(position: string, options?: { readonly timeoutMs?: number }): Promise<void>
  /** The sagas of this service: looked at, waited for, asked. */
  readonly sagas: SagaReads
  /** A token of what this work and its calls have published so far, and of what it must see; undefined when there is nothing. */
  readonly positionToken: string | undefined
  /** The service's own database outside of transactions, for reads. */
  readonly db: Database<Tables>
  /** The service's own database outside of transactions, in SQL. */
  readonly sql: Sql
  /**
   * Exist only for the compiler: a handler may be given a context that allows more calls and has more tables than it asks
   * for, not one with less. (Methods alone would let both pass.)
   */
  readonly '~allows': (operation: Allowed) => void
  readonly '~tables': Tables
}

/** What handlers of queries are given: no `transact`, since a query must not change anything. */
export interface QueryContext<Allowed extends string = string, Tables = unknown> extends Context<Allowed, Tables> {}

/** One open transaction of the service's own database. Not to be used after its function has ended. */
export interface Transaction<Own extends string = string, Tables = unknown> extends AggregateWrites {
  readonly db: Database<Tables>
  readonly sql: Sql
  /** Publishes an event of this service if and only if the transaction commits. */
  publish<E extends Event & Owned>(event: OwnEvent<E, Own>, data: E['~types']['data']): void
  /**
   * Publishes an event of this service later: `afterMs` after now or `at` a time (milliseconds since 1970), by the clock of the
   * database, up to ten years ahead. It takes its place in its key's order when it becomes due. Gives the event's id, by which
   * {@link cancel} takes it back until then.
   *
   * @example
   * const remind = (tx: Transaction<'orders'>, orderId: string): string =>
   *   tx.publish(Orders.events.paymentOverdue, { orderId }, { afterMs: 24 * 3_600_000 })
   */
  publish<E extends Event & Owned>(event: OwnEvent<E, Own>, data: E['~types']['data'], due: Due): string
  /** Sagas of this service, started and told if and only if the transaction commits. */
  readonly sagas: SagaWrites
  /** Takes an event back that is published but not due, if the transaction commits; false when it is too late. */
  cancel(eventId: string): Promise<boolean>
}

/** How to run a transaction. */
export interface TransactionOptions {
  /** Default 'read committed'. */
  readonly isolation?: Isolation
}

/** What handlers of commands, events and jobs are given. */
export interface CommandContext<Own extends string = string, Allowed extends string = string, Tables = unknown>
  extends Context<Allowed, Tables> {
  /**
   * Runs the work in one transaction; rows, events and the mark that this command or delivery was done commit together.
   * Once per handler. The work runs again (3 times at most) after a serialization failure, so it must be pure but for `tx`.
   */
  transact<Result>(
    work: (tx: Transaction<Own, Tables>) => Promise<Result>,
    options?: TransactionOptions,
  ): Promise<Result>
  /** The sagas of this service: started, told, asked. */
  readonly sagas: SagaCommands
  /** Exists only for the compiler: a context of another service does not fit. */
  readonly '~publishes': (contract: Own) => void
}

/** Adds `fail`, typed by the errors of the operation being handled. */
export interface Failing<Errs> {
  /**
   * Makes one of the operation's declared errors, to be thrown.
   *
   * @example throw ctx.fail('OUT_OF_STOCK', { sku, available: 0 })
   */
  fail<K extends keyof Errs & string>(reason: K, ...details: DetailsArgument<Errs[K]>): ContractError<K, Errs[K]>
}

/** An event as a subscriber receives it. */
export interface Delivered<Data = unknown> {
  /** The same at every redelivery. */
  readonly id: string
  /** `<contract>.<event>.v<major>` */
  readonly type: string
  readonly data: Data
  /** The value of the event's key field; events of one key arrive in order. */
  readonly key: string
  /** The service that published it. */
  readonly source: string
  /** When it was published, in milliseconds since 1970. */
  readonly timeMs: number
  /** 1 at the first try. */
  readonly attempt: number
  /** The event that its publisher was handling when it published this one. */
  readonly causationId?: string | undefined
}

/**
 * The context of a handler that lies in a file of its own.
 *
 * @example
 * type Ctx = ContextOf<typeof Orders, typeof Inventory | typeof Payments.authorize, OrdersTables>
 * export const onCaptured = subscribe(Payments.events.captured, async (event, ctx: Ctx) => { … })
 */
export type ContextOf<Self extends AnyContract, Calls extends Callable = never, Tables = unknown> = CommandContext<
  Self['name'],
  Allow<Calls>,
  Tables
>
