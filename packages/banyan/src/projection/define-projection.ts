/**
 * `defineProjection`: a read model as a description. Which events it reads, what it writes for each, where it keeps its rows, and
 * how a new version takes over from the one before. Nothing runs here; the host feeds it and swaps versions.
 */
import { contractName } from '../contract/contract-faults.ts'
import type { AnyEvent } from '../contract/define-contract.ts'
import type { Event } from '../contract/event.ts'
import type { Owned } from '../contract/operation.ts'
import { BanyanError } from '../core/error.ts'
import { type DatabaseTx, type DatabaseView, ownDatabase } from './database-target.ts'
import type { ReadSnapshot } from './snapshot-source.ts'
import type { TargetDefinition } from './target.ts'

/** An event as a projection sees it. */
export interface ProjectedEvent<Data = unknown> {
  readonly id: string
  /** The type under which the projection asked for it: older versions were brought up to date. */
  readonly type: string
  readonly data: Data
  readonly key: string
  /** The service that published it. */
  readonly source: string
  /** When it was published, in milliseconds since 1970. */
  readonly timeMs: number
}

/** What a projection does with one event, or with many of one type; made by `on` and `on.batch`. */
export interface ProjectionHandler<in Tx = never, out Source extends string = string> {
  readonly event: AnyEvent & Owned<Source>
  /** The handler takes many events at once. */
  readonly batch: boolean
  readonly handle: (given: never, tx: Tx) => Promise<unknown> | void
}

/** What `on: (on) => […]` is given. */
export interface ProjectOn<Tx> {
  /** Handles events of a type one by one. */
  <R, Source extends string>(
    event: Event<unknown, R> & Owned<Source>,
    handle: (event: ProjectedEvent<R>, tx: Tx) => Promise<unknown> | void,
  ): ProjectionHandler<Tx, Source>
  /**
   * Handles events of a type many at once, so that one statement writes them: those of one transaction (up to {@link maxStretch},
   * at least one), as many as can go together without an event passing another one of its key. Events of one key stand in their
   * order; with `order: 'total'` all do. They may meet on the same row.
   *
   * @example
   * // One statement for all; rows in one order, so that two transactions cannot wait for each other in a circle.
   * defineProjection('placed', {
   *   version: 1,
   *   create: ['create table placed (order_id text primary key)'],
   *   on: (on) => [
   *     on.batch(Orders.events.placed, (events, tx) => tx.sql`
   *       INSERT INTO placed SELECT DISTINCT id FROM unnest(${events.map(({ data }) => data.orderId)}::text[]) AS id
   *       ORDER BY id ON CONFLICT DO NOTHING`),
   *   ],
   * })
   */
  batch<R, Source extends string>(
    event: Event<unknown, R> & Owned<Source>,
    handle: (events: readonly ProjectedEvent<R>[], tx: Tx) => Promise<unknown> | void,
  ): ProjectionHandler<Tx, Source>
}

/** What {@link defineProjection} takes; times in milliseconds. */
export interface ProjectionSpec<Tx, View, Source extends string> {
  /** Raise it whenever tables or handlers change: the new version is filled beside the old one. From 1. */
  readonly version: number
  /** Where the rows are kept. Default: the service's own database. */
  readonly target?: TargetDefinition<Tx, View>
  /** Makes the tables of this version: statements, or a function. Run once, with the version's own schema in front. */
  readonly create?: readonly string[] | ((tx: Tx) => Promise<unknown>)
  /** What to do with which event. Runs again after a failure, so it must be pure but for `tx`. */
  readonly on: (on: ProjectOn<Tx>) => readonly ProjectionHandler<Tx, Source>[]
  /**
   * The version before, when its definition is still at hand: this host feeds it too until it is dropped, so that readers see
   * it fresh while the new one is filled. Without it, readers see the old rows as they were until the swap.
   */
  readonly previous?: Projection<string>
  /**
   * `async` (default): applied soon after they were published, by a consumer. `inline`: applied by the transaction that publishes,
   * which fails when a handler does; for events of the service itself, in its own database. Until a version is live, and for what
   * other versions of the program publish, the consumer applies them all the same, each once.
   */
  readonly mode?: 'async' | 'inline'
  /** `key` (default): events of one key in order, keys in parallel. `total`: all events of one source in order. */
  readonly order?: 'key' | 'total'
  /** Keys (or lanes) at a time, 1 to 256. Default 16. */
  readonly concurrency?: number
  /** Events applied in one transaction, 1 to 500. Default 100. */
  readonly batch?: number
  /** What to do when the log no longer has its beginning. Default `whole`: refuse to build, and say from where it has events. */
  readonly history?: 'whole' | 'available'
  /**
   * Where to begin when the log no longer has its beginning: the producer's state, of one event type, into the service's own
   * database. The handler must compare versions: see `replicate`.
   */
  readonly snapshot?: ReadSnapshot
  /** A version that is behind the log's end by no more than so many events may be swapped in. Default 1 000. */
  readonly maxLag?: number
  /** How long a version is kept after it was live. Default a day. */
  readonly keepRetiredMs?: number
}

