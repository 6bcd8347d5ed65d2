/** runtime: services, systems, and the hosts that run them. */
export type { AggregateReads, AggregateWrites } from './aggregate-context.ts'
export { answerMetrics } from './answer-metrics.ts'
export type {
  Bridge,
  BridgeHost,
  BridgePlace,
  BridgeReport,
  BridgeSetting,
  BridgeSettings,
  BridgeState,
  BridgeStatus,
  ForeignEventFacts,
  RunningBridge,
} from './bridge.ts'
export { checkSystem } from './check-system.ts'
export type * from './context.ts'
export type {
  Attempt,
  CallOptions,
  CommandContext,
  Context,
  ContextLog,
  ContextOf,
  Delivered,
  Failing,
  QueryContext,
  Transaction,
  TransactionOptions,
} from './context.ts'
export { type BridgeSpec, defineBridge, isBridge } from './define-bridge.ts'
export * from './define-service.ts'
export * from './define-system.ts'
export { answerHealth, type HostState, type Readiness } from './health.ts'
export { createHost, defaultDrainMs, Host, type InvokeOptions } from './host.ts'
export type { HostNetwork, HostOptions, StopReport } from './host-options.ts'
export type { HostStatus, ServiceStatus } from './host-status.ts'
export { gatewayName } from './inbound.ts'
export type { OperationCounters } from './local-call.ts'
export { publishes } from './publishes.ts'
export type { HeldLock, SagaCommands, SagaReads, SagaView, SagaWrites, StartedSaga } from './saga-access.ts'
export type {
  CatchUp,
  CronTimes,
  EveryTimes,
  Occurrence,
  Schedule,
} from './schedule/define-schedule.ts'
export { scheduleSource } from './schedule/schedule-group.ts'
export type { ScheduleStatus } from './schedule/schedule-status.ts'
export { dataSchemaOf, type SchemaGate } from './schema-gate.ts'
export * from './subscribe.ts'
export {
  isWebhook,
  type Webhook,
  type WebhookDelivery,
  type WebhookMessage,
  type WebhookSecret,
  type WebhookVerifier,
  webhookCaller,
} from './webhook.ts'
