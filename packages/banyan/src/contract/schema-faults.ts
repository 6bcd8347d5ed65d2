/** What can be wrong with a schema in a contract, and the few questions that contracts ask of schemas. */
import { compileWith } from '../schema/compile.ts'
import { SchemaError } from '../schema/schema-error.ts'
import { isSchema, isStandardSchema, type JsonSchema, type SchemaSide, toJsonSchema } from './schema.ts'

/** How deep a schema may be nested. */
export const maxSchemaDepth = 64

type Keywords = { readonly [keyword: string]: unknown }

function keywords(json: unknown): Keywords {
  return typeof json === 'object' && json !== null ? (json as Keywords) : {}
}

/** The fields of an object schema; undefined when it is none. */
export function fieldsOf(json: JsonSchema): Readonly<Record<string, JsonSchema>> | undefined {
  const { type, properties } = keywords(json)
  return type === 'object' ? ((properties ?? {}) as Record<string, JsonSchema>) : undefined
}

/** The names of the fields that must be there. */
export function requiredOf(json: JsonSchema): readonly string[] {
  return (keywords(json)['required'] as readonly string[] | undefined) ?? []
}

const scalars = new Set<unknown>(['string', 'integer', 'number', 'boolean'])

/** Fits into one path segment, query parameter or header. */
export function isScalar(json: JsonSchema): boolean {
  const { type, anyOf, oneOf, enum: values, const: only } = keywords(json)
  if (Array.isArray(type)) return type.every((one) => scalars.has(one))
  if (type !== undefined) return scalars.has(type)
  const branches = (anyOf ?? oneOf) as readonly JsonSchema[] | undefined
  if (branches !== undefined) return branches.every(isScalar)
  const constants = (values ?? (only === undefined ? [] : [only])) as readonly unknown[]
  return constants.length > 0 && constants.every((value) => value !== null && typeof value !== 'object')
}

/** Fits into a query string: a scalar, or a list of them (the parameter repeated). */
export function isQueryValue(json: JsonSchema): boolean {
  const { type, items } = keywords(json)
  return type === 'array' ? isScalar((items ?? true) as JsonSchema) : isScalar(json)
}

/** True when every value that fits is a string. */
export function isText(json: JsonSchema): boolean {
  const { type, enum: values, const: only } = keywords(json)
  if (type !== undefined) return type === 'string'
  const constants = (values ?? (only === undefined ? [] : [only])) as readonly unknown[]
  return constants.length > 0 && constants.every((value) => typeof value === 'string')
}

function jsonFault(value: unknown, path: string, depth: number): string | undefined {
  if (depth > maxSchemaDepth) return `is nested deeper than ${maxSchemaDepth} levels, or contains itself (at ${path})`
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number')
    return Number.isFinite(value) ? undefined : `has a number that is not finite at ${path}`
  if (typeof value !== 'object') return `has a ${typeof value} at ${path}, which JSON cannot carry`
  if (Object.hasOwn(value, '__proto__')) return `has a field '__proto__' at ${path}`
  for (const [name, member] of Object.entries(value)) {
    const fault = jsonFault(member, `${path}/${name}`, depth + 1)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** The JSON Schema of one side, or what is wrong with the schema. */
export function readSchema(schema: unknown, side: SchemaSide): { json: JsonSchema } | { fault: string } {
  if (!isSchema(schema) && !isStandardSchema(schema))
    return { fault: `is no schema: make it with t, or give a Standard Schema that can print JSON Schema (Zod 4)` }
  try {
    const json = toJsonSchema(schema, side)
    const fault = jsonFault(json, '#', 0)
    if (fault !== undefined) return { fault }
    compileWith(json, { extras: 'strip' }, 'interpret') // every keyword, reference and default is good, or this throws
    return { json }
  } catch (thrown) {
    if (thrown instanceof SchemaError) return { fault: `cannot be used: ${thrown.message}` }
    return { fault: `cannot be written as JSON Schema: ${thrown instanceof Error ? thrown.message : String(thrown)}` }
  }
}
