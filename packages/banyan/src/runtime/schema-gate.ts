/**
 * What a host asks before it serves: may these contracts be published as they are? The answer is a schema registry's
 * (adapters/schema-registry); here is only the question, and the name by which an event says which schema it was written by.
 */
import { createHash } from 'node:crypto'
import { toSchemaText } from '../contract/compatibility/index.ts'
import type { AnyContract } from '../contract/define-contract.ts'
import { type AnySchema, toJsonSchema } from '../contract/schema.ts'

/** See `HostOptions.schemas`. */
export interface SchemaGate {
  /**
   * Registers the schemas of what starts. Rejects with FAILED_PRECONDITION `SCHEMA_INCOMPATIBLE`, naming field, rule and
   * witness, when one of them breaks its mode, and with UNAVAILABLE `SCHEMA_REGISTRY_UNREACHABLE` when nobody can say and
   * they were not accepted before.
   */
  admit(contracts: readonly AnyContract[]): Promise<void>
}

const fingerprintLength = 32

/**
 * The `dataschema` of events with data of this schema: a URI made of 128 bits of the SHA-256 of its text (see toSchemaText), so
 * it is the same wherever and whenever the schema is the same, annotations aside. Computed once per event, at start.
 *
 * @example
 * dataSchemaOf(Orders.events.placed.data) // 'urn:banyan:schema:94c4cbf5579dce70d37e1a15b3ad8c2b'
 */
export function dataSchemaOf(schema: AnySchema): string {
  const text = toSchemaText(toJsonSchema(schema, 'output'))
  return `urn:banyan:schema:${createHash('sha256').update(text).digest('hex').slice(0, fingerprintLength)}`
}
