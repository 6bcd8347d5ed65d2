/**
 * "All of these hold" as one shape where that can be said statically, so that an intersection costs no more than the
 * object it describes. What cannot be merged stays an `allOf` applicator and is judged on a snapshot.
 */
import {
  type Applicator,
  type ArrayRules,
  describesObject,
  isAnything,
  isBare,
  NEVER,
  type NumberRules,
  type ObjectRules,
  type Property,
  type Shape,
  type StringRules,
  typeOf,
} from '../shape.ts'
import { tighter } from './array.ts'

export function conjunction(shapes: readonly Shape[]): Shape {
  let all: Shape | undefined
  for (const shape of shapes) {
    if (isAnything(shape)) continue
    if (all === undefined) all = shape
    else all = merged(all, shape) ?? alongside(all, shape)
  }
  return all ?? (shapes[0] as Shape)
}

function alongside(all: Shape, branch: Shape): Shape {
  // Two references or value lists cannot sit in one shape, so an opaque first one becomes an applicator too.
  const opaque = all.target !== undefined || all.values !== undefined
  const also: Applicator[] = opaque ? [{ kind: 'allOf', branch: all }] : [...all.also]
  const base = opaque ? { types: 63, named: 0, integer: false } : all
  return { ...base, also: [...also, { kind: 'allOf', branch }] }
}

function merged(a: Shape, b: Shape): Shape | undefined {
  if (a.target !== undefined || b.target !== undefined) return mergedTargets(a, b)
  if (a.values !== undefined || b.values !== undefined) return mergedValues(a, b)
  const object = mergedObject(a, b)
  const array = mergedArray(a.array, b.array)
  if (object === 'apart' || array === 'apart') return undefined
  const number = mergedNumber(a.number, b.number)
  const string = mergedString(a.string, b.string)
  return {
    types: a.types & b.types,
    named: a.named | b.named,
    integer: a.integer || b.integer,
    also: [...a.also, ...b.also],
    ...(number && { number }),
    ...(string && { string }),
    ...(array && { array }),
    ...(object && { object }),
  }
}

/** A reference is looked through when its shape is known and cannot lead back here. */
function mergedTargets(a: Shape, b: Shape): Shape | undefined {
  const open = (shape: Shape): Shape | undefined => {
    if (shape.target === undefined) return shape
    const { shape: inner, recursive } = shape.target
    return recursive || inner === NEVER ? undefined : open(inner)
  }
  const first = open(a)
  const second = open(b)
  return first === undefined || second === undefined ? undefined : merged(first, second)
}

function mergedValues(a: Shape, b: Shape): Shape | undefined {
  const [listed, other] = a.values === undefined ? [b, a] : [a, b]
  if (listed.also.length > 0 || other.also.length > 0) return undefined
  const fits = (value: unknown): boolean => (typeOf(value) & other.types & listed.types) !== 0
  let values = (listed.values ?? []).filter(fits)
  if (other.values !== undefined) {
    const simple = [...values, ...other.values].every((value) => typeof value !== 'object' || value === null)
    if (!simple) return undefined
    values = values.filter((value) => other.values?.includes(value))
  } else if (!isBare({ ...other, integer: false })) return undefined
  if (other.integer) values = values.filter((value) => typeof value !== 'number' || Number.isInteger(value))
  return values.length === 0 ? NEVER : { ...listed, types: 63, values }
}

function mergedNumber(a: NumberRules | undefined, b: NumberRules | undefined): NumberRules | undefined {
  if (a === undefined || b === undefined) return a ?? b
  const minimum = looser(a.minimum, b.minimum)
  const maximum = tighter(a.maximum, b.maximum)
  const above = looser(a.above, b.above)
  const below = tighter(a.below, b.below)
  return {
    multiples: [...a.multiples, ...b.multiples],
    ...(minimum !== undefined && { minimum }),
    ...(maximum !== undefined && { maximum }),
    ...(above !== undefined && { above }),
    ...(below !== undefined && { below }),
  }
}

function looser(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.max(a, b)
}

function mergedString(a: StringRules | undefined, b: StringRules | undefined): StringRules | undefined {
  if (a === undefined || b === undefined) return a ?? b
  const maxLength = tighter(a.maxLength, b.maxLength)
  return {
    minLength: Math.max(a.minLength, b.minLength),
    ...(maxLength !== undefined && { maxLength }),
    patterns: [...a.patterns, ...b.patterns],
    formats: [...a.formats, ...b.formats],
  }
}

function mergedArray(a: ArrayRules | undefined, b: ArrayRules | undefined): ArrayRules | undefined | 'apart' {
  if (a === undefined || b === undefined) return a ?? b
  const elements = (rules: ArrayRules): boolean => rules.prefix.length > 0 || rules.rest !== undefined
  if (elements(a) && elements(b)) {
    if (a.prefix.length > 0 || b.prefix.length > 0) return 'apart'
  }
  const prefix = elements(a) ? a.prefix : b.prefix
  const rest = a.rest && b.rest ? conjunction([a.rest, b.rest]) : (a.rest ?? b.rest)
  const maxItems = tighter(a.maxItems, b.maxItems)
  return {
    prefix,
    minItems: Math.max(a.minItems, b.minItems),
    distinct: a.distinct || b.distinct,
    ...(rest && { rest }),
    ...(maxItems !== undefined && { maxItems }),
  }
}

function mergedObject(first: Shape, second: Shape): ObjectRules | undefined | 'apart' {
  const { object: a } = first
  const { object: b } = second
  if (a === undefined || b === undefined) return a ?? b
  const open = (rules: ObjectRules): boolean => rules.rest !== undefined || rules.patterns.length > 0
  // A rule for "all other keys" means other than its own properties: it would change its meaning in a merged list.
  if ((open(a) && describesObject({ ...second, named: 0 })) || (open(b) && describesObject({ ...first, named: 0 })))
    return 'apart'
  const properties = mergedProperties(a, b)
  const known = new Set(properties.map((property) => property.name))
  const present = [...new Set([...a.present, ...b.present])].filter((name) => !known.has(name))
  const names = a.names && b.names ? conjunction([a.names, b.names]) : (a.names ?? b.names)
  const rest = a.rest ?? b.rest
  const maxProperties = tighter(a.maxProperties, b.maxProperties)
  return {
    properties,
    patterns: [...a.patterns, ...b.patterns],
    present,
    minProperties: Math.max(a.minProperties, b.minProperties),
    closed: a.closed && b.closed,
    ...(rest && { rest }),
    ...(names && { names }),
    ...(maxProperties !== undefined && { maxProperties }),
  }
}

function mergedProperties(a: ObjectRules, b: ObjectRules): Property[] {
  const byName = new Map<string, Property>()
  for (const property of [...a.properties, ...b.properties]) {
    const known = byName.get(property.name)
    byName.set(property.name, known === undefined ? property : mergedProperty(known, property))
  }
  const present = new Set([...a.present, ...b.present])
  return [...byName.values()].map((property) => (present.has(property.name) ? asRequired(property) : property))
}

function mergedProperty(a: Property, b: Property): Property {
  const shape = conjunction([a.shape, b.shape])
  const both: Property = { name: a.name, shape, required: a.required || b.required }
  if (both.required) return both
  const preset = a.default ?? b.default
  return preset === undefined ? both : { ...both, default: preset }
}

function asRequired(property: Property): Property {
  return { name: property.name, shape: property.shape, required: true }
}
