/** A saga as the executor sees it: without its type parameters. */
import type { AnySchema } from '../contract/schema.ts'
import type { SagaPriority } from '../store/sagas.ts'
import type { FlowShape } from './flow-view.ts'
import type { StepRetry } from './options.ts'

/** An event that a saga starts on or waits for. */
export interface SagaEventShape {
  readonly contract: string
  readonly name: string
  readonly wire: string
  readonly key: string
  readonly data: AnySchema
}

/** What comes in besides events. */
export interface SignalShape {
  readonly $banyan: 'signal' | 'update' | 'query'
  readonly name: string
  readonly data?: AnySchema
  readonly input?: AnySchema
  readonly output?: AnySchema
}

/** See the top of the file. */
export interface SagaShape {
  readonly name: string
  readonly version: number
  readonly about?: string
  readonly input: AnySchema
  readonly startsOn: SagaEventShape | undefined
  readonly key: (input: unknown) => string
  readonly correlations?: (input: unknown) => readonly string[]
  readonly waits?: readonly SagaEventShape[]
  readonly signals?: readonly SignalShape[]
  readonly timeoutMs?: number
  readonly priority?: SagaPriority
  readonly retry?: StepRetry
  readonly maxSteps?: number
  readonly concurrency?: number
  readonly stuckMs?: number
  /** Of one that only watches a choreographed flow: what it expects. */
  readonly flow?: FlowShape
  readonly run: (saga: never, input: never) => Promise<unknown>
}
