/** Banyan's schema registry: JSON Schema, Avro and Protobuf subjects, spoken to as to Confluent's. */
export { fromRegistry } from './client/authority.ts'
export type { FormatDifference } from './format/format.ts'
export { openRegistryServer, type RegistryServerOptions } from './http/server.ts'
export {
  createRegistry,
  isIncompatible,
  type RegistryOptions,
  toCompatibilityMode,
} from './registry.ts'
export type { Judgement, Refusal, RegisteredSchema, Registry } from './registry-types.ts'
export { createMemoryStorage } from './storage/memory-storage.ts'
export { openPostgresStorage, registryMigrations } from './storage/postgres-storage.ts'
export type {
  ListedVersion,
  NewSchema,
  SchemaStorage,
  StoredSchema,
  SubjectMode,
  SubjectSettings,
  SubjectState,
  SubjectVersion,
  VersionQuery,
} from './storage/storage.ts'
