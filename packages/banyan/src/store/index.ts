/** A service's own database: the port, what must commit together, and the implementation in memory. */
export { bridgeBusy } from './bridge-busy.ts'
export {
  type BridgeNote,
  type BridgeOutcome,
  type BridgeRequest,
  type Bridges,
  type KnownBridge,
  keptRequests,
  maxOpenRequests,
  type NewBridgeRequest,
  noteTtlMs,
} from './bridges.ts'
export {
  type DeadGroup,
  type DeadLetters,
  type DeadSelection,
  type DiscardedEvent,
  type DiscardedLimits,
  defaultReplaysPerSecond,
  fingerprintOf,
  type GroupProgress,
  keepDiscarded,
  type ReplayOptions,
  type ReplayRequest,
} from './dead-letters.ts'
export { type DatabaseDefinition, defineDatabase } from './define-database.ts'
export type {
  AllStreamsPage,
  Appended,
  EventStore,
  ExpectedVersion,
  NewStreamEvent,
  StreamCursor,
  StreamEvent,
  StreamMetadata,
  StreamPage,
  StreamRange,
  StreamSnapshot,
  TransactionStreams,
} from './event-store.ts'
export { isSameInstance } from './holder.ts'
export type { Idempotency, IdempotencyClaim, IdempotencyRecord } from './idempotency.ts'
export { assertIdempotencyKey, idempotencyKeyInUse, idempotencyKeyReused } from './idempotency-key.ts'
export {
  AlreadyApplied,
  type Assignment,
  type DeliveryMark,
  Fenced,
  type Inbox,
  type NewestApplied,
  type ParkedEvent,
  type Passage,
  PassageMoved,
  timeOfEventId,
} from './inbox.ts'
export { createMemoryStore, type MemoryStoreOptions } from './memory/memory-store.ts'
export type { Migration, MigrationStatus } from './migration.ts'
export type { NewEvent, Outbox, OutboxCensus, OutboxCursor, OutboxExtent, OutboxPage, OutboxStorage } from './outbox.ts'
export {
  compareVersions,
  type InlineEvents,
  maxBuilds,
  nextBuild,
  type ProjectionPhase,
  type ProjectionProgress,
  type ProjectionRecord,
  type Projections,
  type ProjectionVersion,
  projectionGroup,
  projectionLive,
  type SqlTransaction,
  type SwapOptions,
  type SwapOutcome,
} from './projections.ts'
export {
  assertEntryText,
  assertNewSaga,
  assertSagaEntries,
  assertSagaMessage,
  assertSagaWrite,
  assertSagaWrites,
  fitsAlways,
  isSagaEnd,
  mailboxFull,
  otherEntry,
  sagaEnded,
  sagaExists,
  sagaNotFound,
} from './saga-rules.ts'
export {
  type Beat,
  maxCorrelations,
  maxMailbox,
  maxReaped,
  type NewSaga,
  type NewSagaMessage,
  type SagaAudit,
  type SagaChange,
  type SagaCounts,
  type SagaEntry,
  type SagaFilter,
  type SagaLock,
  type SagaLockOutcome,
  type SagaMessage,
  type SagaPage,
  type SagaPriority,
  type SagaRecord,
  type SagaStarted,
  type SagaState,
  type SagaSummary,
  type Sagas,
  type SagaWrite,
  type SagaWriteOutcome,
  sagaPriorities,
  type Taken,
  type TakenSaga,
  type TakeRequest,
  type TransactionSagas,
} from './sagas.ts'
export {
  assertDue,
  type Due,
  eventIdAt,
  type Moved,
  maxDelayMs,
  type NewScheduledEvent,
  type Scheduled,
  type ScheduledDepth,
  type ScheduledEvent,
} from './scheduled.ts'
export { assertReplayRate, assertSelection } from './selection.ts'
export type { Isolation, Store, StoreTransaction, TransactOptions } from './store.ts'
export {
  type ConflictDetails,
  defaultStreamPage,
  maxAppend,
  maxStreamEventBytes,
  maxStreamName,
  maxStreamPage,
  readBack,
  type StreamRow,
  toBase,
  toCategory,
  toPageLimit,
  toRange,
  toStreamRows,
  VersionConflict,
} from './stream-rules.ts'
