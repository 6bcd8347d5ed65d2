/**
 * Contracts and services as the runtime sees them: without their type parameters. The typed faces are in `contract/` and
 * `define-service.ts`; these are the same objects.
 */

import type { EventRetention } from '../contract/event.ts'
import type { Success } from '../contract/operation.ts'
import type { AnySchema } from '../contract/schema.ts'
import type { Upcasters } from '../contract/upcast.ts'
import type { Code } from '../core/code.ts'
import type { BanyanError } from '../core/error.ts'
import type { AnyAggregate } from '../event-sourcing/aggregate.ts'
import type { Projection } from '../projection/define-projection.ts'
import type { SagaShape } from '../saga/shape.ts'
import type { DatabaseDefinition } from '../store/define-database.ts'
import type { Bridge } from './bridge.ts'
import type { ScheduleShape } from './schedule/define-schedule.ts'
import type { AnySubscriptionOptions } from './subscribe.ts'

/** Whatever the pipeline gives to handlers: its typed face is `Context`. */
export interface HandlerContext {
  readonly caller: string
}

/** A declared error's class. */
export interface ErrorShape {
  readonly code: Code
  readonly http: number
  readonly schema: AnySchema | undefined
  new (details: unknown, init?: object): BanyanError
}

/** What a context works on: an operation, a delivery or a job. */
export interface Work {
  readonly kind: 'command' | 'query' | 'delivery' | 'job' | 'saga'
  readonly wire: string
  readonly errors?: Readonly<Record<string, ErrorShape>>
}

/** An operation. */
export interface OperationShape extends Work {
  readonly kind: 'command' | 'query'
  readonly contract: string
  readonly name: string
  readonly major: number
  readonly input: AnySchema
  readonly output: AnySchema
  readonly errors: Readonly<Record<string, ErrorShape>>
  readonly http?: string
  readonly success?: Success
  readonly headers?: Readonly<Record<string, string>>
  readonly idempotent: boolean
  readonly timeoutMs: number
}

/** An event. */
export interface EventShape {
  readonly kind: 'event'
  readonly contract: string
  readonly name: string
  readonly major: number
  readonly wire: string
  readonly key: string
  readonly data: AnySchema
  readonly upcast?: Upcasters
  readonly retention?: EventRetention
}

/** A contract. */
export interface ContractShape {
  readonly name: string
  readonly version: string
  readonly major: number
  readonly owner: string
  readonly about?: string
  readonly operations: Readonly<Record<string, OperationShape>>
  readonly events: Readonly<Record<string, EventShape>>
}

/** A delivered event as a handler sees it. */
export interface DeliveredShape {
  readonly id: string
  readonly type: string
  readonly key: string
  readonly source: string
  readonly timeMs: number
  readonly attempt: number
  readonly data: unknown
  readonly causationId?: string | undefined
}

/** A subscription. */
export interface SubscriptionShape {
  readonly event: EventShape
  /** Given an array when the options have a `batch`. */
  readonly handle: (event: DeliveredShape | readonly DeliveredShape[], ctx: HandlerContext) => unknown
  readonly options: AnySubscriptionOptions
}

/** Work at an interval. */
export interface JobShape {
  readonly name: string
  readonly everyMs: number
  readonly run: (ctx: HandlerContext) => unknown
}

/** A service. */
export interface ServiceShape {
  readonly contract: ContractShape
  readonly calls: readonly (ContractShape | OperationShape)[]
  readonly database?: DatabaseDefinition | undefined
  readonly operations: Readonly<Record<string, (input: unknown, ctx: HandlerContext) => unknown>>
  readonly subscriptions: readonly SubscriptionShape[]
  readonly jobs: readonly JobShape[]
  readonly schedules: readonly ScheduleShape[]
  readonly aggregates: readonly AnyAggregate[]
  readonly projections: readonly Projection[]
  readonly bridges: readonly Bridge[]
  readonly sagas: readonly SagaShape[]
}
