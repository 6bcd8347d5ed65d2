/** Reads the rules of objects. */
import { segment } from '../pointer.ts'
import { SchemaError } from '../schema-error.ts'
import type { Default, ObjectRules, Pattern, Property, Shape } from '../shape.ts'
import { conjunction } from './merge.ts'
import type { Place, Reader } from './reader.ts'
import { readPattern } from './scalar.ts'

type Keywords = Readonly<Record<string, unknown>>

const objectKeywords = [
  'properties',
  'patternProperties',
  'additionalProperties',
  'propertyNames',
  'required',
  'minProperties',
  'maxProperties',
  'unevaluatedProperties',
]

export function readObject(reader: Reader, raw: Keywords, place: Place): ObjectRules | undefined {
  if (objectKeywords.every((keyword) => raw[keyword] === undefined)) return undefined
  const closed = readClosed(raw, place)
  const patterns = readPatterns(reader, raw, place)
  const properties = readProperties(reader, raw, place, patterns)
  const described = new Set(properties.map((property) => property.name))
  const present = ((raw['required'] as readonly string[] | undefined) ?? []).filter((name) => !described.has(name))
  const extra = raw['additionalProperties']
  const rest = extra === undefined || extra === false ? undefined : reader.below(extra, place, 'additionalProperties')
  const names =
    raw['propertyNames'] === undefined ? undefined : reader.below(raw['propertyNames'], place, 'propertyNames')
  const maxProperties = raw['maxProperties'] as number | undefined
  return {
    properties,
    patterns,
    present: [...new Set(present)],
    minProperties: (raw['minProperties'] as number | undefined) ?? 0,
    closed,
    ...(rest && { rest }),
    ...(names && { names }),
    ...(maxProperties !== undefined && { maxProperties }),
  }
}

function readClosed(raw: Keywords, place: Place): boolean {
  const rest = raw['unevaluatedProperties']
  if (rest !== undefined && rest !== false)
    throw new SchemaError(place.at, 'unevaluatedProperties', "only false is supported; use 'additionalProperties'")
  return rest === false || raw['additionalProperties'] === false
}

function readPatterns(reader: Reader, raw: Keywords, place: Place): (Pattern & { shape: Shape })[] {
  return Object.entries((raw['patternProperties'] as Keywords | undefined) ?? {}).map(([text, schema]) => ({
    text,
    regex: readPattern(text, place.at, 'patternProperties'),
    shape: reader.below(schema, place, `patternProperties/${segment(text)}`),
  }))
}

function readProperties(
  reader: Reader,
  raw: Keywords,
  place: Place,
  patterns: readonly (Pattern & { readonly shape: Shape })[],
): Property[] {
  const required = new Set(raw['required'] as readonly string[] | undefined)
  return Object.entries((raw['properties'] as Keywords | undefined) ?? {}).map(([name, schema]) => {
    const at = `properties/${segment(name)}`
    const own = reader.below(schema, place, at)
    const matching = patterns.filter((pattern) => pattern.regex.test(name))
    const shape = matching.length === 0 ? own : conjunction([own, ...matching.map((pattern) => pattern.shape)])
    const isRequired = required.has(name)
    const preset: Default | undefined = isRequired ? undefined : reader.defaultOf(schema, shape, `${place.at}/${at}`)
    return { name, shape, required: isRequired, ...(preset && { default: preset }) }
  })
}
