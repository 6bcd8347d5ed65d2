/** Durable functions: a saga is ordinary async TypeScript over a journal, with an undo for each of its steps. */
export {
  type CalledSagaSpec,
  defineSaga,
  isSaga,
  type SagaDefinition,
  type SagaSettings,
  type StartedSagaSpec,
} from './define-saga.ts'
export { type ExecutorStatus, maxActive, maxCached, pollMs, SagaExecutor, sagaLeaseMs } from './executor.ts'
export { commitLanes, createGroupWriter, type GroupWriter, maxGroup } from './group-writer.ts'
export type { Attempt, SagaHost } from './host.ts'
export {
  type LockOptions,
  maxParallel,
  maxResultBytes,
  maxSteps,
  type Probed,
  type StepOptions,
  type StepRetry,
  type TxOptions,
  type WaitOptions,
} from './options.ts'
export type {
  Saga,
  SagaEvent,
  SagaWaits,
  StepContext,
  StepFacts,
  TransactionOf,
  UndoContext,
  UndoFacts,
} from './saga.ts'
export type { SagaEventShape, SagaShape, SignalShape } from './shape.ts'
export {
  type AnySignal,
  defineQuery,
  defineSignal,
  defineUpdate,
  type Query,
  type Signal,
  type Update,
  type UpdateRequest,
} from './signals.ts'
export { toNewSaga } from './start.ts'
