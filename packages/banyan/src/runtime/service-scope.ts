/** What a context needs of the service it belongs to; the service's runtime is one. A leaf, so that the two need not know each other. */

import type { Border } from '../contract/border.ts'
import type { Environment } from '../core/environment/environment.ts'
import type { ProjectionKeeper } from '../projection/keeper.ts'
import type { DeliveryMark } from '../store/inbox.ts'
import type { NewEvent } from '../store/outbox.ts'
import type { Store } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import type { Span, Trace } from '../telemetry/trace.ts'
import type { TraceParent } from '../telemetry/trace-context.ts'
import type { CallFunction } from './frame.ts'
import type { SagaDesk } from './saga-desk.ts'
import type { EventShape, OperationShape } from './shapes.ts'

/** Where an event comes from: the work that publishes it. */
export interface EventOrigin {
  readonly trace: TraceParent
  readonly tracing: Trace
  /** What is being handled; of a batch, all of it. */
  readonly delivery: DeliveryMark | readonly DeliveryMark[] | undefined
}

/** Publishes one event of one service. */
export interface Publisher {
  readonly border: Border
  /** The event's type, as position tokens name it. */
  readonly tag: number
  /** From data that passed the border. */
  toEvent(data: Readonly<Record<string, unknown>>, origin: EventOrigin, id?: string): NewEvent
}

/** A projection, as contexts see it. */
export type ProjectionReading = Pick<ProjectionKeeper, 'read' | 'waitFor' | 'inline' | 'applyInline'>

/** A service, as its contexts see it. */
export interface ServiceScope {
  readonly name: string
  readonly environment: Environment
  readonly store: Store | undefined
  readonly log: Log
  /** Keeps a finished span. */
  readonly spans: { add(span: Span): void }
  /** The ways this service may call, by operation. */
  readonly links: ReadonlyMap<OperationShape, CallFunction>
  /** The slow way: by name, for another copy of the contract. */
  linkByName(operation: OperationShape): CallFunction | undefined
  /** The names of its aggregates. */
  readonly aggregates: ReadonlySet<string>
  /** The publisher of an event of its own; undefined for everybody else's. */
  publisherOf(event: EventShape): Publisher | undefined
  /** Its projections, by name. */
  readonly projections: ReadonlyMap<string, ProjectionReading>
  /** Its sagas, once the events of the host are wired; undefined when it has none. */
  readonly sagas: SagaDesk | undefined
}
