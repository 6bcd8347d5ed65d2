/** JSON Schema 2020-12, by Banyan's own compiled validators. References become definitions of the schema that uses them. */
import type { JsonSchema } from 'banyan/contract'
import { compareSchemas } from 'banyan/contract/compatibility'
import { compileSchema } from 'banyan/schema'
import type { SchemaFormat, SchemaSource } from './format.ts'
import { sortedText } from './sorted-text.ts'

/** The format. */
export const jsonFormat: SchemaFormat = {
  type: 'JSON',
  canonical(source) {
    compileSchema(toSchema(source), { extras: 'strip' })
    return sortedText(JSON.parse(source.schema))
  },
  compare: (writer, reader) => compareSchemas(toSchema(writer), toSchema(reader)).findings,
}

function toSchema({ schema, references }: SchemaSource): JsonSchema {
  const parsed = JSON.parse(schema) as JsonSchema
  if (references.length === 0 || typeof parsed !== 'object' || parsed === null) return parsed
  const given = (parsed['$defs'] ?? {}) as object
  const referred = references.map(({ name, schema: text }) => [
    name,
    { ...(JSON.parse(text) as object), $id: name, $schema: undefined },
  ])
  const definitions = { ...Object.fromEntries(referred), ...given }
  return JSON.parse(JSON.stringify({ ...parsed, $defs: definitions })) as JsonSchema
}
