/** `banyan/contract`: what a contract is made of. Browser-safe. */
export type { AsyncApiDocument, AsyncApiOptions } from './asyncapi.ts'
export { toAsyncApi } from './asyncapi.ts'
export type {
  AnyContract,
  AnyEvent,
  AnyOperation,
  Contract,
  ContractMembers,
  ContractSpec,
  Reserved,
} from './define-contract.ts'
export { defineContract, eventsOf, isContract, operationsOf } from './define-contract.ts'
export type { ContractDocument, SchemaDocument } from './document.ts'
export { toCanonicalText, toContractDocument } from './document.ts'
export type {
  ContractError,
  DetailsArgument,
  ErrorDefinition,
  ErrorInit,
  ErrorOf,
  ErrorSource,
  ErrorSpec,
  ErrorType,
  ErrorTypes,
} from './error-type.ts'
export { error, isError } from './error-type.ts'
export type { CheckedKey, Event, EventKind, EventRetention, EventSpec } from './event.ts'
export { event, eventKinds } from './event.ts'
export type { OpenApiDocument, OpenApiOptions } from './openapi.ts'
export { toOpenApi } from './openapi.ts'
export type { OpenApiPart } from './openapi-problems.ts'
export type { Command, None, Operation, OperationSpec, Owned, Query, Success } from './operation.ts'
export { command, defaultTimeoutMs, query } from './operation.ts'
export type {
  CheckedLocation,
  CheckedRoute,
  CommandMethod,
  CommandRoute,
  ParsedRoute,
  QueryMethod,
  QueryRoute,
  Route,
  Segment,
} from './route.ts'
export { parsePath, parseRoute } from './route.ts'
export type {
  AnySchema,
  JsonSchema,
  OptionalSchema,
  Received,
  Schema,
  SchemaSide,
  Sent,
  StandardIssue,
  StandardResult,
  StandardSchema,
  Validator,
} from './schema.ts'
export { isSchema, isStandardSchema, toJsonSchema, validateStandard, validator } from './schema.ts'
export type {
  ArrayOptions,
  Fields,
  NumberOptions,
  ObjectOf,
  SchemaOptions,
  StringFormat,
  StringOptions,
} from './schema-options.ts'
export { type OnSecret, redactBySchema, secretNames } from './secrets.ts'
export type { SchemaBuilder } from './t.ts'
export { t } from './t.ts'
export type { Upcaster, Upcasters } from './upcast.ts'
export { upcastData, upcastMajors } from './upcast.ts'
