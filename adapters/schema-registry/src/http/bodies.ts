/** Parts of paths and bodies, checked; answers, in the form that clients expect. */
import {
  errorCodes,
  registryError,
  type SchemaInput,
  type SchemaReference,
  type SchemaType,
  schemaTypes,
} from 'banyan/control'
import type { RegisteredSchema } from '../registry-types.ts'

/** A body as JSON. */
export type Body = Readonly<Record<string, unknown>>

/** An id from a path; 40403. */
export function toId(text: string): number {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : 0
  if (id < 1 || id > 2_147_483_647)
    throw registryError(errorCodes.schemaNotFound, `there is no schema with the id ${text.slice(0, 40)}`)
  return id
}

/** A version from a path; 42202. */
export function toVersion(text: string): number | 'latest' {
  if (text === 'latest' || text === '-1') return 'latest'
  const version = /^\d{1,10}$/.test(text) ? Number(text) : 0
  if (version >= 1 && version <= 2_147_483_647) return version
  throw registryError(
    errorCodes.invalidVersion,
    `'${text.slice(0, 40)}' is no version: give a number of 1 or more, or 'latest'`,
  )
}

/** A schema from a body; 42201. */
export function toInput(body: Readonly<Record<string, unknown>>): SchemaInput {
  const { schema, schemaType = 'AVRO', references } = body
  if (typeof schema !== 'string' || schema === '')
    throw registryError(errorCodes.invalidSchema, "the body needs a 'schema', which is a text")
  if (!(schemaTypes as readonly unknown[]).includes(schemaType))
    throw registryError(
      errorCodes.invalidSchema,
      `there is no schemaType ${JSON.stringify(schemaType)?.slice(0, 40)}; use ${schemaTypes.join(', ')}`,
    )
  return { schema, schemaType: schemaType as SchemaType, references: toReferences(references) }
}

function toReferences(value: unknown): readonly SchemaReference[] {
  if (value === undefined || value === null) return []
  const isReference = (one: unknown): one is SchemaReference => {
    const { name, subject, version } = (one ?? {}) as Partial<SchemaReference>
    return typeof name === 'string' && typeof subject === 'string' && Number.isSafeInteger(version)
  }
  if (!Array.isArray(value) || !value.every(isReference))
    throw registryError(errorCodes.invalidSchema, "each of the 'references' has a name, a subject and a version")
  return value.map(({ name, subject, version }) => ({ name, subject, version }))
}

/** AVRO and no references are left out, as clients expect. */
export function toSchemaBody(stored: {
  readonly type: SchemaType
  readonly schema: string
  readonly references: readonly unknown[]
}): Body {
  const { type, schema, references } = stored
  return {
    ...(type !== 'AVRO' && { schemaType: type }),
    schema,
    ...(references.length > 0 && { references }),
  }
}

/** A version as an answer. */
export function toVersionBody({ subject, version, id, schemaType, schema, references }: RegisteredSchema): Body {
  return { subject, version, id, ...toSchemaBody({ type: schemaType, schema, references }) }
}
