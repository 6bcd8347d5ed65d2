/** Banyan's schema registry: JSON Schema, Avro and Protobuf subjects, spoken to as to Confluent's. */
export { type FormatDifference, type SchemaType, schemaTypes } from './format/format.ts'
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
