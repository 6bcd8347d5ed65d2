/**
 * Schemas made ready to be judged: read by their format, with everything they refer to. A format is loaded with the first of
 * its schemas: most systems never have one of the binary kinds, and their libraries cost memory and time at the start.
 */
import { createHash } from 'node:crypto'
import { errorCodes, registryError, type SchemaInput, type SchemaReference, type SchemaType } from 'banyan/control'
import type { SchemaFormat, SchemaSource } from './format/format.ts'
import { jsonFormat } from './format/json.ts'
import type { NewSchema, SchemaStorage, StoredSchema } from './storage/storage.ts'

/** Longest schema, in characters. */
export const maxSchemaLength: number = 512 * 1024
/** Schemas that one schema needs, directly and not. */
const maxReferences = 64

const formats: Readonly<Record<SchemaType, () => Promise<SchemaFormat>>> = {
  JSON: async () => jsonFormat,
  AVRO: async () => (await import('./format/avro.ts')).avroFormat,
  PROTOBUF: async () => (await import('./format/protobuf.ts')).protobufFormat,
}

/** The format of a type. */
export function formatOf(type: SchemaType): Promise<SchemaFormat> {
  return formats[type]()
}

/** A schema that can be used. */
export interface PreparedSchema extends NewSchema {
  readonly source: SchemaSource
}

/** Reads and resolves what is given; 42201 when it cannot be used. */
export async function prepare(storage: SchemaStorage, input: SchemaInput): Promise<PreparedSchema> {
  const { schemaType: type = 'AVRO', schema, references = [] } = input
  if (!Object.hasOwn(formats, type))
    throw registryError(errorCodes.invalidSchema, `there is no schema type '${String(type)}'`)
  const format = await formatOf(type)
  if (schema.length > maxSchemaLength)
    throw registryError(
      errorCodes.tooLarge,
      `the schema has ${schema.length} characters, at most ${maxSchemaLength} are allowed`,
    )
  const source = { schema, references: await resolve(storage, references) }
  let canonical: string
  try {
    canonical = format.canonical(source)
  } catch (cause) {
    throw registryError(errorCodes.invalidSchema, `the schema cannot be used: ${(cause as Error).message}`, { cause })
  }
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([type, canonical, references]))
    .digest('hex')
  return { type, schema, references, fingerprint, source }
}

/** What is referred to, the innermost first. */
async function resolve(
  storage: SchemaStorage,
  references: readonly SchemaReference[],
): Promise<SchemaSource['references']> {
  const found = new Map<string, string>()
  const visit = async (list: readonly SchemaReference[], depth: number): Promise<void> => {
    for (const { name, subject, version } of list) {
      if (found.has(name)) continue
      if (found.size >= maxReferences || depth > maxReferences)
        throw registryError(errorCodes.invalidSchema, `more than ${maxReferences} references`)
      const target = (await storage.subject(subject)).versions.find((one) => one.version === version)
      const stored = target && (await storage.schema(target.id))
      if (stored === undefined)
        throw registryError(
          errorCodes.invalidSchema,
          `the reference '${name}' leads nowhere: there is no version ${version} of '${subject}'`,
        )
      await visit(stored.references, depth + 1)
      found.set(name, stored.schema)
    }
  }
  await visit(references, 0)
  return [...found].map(([name, schema]) => ({ name, schema }))
}

/** A stored schema with what it refers to. */
export async function sourceOf(storage: SchemaStorage, stored: StoredSchema): Promise<SchemaSource> {
  return { schema: stored.schema, references: await resolve(storage, stored.references) }
}
