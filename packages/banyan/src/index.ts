/**
 * banyan: typed services that run as one process or as many. This entry has what an application is written with; the
 * other entries (`banyan/core`, `banyan/gateway`, …) have what it is run with.
 */
export { Unretryable } from './bus/unretryable.ts'
export * from './contract/index.ts'
export { BanyanError, type Code, type FieldIssue, isBanyanError, type Outcome } from './core/index.ts'
export {
  type Aggregate,
  type AggregateSpec,
  type AnyAggregate,
  type AppendOptions,
  type AsOf,
  type CommandOf,
  type Decided,
  type DefinedAggregate,
  defineAggregate,
  type FactSource,
  type FactSources,
  type GivenFact,
  type GivenOf,
  type InputOf,
  type Loaded,
  type Past,
  type PastFact,
  type PastRange,
  type SnapshotRule,
  type StateOf,
  type StoredFact,
  type StoredOf,
} from './event-sourcing/index.ts'
export {
  type DatabaseTx,
  type DatabaseView,
  defineProjection,
  ownDatabase,
  type ProjectedEvent,
  type Projection,
  replicate,
} from './projection/index.ts'
export * from './runtime/index.ts'
export {
  type AnySignal,
  type CalledSagaSpec,
  defineFlow,
  defineQuery,
  defineSaga,
  defineSignal,
  defineUpdate,
  type Expected,
  type ExternalCall,
  type ExternalCallContext,
  type ExternalFacts,
  type ExternalHeaders,
  type ExternalMeaning,
  type ExternalProbe,
  type ExternalRequest,
  type ExternalResponse,
  type ExternalSettings,
  type ExternalStep,
  type ExternalUndo,
  type ExternalWork,
  externalCall,
  type FlowDefinition,
  type FlowOutcome,
  type FlowSpec,
  type LockOptions,
  type Probed,
  type Query as SagaQuery,
  type Saga,
  type SagaDefinition,
  type SagaEvent,
  type SagaSettings,
  type Signal as SagaSignal,
  type StartedSagaSpec,
  type StepContext,
  type StepOptions,
  type StepRetry,
  type TransactionOf,
  type TxOptions,
  type UndoContext,
  type Update as SagaUpdate,
  type UpdateRequest,
  type WaitOptions,
} from './saga/index.ts'
export { type DatabaseDefinition, defineDatabase } from './store/define-database.ts'
export type { Appended, ExpectedVersion, StreamMetadata } from './store/event-store.ts'
export type { Due } from './store/scheduled.ts'
export { type ConflictDetails, VersionConflict } from './store/stream-rules.ts'
