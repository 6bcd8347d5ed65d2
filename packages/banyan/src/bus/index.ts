/** The durable log between services: the port, the envelope, the relay that fills it and the consumer that reads it. */
export { type AuditedGroup, auditGroup, type GroupAudit } from './audit-group.ts'
export { type AuditedSource, auditSource, type SourceAudit } from './audit-source.ts'
export type { Backoff } from './backoff.ts'
export type { Bus, LoggedEvent, RelayLease } from './bus.ts'
export { type Consumer, type ConsumerStatus, createConsumer } from './consumer.ts'
export { type ConsumerOptions, groupOf } from './consumer-options.ts'
export { type BatchPolicy, type DeliveryPolicy, isOutage, type RetryPolicy } from './delivery-policy.ts'
export { type Envelope, type EventFacts, fromEnvelope, maxEventBytes, maxKeyLength, toNewEvent } from './envelope.ts'
export { foreignGroup } from './foreign.ts'
export {
  type AuditBaseline,
  defaultReaderTtlMs,
  type ForeignPage,
  type LogEntry,
  type LogKeeping,
  type LogReader,
  type Pin,
  type ReaderPosition,
  type RetainOptions,
  type RetentionLimit,
  type RetentionReport,
  type RetentionRule,
  type SourceFacts,
} from './keeping.ts'
export {
  type AuditRun,
  type AuditStatus,
  createLogKeeper,
  type KeptGroup,
  type KeptSource,
  type LogKeeper,
  type LogKeeperOptions,
  type LogKeeperStatus,
} from './log-keeper.ts'
export { createMemoryBus, type MemoryBusOptions } from './memory/memory-bus.ts'
export { createMover, type Mover, type MoverOptions, type MoverStatus } from './mover.ts'
export type { OperatorLog } from './operator-log.ts'
export { createRelay, type Relay, type RelayStatus } from './relay.ts'
export type { RelayOptions } from './relay-options.ts'
export { type RetainedSchemas, retainedSchemas } from './retained-schemas.ts'
export { planRetention, type RetentionPlan, rollAfterMs, type SegmentFacts, type TypeFacts } from './retention.ts'
export type { ConsumerCounts } from './session-report.ts'
export { Unretryable } from './unretryable.ts'
