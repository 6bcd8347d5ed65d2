/**
 * Hides what a schema says is secret (`t.String({ secret: true })`): for views, exports and notes that people read. What is hidden
 * is replaced by `***`, whatever its type; a value that is not there stays away, and null stays null.
 */
import { type AnySchema, type JsonSchema, type SchemaSide, toJsonSchema } from './schema.ts'

/** What stands in the place of a secret. */
export const hidden = '***'

/** Told of each secret that was found. */
export type OnSecret = (value: unknown) => void

/** References that are followed on one path; a schema that refers to itself ends with its value. */
const maxDepth = 200

/** A copy without secrets; the value itself when it has none. */
export function redactBySchema(schema: AnySchema, side: SchemaSide, value: unknown, onSecret?: OnSecret): unknown {
  const root = toJsonSchema(schema, side)
  return hides(root) ? redact({ root, onSecret, depth: 0 }, root, value) : value
}

const known = new WeakMap<object, boolean>()

/** Whether a schema hides anything; looked through once. */
function hides(schema: JsonSchema): boolean {
  if (typeof schema !== 'object') return false
  const before = known.get(schema)
  if (before !== undefined) return before
  const found = hasSecret(schema, new Set())
  known.set(schema, found)
  return found
}

function hasSecret(schema: unknown, seen: Set<object>): boolean {
  if (typeof schema !== 'object' || schema === null || seen.has(schema)) return false
  seen.add(schema)
  return isSecret(schema as Keywords) || Object.values(schema).some((below) => hasSecret(below, seen))
}

/** The names of all fields that the schema says are secret, wherever they stand in it. */
export function secretNames(schema: AnySchema, side: SchemaSide): ReadonlySet<string> {
  const names = new Set<string>()
  collect(toJsonSchema(schema, side), undefined, names, new Set())
  return names
}

interface Walk {
  readonly root: JsonSchema
  readonly onSecret: OnSecret | undefined
  readonly depth: number
}

type Keywords = Readonly<Record<string, unknown>>

const isSecret = (schema: Keywords): boolean => schema['x-secret'] === true

function redact(walk: Walk, schema: unknown, value: unknown): unknown {
  if (typeof schema !== 'object' || schema === null || value === undefined || value === null) return value
  if (walk.depth > maxDepth) return hidden
  const keywords = schema as Keywords
  if (isSecret(keywords)) {
    walk.onSecret?.(value)
    return hidden
  }
  const below = { ...walk, depth: walk.depth + 1 }
  let shown: unknown = value
  for (const one of alternatives(walk.root, keywords)) shown = redact(below, one, shown)
  if (shown === hidden || typeof shown !== 'object' || shown === null) return shown
  return Array.isArray(shown)
    ? redactItems(below, keywords, shown)
    : redactFields(below, keywords, shown as Readonly<Record<string, unknown>>)
}

/** All that may describe the same value. */
function alternatives(root: JsonSchema, schema: Keywords): readonly unknown[] {
  const lists = ['anyOf', 'oneOf', 'allOf'].flatMap((name) => (schema[name] as readonly unknown[] | undefined) ?? [])
  const others = ['then', 'else'].flatMap((name) => (name in schema ? [schema[name]] : []))
  const { $ref } = schema
  return [...lists, ...others, ...(typeof $ref === 'string' ? [resolve(root, $ref)] : [])]
}

/** Within the same document only: others have been brought into it. */
function resolve(root: JsonSchema, reference: string): unknown {
  if (!reference.startsWith('#')) return undefined
  let at: unknown = root
  for (const step of reference.slice(1).split('/').slice(1)) {
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
    at = (at as Keywords | undefined)?.[name]
  }
  return at
}

function redactItems(walk: Walk, schema: Keywords, values: readonly unknown[]): readonly unknown[] {
  const { prefixItems = [], items } = schema as { readonly prefixItems?: readonly unknown[]; readonly items?: unknown }
  const shown = values.map((value, index) => redact(walk, prefixItems[index] ?? items, value))
  return shown.some((value, index) => value !== values[index]) ? shown : values
}

function redactFields(walk: Walk, schema: Keywords, value: Readonly<Record<string, unknown>>): unknown {
  const { properties = {}, patternProperties = {}, additionalProperties } = schema as Record<string, Keywords>
  const patterns = Object.entries(patternProperties).map(([pattern, of]) => [new RegExp(pattern, 'u'), of] as const)
  const shown = Object.entries(value).map(([name, field]) => {
    const byPattern = patterns.filter(([pattern]) => pattern.test(name)).map(([, of]) => of)
    const own = Object.hasOwn(properties, name) ? [properties[name]] : []
    const all = own.length + byPattern.length === 0 ? [additionalProperties] : [...own, ...byPattern]
    return [name, all.reduce((said: unknown, of) => redact(walk, of, said), field)] as const
  })
  return shown.some(([name, field]) => field !== value[name]) ? Object.fromEntries(shown) : value
}

function collect(schema: unknown, name: string | undefined, names: Set<string>, seen: Set<object>): void {
  if (typeof schema !== 'object' || schema === null || seen.has(schema)) return
  seen.add(schema)
  if (name !== undefined && isSecret(schema as Keywords)) names.add(name)
  for (const [keyword, below] of Object.entries(schema)) {
    if (keyword === 'properties')
      for (const [field, of] of Object.entries(below as object)) collectField(of, field, names, seen)
    else if (typeof below === 'object' && below !== null)
      collect(below, isSame(keyword) ? name : undefined, names, seen)
  }
}

/** A schema may be used for several fields. */
function collectField(schema: unknown, field: string, names: Set<string>, seen: Set<object>): void {
  if (typeof schema === 'object' && schema !== null) seen.delete(schema)
  collect(schema, field, names, seen)
}

/** Keywords whose schemas are about the same value; lists of them have numbers for names. */
const isSame = (keyword: string): boolean => ['anyOf', 'oneOf', 'allOf'].includes(keyword) || /^\d+$/.test(keyword)
