/** Durable functions: a saga is ordinary async TypeScript over a journal, with an undo for each of its steps. */

export {
  type BrokenRun,
  type CheckOptions,
  checkSagas,
  defaultChecked,
  maxBroken,
  type RunsWithoutCode,
  type SagaCheck,
} from './check.ts'
export {
  defineFlow,
  type Expected,
  type FlowDefinition,
  type FlowOutcome,
  type FlowSpec,
  flowGiveUpMs,
} from './define-flow.ts'
export {
  type CalledSagaSpec,
  defineSaga,
  isSaga,
  type SagaDefinition,
  type SagaSettings,
  type StartedSagaSpec,
} from './define-saga.ts'
export { type ExecutorStatus, maxActive, maxCached, pollMs, SagaExecutor, sagaLeaseMs } from './executor.ts'
export {
  type ExportedEntry,
  type ExportedMessage,
  type ExportedRun,
  exportFormat,
  exportSaga,
  type SagaExport,
} from './exports.ts'
export type {
  ExternalFacts,
  ExternalHeaders,
  ExternalMeaning,
  ExternalProbe,
  ExternalRequest,
  ExternalResponse,
  ExternalSettings,
  ExternalStep,
  ExternalUndo,
  ExternalWork,
} from './external.ts'
export { type ExternalCall, type ExternalCallContext, externalCall } from './external-call.ts'
export { type Expectation, lateSince } from './flow-graph.ts'
export type { FlowEventView, FlowShape, FlowView } from './flow-view.ts'
export { type FlowLateness, maxFlowsRead } from './flow-watch.ts'
export { type Fork, type ForkedRun, forkSaga } from './forks.ts'
export { commitLanes, createGroupWriter, type GroupWriter, maxGroup } from './group-writer.ts'
export type { Hand, MendedRun, Skip } from './hand.ts'
export type { Attempt, SagaHost } from './host.ts'
export { assertExport, importSaga } from './imports.ts'
export { cancelSaga, compensateSaga, retrySaga, skipOperation } from './mending.ts'
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
export type { OperationSchemas, SagaCode, SagaPlace } from './saga-place.ts'
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
export type { HandView, LockView, OperationView, RunView, Standing, UndoView } from './view.ts'
export { viewSaga } from './views.ts'
export {
  createSagaWatch,
  keepEndedMs,
  maxStuckRead,
  type SagaWatch,
  type SagaWatchOptions,
  type SagaWatchStatus,
  type StuckReason,
  type StuckSaga,
  sagaStuckMs,
  sagaWatchMs,
} from './watch.ts'
