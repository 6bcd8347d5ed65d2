/** Reads `type`, `const`, `enum` and the rules of numbers and strings. */
import { formatNamed, formatNames } from '../format/format.ts'
import { isolate } from '../isolate.ts'
import { SchemaError } from '../schema-error.ts'
import {
  ANYTHING,
  ARRAY,
  BOOLEAN,
  EVERY_TYPE,
  NULL,
  NUMBER,
  type NumberRules,
  OBJECT,
  type Shape,
  STRING,
  type StringRules,
} from '../shape.ts'
import { INVALID } from '../value.ts'

type Keywords = Readonly<Record<string, unknown>>

const typeBits: Readonly<Record<string, number>> = {
  null: NULL,
  boolean: BOOLEAN,
  number: NUMBER,
  integer: NUMBER,
  string: STRING,
  array: ARRAY,
  object: OBJECT,
}

export function readTypes(raw: Keywords, at: string): { types: number; named: number; integer: boolean } {
  const written = raw['type']
  if (written === undefined) return { types: EVERY_TYPE, named: 0, integer: false }
  const names: readonly unknown[] = Array.isArray(written) ? written : [written]
  let types = 0
  for (const name of names) {
    const bit = typeof name === 'string' && Object.hasOwn(typeBits, name) ? typeBits[name] : undefined
    if (bit === undefined) {
      const known = Object.keys(typeBits).join(', ')
      throw new SchemaError(at, 'type', `${JSON.stringify(name)} is not a JSON type; use one of ${known}`)
    }
    types |= bit
  }
  if (types === 0) throw new SchemaError(at, 'type', 'must name at least one type')
  return { types, named: types, integer: names.includes('integer') && !names.includes('number') }
}

/** `const` and `enum`, each a shape of its own. */
export function readValues(raw: Keywords, at: string): Shape[] {
  const found: Shape[] = []
  if (Object.hasOwn(raw, 'const')) found.push(valuesShape([raw['const']], 'const', at))
  if (raw['enum'] !== undefined) found.push(valuesShape(raw['enum'] as readonly unknown[], 'enum', at))
  return found
}

function valuesShape(values: readonly unknown[], keyword: string, at: string): Shape {
  const copies = values.map(isolate)
  const bad = copies.indexOf(INVALID)
  if (bad >= 0) throw new SchemaError(at, keyword, `value ${bad + 1} is not JSON`)
  return { ...ANYTHING, values: copies }
}

export function readNumber(raw: Keywords): NumberRules | undefined {
  const minimum = raw['minimum'] as number | undefined
  const maximum = raw['maximum'] as number | undefined
  const above = raw['exclusiveMinimum'] as number | undefined
  const below = raw['exclusiveMaximum'] as number | undefined
  const multiple = raw['multipleOf'] as number | undefined
  if ([minimum, maximum, above, below, multiple].every((rule) => rule === undefined)) return undefined
  return {
    multiples: multiple === undefined ? [] : [multiple],
    ...(minimum !== undefined && { minimum }),
    ...(maximum !== undefined && { maximum }),
    ...(above !== undefined && { above }),
    ...(below !== undefined && { below }),
  }
}

export function readString(raw: Keywords, at: string): StringRules | undefined {
  const {
    minLength = 0,
    maxLength,
    pattern,
    format,
  } = raw as {
    minLength?: number
    maxLength?: number
    pattern?: string
    format?: string
  }
  if (minLength === 0 && maxLength === undefined && pattern === undefined && format === undefined) return undefined
  const test = format === undefined ? undefined : formatNamed(format)
  if (format !== undefined && test === undefined)
    throw new SchemaError(at, 'format', `unknown format '${format}'; known: ${formatNames().join(', ')}`)
  return {
    minLength,
    ...(maxLength !== undefined && { maxLength }),
    patterns: pattern === undefined ? [] : [{ text: pattern, regex: readPattern(pattern, at, 'pattern') }],
    formats: format === undefined || test === undefined ? [] : [{ name: format, test }],
  }
}

/**
 * Patterns are ECMA-262 with the u flag, as the specification asks. The engine backtracks, so a pattern such as
 * `(a+)+$` can take exponential time: the contract's author is trusted, and `maxLength` is checked first and bounds it.
 */
export function readPattern(text: string, at: string, keyword: string): RegExp {
  try {
    return new RegExp(text, 'u')
  } catch (error) {
    throw new SchemaError(at, keyword, error instanceof Error ? error.message : 'not a regular expression')
  }
}
