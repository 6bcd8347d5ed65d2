/** Reads a JSON Schema into its `Shape`. One walk at start; everything wrong with a schema is found here. */
import type { JsonSchema } from '../json-schema.ts'
import { segment } from '../pointer.ts'
import { SchemaError } from '../schema-error.ts'
import { ANYTHING, type Default, NEVER, type Shape } from '../shape.ts'
import { alternatives, negation } from './alternatives.ts'
import { readArray } from './array.ts'
import { assertKeywords, isObject } from './keywords.ts'
import { conjunction } from './merge.ts'
import { readObject } from './object.ts'
import type { Place, Reader } from './reader.ts'
import { References } from './references.ts'
import { readNumber, readString, readTypes, readValues } from './scalar.ts'

/** Bounds on the schema text, against a stack overflow and an explosion of generated code at start. */
const MAX_SCHEMA_DEPTH = 128
const MAX_SCHEMA_NODES = 20_000

type Keywords = Readonly<Record<string, unknown>>

export interface Reading {
  readonly shape: Shape
  /** Every default, inner ones first: the compiler validates each and stores its copy. */
  readonly defaults: readonly Default[]
}

/** Throws SchemaError when the schema cannot be used. */
export function readSchema(schema: JsonSchema): Reading {
  const references = new References(schema)
  const defaults: Default[] = []
  let nodes = 0

  function read(raw: unknown, place: Place): Shape {
    if (raw === true) return ANYTHING
    if (raw === false) return NEVER
    if (!isObject(raw)) throw new SchemaError(place.at, '', 'a schema must be an object or a boolean')
    if (place.depth > MAX_SCHEMA_DEPTH)
      throw new SchemaError(place.at, '', `nested more than ${MAX_SCHEMA_DEPTH} levels`)
    if (++nodes > MAX_SCHEMA_NODES) throw new SchemaError(place.at, '', `more than ${MAX_SCHEMA_NODES} subschemas`)
    assertKeywords(raw, place.at)
    return references.within(raw, () => conjunction(parts(raw, place)))
  }

  const reader: Reader = {
    inPlace: (raw, place, keyword) => read(raw, inside(place, keyword)),
    below: (raw, place, keyword) => references.descend(() => read(raw, inside(place, keyword))),
    defaultOf(raw, shape, at) {
      const written = references.defaultOf(raw)
      if (written === undefined) return undefined
      const found: Default = { value: written.value, shape, at }
      defaults.push(found)
      return found
    },
  }

  function parts(raw: Keywords, place: Place): Shape[] {
    for (const key of ['$defs', 'definitions'])
      for (const [name, definition] of Object.entries((raw[key] as Keywords | undefined) ?? {}))
        references.apart(() => references.read(definition, `${place.at}/${key}/${segment(name)}`, read))
    const found = [readOwn(reader, raw, place), ...readValues(raw, place.at)]
    if (raw['$ref'] !== undefined) found.push(references.resolve(raw['$ref'] as string, place.at, read))
    const members = (raw['allOf'] as readonly unknown[] | undefined) ?? []
    members.forEach((member, index) => {
      found.push(reader.inPlace(member, place, `allOf/${index}`))
    })
    return [...found, ...readApplicators(reader, raw, place)]
  }

  const shape = references.read(schema, '#', read)
  references.assertProgress()
  return { shape, defaults }
}

function inside(place: Place, keyword: string): Place {
  return { at: `${place.at}/${keyword}`, depth: place.depth + 1 }
}

function readOwn(reader: Reader, raw: Keywords, place: Place): Shape {
  const { types, named, integer } = readTypes(raw, place.at)
  const array = readArray(reader, raw, place)
  const object = readObject(reader, raw, place)
  const number = readNumber(raw)
  const string = readString(raw, place.at)
  return {
    types,
    named,
    integer,
    also: array?.also ?? [],
    ...(number && { number }),
    ...(string && { string }),
    ...(array?.rules && { array: array.rules }),
    ...(object && { object }),
  }
}

function readApplicators(reader: Reader, raw: Keywords, place: Place): Shape[] {
  const found: Shape[] = []
  for (const kind of ['anyOf', 'oneOf'] as const) {
    const list = raw[kind] as readonly unknown[] | undefined
    if (list === undefined) continue
    const branches = list.map((branch, index) => reader.inPlace(branch, place, `${kind}/${index}`))
    found.push(alternatives(kind, branches))
  }
  if (raw['not'] !== undefined) found.push(negation(reader.inPlace(raw['not'], place, 'not')))
  if (raw['if'] === undefined) return found
  const test = reader.inPlace(raw['if'], place, 'if')
  const yes = raw['then'] === undefined ? undefined : reader.inPlace(raw['then'], place, 'then')
  const no = raw['else'] === undefined ? undefined : reader.inPlace(raw['else'], place, 'else')
  return [...found, { ...ANYTHING, also: [{ kind: 'if', test, ...(yes && { yes }), ...(no && { no }) }] }]
}
