/**
 * `defineService`: the implementation of a contract, as a description. Nothing runs and nothing is opened here; the host
 * does that. Types flow from the contract: every operation needs a handler, each handler's input, output and errors are
 * those of its operation, and it may call only what `calls` declares.
 */

import type { AnyContract } from '../contract/define-contract.ts'
import { BanyanError } from '../core/error.ts'
import type { AnyAggregate } from '../event-sourcing/aggregate.ts'
import type { Projection } from '../projection/define-projection.ts'
import type { FlowDefinition } from '../saga/define-flow.ts'
import type { SagaDefinition } from '../saga/define-saga.ts'
import type { DatabaseDefinition } from '../store/define-database.ts'
import type { Bridge } from './bridge.ts'
import type { Allow, Callable, CommandContext, Failing, QueryContext } from './context.ts'
import type { Schedule } from './schedule/define-schedule.ts'
import type { Job, Service } from './service.ts'
import { serviceFaults } from './service-faults.ts'
import { type On, type Subscription, subscribe } from './subscribe.ts'

export type { AnyHandler, Job, Service, ServiceLike } from './service.ts'
export { isService } from './service.ts'

/**
 * The handler of an operation. Conditional on purpose: with plain indexed access a handler without parameters is checked
 * before the contract is known, and its literals widen.
 */
export type Handler<Op, Own extends string, Allowed extends string, Tables> = Op extends {
  readonly kind: infer Kind
  readonly '~types': { readonly errors: infer Errs; readonly received: infer H; readonly returned: infer R }
}
  ? (
      input: H,
      ctx: (Kind extends 'query' ? QueryContext<Allowed, Tables> : CommandContext<Own, Allowed, Tables>) &
        Failing<Errs>,
    ) => R | Promise<R>
  : never

/**
 * What {@link defineService} takes. `Tables` is inferred from `database` alone, hence NoInfer everywhere else: it says so, and it
 * keeps the compiler from comparing one query builder with another, which costs more than checking five services.
 */
export interface ServiceSpec<C extends AnyContract, Calls extends readonly Callable[], Tables, Source extends string> {
  /** What this service may call: whole contracts, or single operations. Anything else is refused. */
  readonly calls?: Calls
  readonly database?: DatabaseDefinition<Tables>
  readonly operations: NoInfer<{
    readonly [K in keyof C['operations']]: NoInfer<Handler<C['operations'][K], C['name'], Allow<Calls[number]>, Tables>>
  }>
  readonly on?: (
    on: On<NoInfer<CommandContext<C['name'], Allow<Calls[number]>, Tables>>>,
  ) => readonly Subscription<NoInfer<CommandContext<C['name'], Allow<Calls[number]>, Tables>>, Source>[]
  readonly jobs?: readonly Job<NoInfer<CommandContext<C['name'], Allow<Calls[number]>, Tables>>>[]
  /** Work at set times by the clock of the database, each occurrence exactly once over all hosts; `jobs` are for what may run anywhere. */
  readonly schedules?: readonly Schedule<NoInfer<CommandContext<C['name'], Allow<Calls[number]>, Tables>>>[]
  /** What this service keeps as streams of facts, made by `defineAggregate`; handlers reach them by `tx.decide` and `ctx.load`. */
  readonly aggregates?: readonly AnyAggregate[]
  /** Read models of this service, made by `defineProjection`; handlers reach them by `ctx.projection`. */
  readonly projections?: readonly Projection<Source>[]
  /** What brings facts of foreign systems in or events out, as adapters give them: `fromPostgres`, `fromRabbit`, `toRabbit`. */
  readonly bridges?: readonly Bridge[]
  /** Durable functions, made by `defineSaga`; every version that still runs is listed. Handlers reach them by `ctx.sagas`. */
  readonly sagas?: readonly SagaDefinition<
    unknown,
    unknown,
    NoInfer<CommandContext<C['name'], Allow<Calls[number]>, Tables>>
  >[]
  /** Choreographed flows that this service watches, made by `defineFlow`. */
  readonly flows?: readonly FlowDefinition[]
}

type Root<A extends string> = A extends `${infer N}.${string}` ? N : never

/**
 * Implements a contract.
 *
 * @example
 * export const inventory = defineService(Inventory, {
 *   calls: [Catalog],
 *   database: defineDatabase<InventoryTables>({ migrations: new URL('./migrations/', import.meta.url) }),
 *   operations: {
 *     reserve: (input, ctx) => ctx.transact(async (tx) => {
 *       tx.publish(Inventory.events.reserved, { orderId: input.orderId, reservationId: ctx.newId() })
 *       return { reservationId: '…', expiresAt: '…' }
 *     }),
 *   },
 *   on: (on) => [on(Orders.events.cancelled, async (event, ctx) => { … })],
 *   jobs: [{ name: 'expire', everyMs: 60_000, run: (ctx) => ctx.transact(async (tx) => { … }) }],
 * })
 */
export function defineService<
  C extends AnyContract,
  const Calls extends readonly Callable[] = readonly [],
  Tables = unknown,
  Source extends string = never,
>(contract: C, spec: ServiceSpec<C, Calls, Tables, Source>): Service<C['name'], Root<Allow<Calls[number]>>, Source> {
  const described = {
    $banyan: 'service',
    contract,
    calls: Object.freeze([...(spec.calls ?? [])]),
    database: spec.database,
    operations: Object.freeze({ ...spec.operations }),
    subscriptions: Object.freeze([...(spec.on?.(subscribe as never) ?? [])]),
    jobs: Object.freeze([...(spec.jobs ?? [])]),
    schedules: Object.freeze([...(spec.schedules ?? [])]),
    aggregates: Object.freeze([...(spec.aggregates ?? [])]),
    projections: Object.freeze([...(spec.projections ?? [])]),
    bridges: Object.freeze([...(spec.bridges ?? [])]),
    sagas: Object.freeze([...(spec.sagas ?? []), ...(spec.flows ?? [])]),
  }
  const faults = serviceFaults(described as never)
  if (faults.length > 0)
    throw new BanyanError(
      'INVALID_ARGUMENT',
      `service '${contract.name}':\n${faults.map((f) => `  - ${f}`).join('\n')}`,
      {
        reason: 'INVALID_SERVICE',
      },
    )
  return Object.freeze(described) as never
}