/** A projection, as frozen data. `Source` names the contracts whose events it reads. */
export interface Projection<out Source extends string = string, out View = unknown> {
  readonly $banyan: 'projection'
  readonly name: string
  readonly version: number
  /** Set by the host that keeps it, for each build of the version. */
  readonly build?: number
  readonly target: TargetDefinition<never, View>
  readonly create: readonly string[] | ((tx: never) => Promise<unknown>) | undefined
  readonly handlers: readonly ProjectionHandler<never, Source>[]
  readonly previous: Projection | undefined
  readonly mode: 'async' | 'inline'
  readonly order: 'key' | 'total'
  readonly concurrency: number
  readonly batch: number
  readonly history: 'whole' | 'available'
  readonly snapshot: ReadSnapshot | undefined
  readonly maxLag: number
  readonly keepRetiredMs: number
}

/**
 * Describes a read model.
 *
 * Errors: INVALID_ARGUMENT `INVALID_PROJECTION` with all that is wrong with it.
 *
 * @example
 * interface Tables { customer_order: { order_id: string; status: string } }
 * export const CustomerOrders = defineProjection('customer-orders', {
 *   version: 1,
 *   target: ownDatabase<Tables>(),
 *   create: ['create table customer_order (order_id text primary key, status text not null)'],
 *   on: (on) => [
 *     on(Orders.events.placed, ({ data }, tx) =>
 *       tx.db.insertInto('customer_order').values({ order_id: data.orderId, status: 'pending' }).execute()),
 *   ],
 * })
 */
export function defineProjection<Tx = DatabaseTx, View = DatabaseView, Source extends string = never>(
  name: string,
  spec: ProjectionSpec<Tx, View, Source>,
): Projection<Source, View> {
  const handlers = spec.on(createOn() as never)
  const projection = {
    $banyan: 'projection',
    name,
    version: spec.version,
    target: spec.target ?? (ownDatabase() as never),
    create: spec.create,
    handlers: Object.freeze([...handlers]),
    previous: spec.previous,
    mode: spec.mode ?? 'async',
    order: spec.order ?? 'key',
    concurrency: spec.concurrency ?? 16,
    batch: spec.batch ?? 100,
    history: spec.history ?? 'whole',
    snapshot: spec.snapshot,
    maxLag: spec.maxLag ?? 1_000,
    keepRetiredMs: spec.keepRetiredMs ?? 86_400_000,
  } as unknown as Projection<Source, View>
  const faults = projectionFaults(projection)
  if (faults.length === 0) return Object.freeze(projection)
  const message = `projection '${name}':\n${faults.map((fault) => `  - ${fault}`).join('\n')}`
  throw new BanyanError('INVALID_ARGUMENT', message, { reason: 'INVALID_PROJECTION' })
}

/** What makes handlers, of one event or of many. */
function createOn(): object {
  const handler =
    (batch: boolean) =>
    (event: AnyEvent, handle: unknown): object =>
      Object.freeze({ event, handle, batch })
  return Object.assign(handler(false), { batch: handler(true) })
}

/** The longest name: with prefix and version it still is a name of Postgres (63 bytes). */
const maxNameLength = 48

function projectionFaults(of: Projection): readonly string[] {
  const faults: string[] = []
  const check = (fine: boolean, fault: string): void => {
    if (!fine) faults.push(fault)
  }
  check(
    typeof of.name === 'string' && contractName.test(of.name) && of.name.length <= maxNameLength,
    `the name must be lower case letters, digits and '-', a letter first, at most ${maxNameLength} characters`,
  )
  check(within(of.version, 1, 99_999), `version ${of.version} must be a whole number from 1 to 99999`)
  check(within(of.concurrency, 1, 256), `concurrency ${of.concurrency} must be a whole number from 1 to 256`)
  check(within(of.batch, 1, 500), `batch ${of.batch} must be a whole number from 1 to 500`)
  check(within(of.maxLag, 0, Number.MAX_SAFE_INTEGER), `maxLag ${of.maxLag} must be a whole number from 0`)
  check(within(of.keepRetiredMs, 0, Number.MAX_SAFE_INTEGER), `keepRetiredMs ${of.keepRetiredMs} must be from 0`)
  check(of.handlers.length > 0, 'it handles no event')
  check(
    of.mode === 'async' || of.target?.kind === 'database',
    "only a projection in the service's own database can be inline",
  )
  check(
    of.mode === 'async' || sourcesOf(of).length === 1,
    'an inline projection reads the events of one service, its own',
  )
  check(
    of.snapshot === undefined || (of.handlers.length === 1 && of.target?.kind === 'database'),
    "a snapshot is of one event, into the service's own database",
  )
  const types = of.handlers.map(({ event }) => event?.wire)
  for (const [index, { event, handle }] of of.handlers.entries()) {
    check(
      event?.kind === 'event' && typeof handle === 'function',
      `on[${index}] needs an event of a contract and a handler`,
    )
    check(types.indexOf(event?.wire) === index, `on[${index}]: '${event?.wire}' is handled twice`)
  }
  if (of.previous !== undefined) faults.push(...previousFaults(of, of.previous))
  return faults
}

function previousFaults(of: Projection, previous: Projection): readonly string[] {
  if (previous.$banyan !== 'projection') return ['previous must be a projection']
  if (previous.name !== of.name) return [`previous is of another projection, '${previous.name}'`]
  return previous.version < of.version ? [] : [`previous has version ${previous.version}, which is not older`]
}

function within(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max
}

/** The services whose events a projection reads. */
export function sourcesOf(projection: Projection): readonly string[] {
  return [...new Set(projection.handlers.map(({ event }) => event.contract))]
}
