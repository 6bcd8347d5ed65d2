/**
 * The canonical contract document: everything about a contract that another party can see, as JSON in one fixed order. Two
 * contracts mean the same to their users if their documents are equal, so fingerprints and compatibility checks start here.
 */
import { type AnyContract, type AnyEvent, type AnyOperation, eventsOf, operationsOf } from './define-contract.ts'
import type { ErrorType } from './error-type.ts'
import { type AnySchema, type JsonSchema, toJsonSchema } from './schema.ts'

/** Both sides of a schema; one when they are equal. */
export interface SchemaDocument {
  readonly sent: JsonSchema
  readonly received: JsonSchema
}

/** A contract as plain JSON. */
export interface ContractDocument {
  readonly banyan: 1
  readonly name: string
  readonly version: string
  readonly owner: string
  readonly about?: string
  readonly terms: Readonly<Record<string, string>>
  readonly operations: Readonly<Record<string, unknown>>
  readonly events: Readonly<Record<string, unknown>>
}

/** Keywords whose arrays are sets: their order means nothing. */
const sets = new Set(['required', 'enum', 'type'])

/** The same value with the keys of every object in code unit order, and without undefined members. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  )
}

function normalSchema(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(normalSchema)
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      if (sets.has(key) && Array.isArray(member) && member.every((one) => typeof one === 'string'))
        return [key, [...member].sort()]
      return [key, normalSchema(member)]
    }),
  )
}

function schemaDocument(schema: AnySchema): SchemaDocument {
  return {
    sent: normalSchema(toJsonSchema(schema, 'input')) as JsonSchema,
    received: normalSchema(toJsonSchema(schema, 'output')) as JsonSchema,
  }
}

function errorDocument({ code, http, about, retryable, schema }: ErrorType): object {
  return { code, http, about, retryable, details: schema && normalSchema(toJsonSchema(schema, 'output')) }
}

function operationDocument(operation: AnyOperation): object {
  const { kind, wire, http, success, headers, idempotent, timeoutMs, about, deprecated } = operation
  const errors = Object.values(operation.errors as Record<string, ErrorType>)
  return {
    ...{ kind, wire, http, success, headers, idempotent, timeoutMs, about, deprecated },
    input: schemaDocument(operation.input),
    output: schemaDocument(operation.output),
    errors: Object.fromEntries(errors.map((type) => [type.reason, errorDocument(type)])),
  }
}

/** Upcasters are not in it: they are functions, and what they accept is what older documents say. */
function eventDocument({ wire, key, eventKind, about, retention, data }: AnyEvent): object {
  return { wire, key, kind: eventKind, about, retention, data: schemaDocument(data) }
}

/**
 * The contract as plain JSON, with sorted keys.
 *
 * @example
 * toContractDocument(Inventory).operations['reserve']
 */
export function toContractDocument(contract: AnyContract): ContractDocument {
  const { name, version, owner, about, terms } = contract
  return sorted({
    ...{ banyan: 1, name, version, owner, about, terms },
    operations: Object.fromEntries(operationsOf(contract).map((one) => [one.name, operationDocument(one)])),
    events: Object.fromEntries(eventsOf(contract).map((one) => [one.name, eventDocument(one)])),
  }) as ContractDocument
}

/**
 * The document as text in the form of RFC 8785 (JSON Canonicalization Scheme): equal documents have equal bytes. Hash this.
 */
export function toCanonicalText(document: ContractDocument): string {
  return canonical(document)
}

/** Written by hand, since `JSON.stringify` puts keys that look like numbers first. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`)
  return `{${members.join(',')}}`
}
