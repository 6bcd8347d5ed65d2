/** control: what the parent of a system decides, without the operating system: topology, registry, restarts, status. */
export type { BridgeAsk, BridgeName, BridgesApi } from './bridges-api.ts'
export { type ConnectionPlan, defaultConnectionBudget, planConnections } from './connections.ts'
export { type ControlServerOptions, openControlServer } from './control-server.ts'
export type { DeadLetterSelection, EventsApi, TailRequest } from './events-api.ts'
export type { ProjectionName, ProjectionsApi } from './projections-api.ts'
export { type Addresses, createRegistry, type Registration, type Registry } from './registry.ts'
export { createReloader, type Reloader, type ReloaderOptions } from './reloader.ts'
export { defaultRestartPolicy, type RestartPolicy, restartDelayMs } from './restart-delay.ts'
export type { SagaCheckQuery, SagaHand, SagaName, SagaQuery, SagasApi } from './sagas-api.ts'
export {
  absentAsEmpty,
  type PublishedVersion,
  type SchemaAuthority,
  type SchemaInput,
  type SchemaReference,
  type SchemaType,
  schemaTypes,
} from './schemas/authority.ts'
export { type ContractSubject, fingerprintOf, subjectsOf } from './schemas/contract-subjects.ts'
export { createHttpAuthority, type HttpAuthority, type HttpAuthorityOptions } from './schemas/http-authority.ts'
export {
  type ContractRefusal,
  type RegisterOptions,
  type Retained,
  registerContracts,
  type SchemaRegistration,
} from './schemas/register-contracts.ts'
export { errorCodeOf, errorCodes, registryError, schemaContentType, statusOf } from './schemas/registry-error.ts'
export { createSchemaGate, type SchemaGateOptions } from './schemas/schema-gate.ts'
export {
  type ConsumerEntryStatus,
  type ParkedEntryStatus,
  type ProcessKind,
  type ProcessStatus,
  type RelayEntryStatus,
  readinessOf,
  type ServiceEntryStatus,
  type StatusDocument,
} from './status.ts'
export {
  createSupervisor,
  type Run,
  type SupervisedState,
  type Supervisor,
  type SupervisorOptions,
} from './supervisor.ts'
export { gatewayHostName, type HostPlan, mainHostName, parseSplit, planTopology, type Split } from './topology.ts'
