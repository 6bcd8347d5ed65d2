/**
 * Text of paths, query strings and headers, as the type that the schema asks for. Strict: only a number's plain decimal
 * form is a number (no exponent, no hexadecimal, no leading zero, plus sign or space), only `true` and `false` are
 * booleans. What does not fit stays text, so that the schema's own validation says what is wrong with it.
 *
 * Where a schema takes text as well as something else, it is text: `?sku=42` must not depend on what it looks like. There
 * is no text for null; a parameter that has no value is left out.
 */
import type { JsonSchema } from '../contract/schema.ts'

/** How one parameter is read. */
export interface Coercion {
  /** A list: the parameter may be repeated. */
  readonly list: boolean
  /** The value of one occurrence. */
  convert(text: string): unknown
}

interface Facts {
  text: boolean
  integer: boolean
  number: boolean
  boolean: boolean
  readonly constants: Map<string, unknown>
}

const asText = (text: string): unknown => text

function collectConstants(values: readonly unknown[], facts: Facts): void {
  for (const value of values)
    if (typeof value === 'string' || !facts.constants.has(String(value))) facts.constants.set(String(value), value)
}

function collect(schema: JsonSchema, facts: Facts): void {
  if (typeof schema === 'boolean') {
    facts.text = true
    return
  }
  const { type, anyOf, oneOf, enum: values, const: only } = schema
  const branches = (anyOf ?? oneOf) as readonly JsonSchema[] | undefined
  if (branches !== undefined) return void branches.forEach((branch) => void collect(branch, facts))
  if (values !== undefined || only !== undefined)
    return void collectConstants((values as readonly unknown[] | undefined) ?? [only], facts)
  for (const one of Array.isArray(type) ? (type as readonly unknown[]) : [type]) {
    if (one === 'integer') facts.integer = true
    else if (one === 'number') facts.number = true
    else if (one === 'boolean') facts.boolean = true
    else facts.text = true
  }
}

function compileScalar(schema: JsonSchema): (text: string) => unknown {
  const facts: Facts = { text: false, integer: false, number: false, boolean: false, constants: new Map() }
  collect(schema, facts)
  const { constants } = facts
  const numeric = facts.integer || facts.number
  if (constants.size === 0 && (facts.text || !(numeric || facts.boolean))) return asText
  return (text) => {
    if (constants.has(text)) return constants.get(text)
    if (facts.text) return text
    if (numeric && isDecimal(text, facts.number)) return toNumber(text)
    if (facts.boolean && (text === 'true' || text === 'false')) return text === 'true'
    return text
  }
}

function toNumber(text: string): unknown {
  const number = Number(text)
  return Number.isFinite(number) ? number : text
}

/** `-?(0|[1-9][0-9]*)`, with `fraction` also `(\.[0-9]+)?`. */
export function isDecimal(text: string, fraction: boolean): boolean {
  let index = text.charCodeAt(0) === 45 ? 1 : 0
  const first = index
  index = skipDigits(text, index)
  if (index === first || (index > first + 1 && text.charCodeAt(first) === 48)) return false
  if (index === text.length) return true
  if (!fraction || text.charCodeAt(index) !== 46) return false
  const end = skipDigits(text, index + 1)
  return end === text.length && end > index + 1
}

function skipDigits(text: string, from: number): number {
  let index = from
  for (; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 48 || code > 57) break
  }
  return index
}

/** Compiles the reading of one parameter. */
export function compileCoercion(schema: JsonSchema): Coercion {
  if (typeof schema === 'object' && schema['type'] === 'array')
    return { list: true, convert: compileScalar((schema['items'] ?? true) as JsonSchema) }
  return { list: false, convert: compileScalar(schema) }
}
