/** Banyan's schema registry: JSON Schema, Avro and Protobuf subjects, spoken to as to Confluent's. */
export { fromRegistry, type PublishedVersion, type SchemaAuthority } from './client/authority.ts'
export { createHttpAuthority, type HttpAuthority, type HttpAuthorityOptions } from './client/http-authority.ts'
export { type FormatDifference, type SchemaType, schemaTypes } from './format/format.ts'
export { type ContractSubject, fingerprintOf, subjectsOf } from './gate/contract-subjects.ts'
export {
  type ContractRefusal,
  type RegisterOptions,
  type Registration,
  type Retained,
  registerContracts,
} from './gate/register-contracts.ts'
export { createSchemaGate, type SchemaGateOptions } from './gate/schema-gate.ts'
export { contentType, openRegistryServer, type RegistryServerOptions } from './http/server.ts'
export {
  createRegistry,
  isIncompatible,
  type Judgement,
  type Refusal,
  type RegisteredSchema,
  type Registry,
  type RegistryOptions,
  type SchemaInput,
  toCompatibilityMode,
} from './registry.ts'
export { errorCodeOf, errorCodes } from './registry-error.ts'
export { createMemoryStorage } from './storage/memory-storage.ts'
export { openPostgresStorage, registryMigrations } from './storage/postgres-storage.ts'
export type {
  NewSchema,
  SchemaReference,
  SchemaStorage,
  StoredSchema,
  SubjectMode,
  SubjectSettings,
  SubjectState,
  SubjectVersion,
} from './storage/storage.ts'
