/**
 * Puts JSON Schemas into a larger document (OpenAPI, AsyncAPI). References inside a schema start at its own root (`#`,
 * `#/$defs/Node`), which is somewhere else in the larger document; so a schema that refers to itself moves to the
 * components, with its definitions, and its references are rewritten. Others stay where they are used.
 */
import type { JsonSchema } from './schema.ts'

/** Schemas of a document under construction, by component name. */
export type SchemaComponents = Record<string, JsonSchema>

/** Characters that component names may have in OpenAPI and AsyncAPI. */
const notAllowed = /[^A-Za-z0-9._-]/g

const isDefinitions = (key: string): boolean => key === '$defs' || key === 'definitions'

/** Whether a reference to its own root is in it; definitions that nothing refers to do not count. */
function refersToItself(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(refersToItself)
  return Object.entries(value).some(([key, member]) =>
    key === '$ref'
      ? typeof member === 'string' && member.startsWith('#')
      : !isDefinitions(key) && refersToItself(member),
  )
}

function rewrite(value: unknown, toReference: (reference: string) => string): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((member) => rewrite(member, toReference))
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => {
      if (isDefinitions(key)) return []
      if (key === '$ref' && typeof member === 'string' && member.startsWith('#')) return [[key, toReference(member)]]
      // many tools take `items: false` for no items at all; a tuple's bounds say the same
      if (key === 'items' && member === false && 'prefixItems' in value && 'maxItems' in value) return [[key, {}]]
      return [[key, rewrite(member, toReference)]]
    }),
  )
}

/** The schema to write where it is used; definitions it needs are added to `components` under `name`. */
export function embedSchema(json: JsonSchema, name: string, components: SchemaComponents): JsonSchema {
  if (typeof json === 'boolean') return json
  if (!refersToItself(json)) return rewrite(json, (reference) => reference) as JsonSchema
  const root = name.replace(notAllowed, '_')
  const toReference = (reference: string): string => {
    const found = /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec(reference)?.[1]
    return `#/components/schemas/${found === undefined ? root : `${root}.${found.replace(notAllowed, '_')}`}`
  }
  const definitions = { ...(json['definitions'] as object), ...(json['$defs'] as object) }
  for (const [key, definition] of Object.entries(definitions))
    components[`${root}.${key.replace(notAllowed, '_')}`] = rewrite(definition, toReference) as JsonSchema
  components[root] = rewrite(json, toReference) as JsonSchema
  return { $ref: `#/components/schemas/${root}` }
}
