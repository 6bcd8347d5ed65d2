/** Read models kept by events: definition, the port for where rows lie, position tokens. */
export { type DatabaseTx, type DatabaseView, ownDatabase, projectionSchema } from './database-target.ts'
export {
  defineProjection,
  type ProjectedEvent,
  type Projection,
  type ProjectionHandler,
  type ProjectionSpec,
  type ProjectOn,
} from './define-projection.ts'
export {
  type MemoryTable,
  type MemoryTableWriter,
  type MemoryTarget,
  type MemoryTx,
  type MemoryView,
  memoryTables,
} from './memory/memory-target.ts'
export {
  formatPosition,
  maxPositionAgeMs,
  maxPositionEntries,
  type Position,
  type PositionEntry,
  parsePosition,
  tagOfType,
} from './position.ts'
export type { ProjectionProgressReport, SourceProgress } from './progress.ts'
export { type CopyTables, type ReplicateSpec, replicate } from './replicate.ts'
export { maxSnapshotPages } from './snapshot.ts'
export type { ReadSnapshot, SnapshotCall } from './snapshot-source.ts'
export {
  CursorMoved,
  type ProjectionTarget,
  type TargetContext,
  type TargetDefinition,
  type TargetStep,
  type TargetStore,
} from './target.ts'
export type { ProjectionStatus } from './version.ts'
