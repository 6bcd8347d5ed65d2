/** What a service is to everything but the one who writes it: a contract with handlers, as frozen data. */
import type { AnyContract } from '../contract/define-contract.ts'
import type { AnyAggregate } from '../event-sourcing/aggregate.ts'
import type { Projection } from '../projection/define-projection.ts'
import type { SagaDefinition } from '../saga/define-saga.ts'
import type { DatabaseDefinition } from '../store/define-database.ts'
import type { Bridge } from './bridge.ts'
import type { Callable } from './context.ts'
import type { Schedule } from './schedule/define-schedule.ts'
import type { Subscription } from './subscribe.ts'

/** Work at intervals: at most one run at a time on each host; a run that fails is logged and tried at the next interval. */
export interface Job<in Ctx = never> {
  readonly name: string
  /** From the end of one run to the start of the next, in milliseconds; 10 to 86 400 000. */
  readonly everyMs: number
  readonly run: (ctx: Ctx) => Promise<unknown> | void
}

/** A handler whose types are no longer known: what the host calls. */
export type AnyHandler = (input: never, ctx: never) => unknown

/** What services and entries of systems have in common. `Calls` and `Sources` name the contracts it calls and listens to. */
export interface ServiceLike<
  out Name extends string = string,
  out Calls extends string = string,
  out Sources extends string = string,
> {
  readonly contract: AnyContract & { readonly name: Name }
  /** Exists only for the compiler. */
  readonly '~needs': { readonly calls: Calls; readonly sources: Sources }
}

/** A service: a contract with its handlers, as frozen data. */
export interface Service<
  out Name extends string = string,
  out Calls extends string = string,
  out Sources extends string = string,
> extends ServiceLike<Name, Calls, Sources> {
  readonly $banyan: 'service'
  readonly calls: readonly Callable[]
  readonly database: DatabaseDefinition | undefined
  readonly operations: Readonly<Record<string, AnyHandler>>
  readonly subscriptions: readonly Subscription[]
  readonly jobs: readonly Job[]
  readonly schedules: readonly Schedule[]
  readonly aggregates: readonly AnyAggregate[]
  readonly projections: readonly Projection[]
  readonly bridges: readonly Bridge[]
  readonly sagas: readonly SagaDefinition[]
}

/** True for what `defineService` made, also in another copy of this package. */
export function isService(value: unknown): value is Service {
  return typeof value === 'object' && value !== null && (value as { $banyan?: unknown }).$banyan === 'service'
}
