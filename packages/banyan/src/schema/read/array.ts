/** Reads the rules of arrays, in the 2020-12 form and in the older tuple form that TypeBox 1 writes. */
import { SchemaError } from '../schema-error.ts'
import { ANYTHING, type Applicator, type ArrayRules, isAnything, PRIMITIVE, type Shape, typesOf } from '../shape.ts'
import type { Place, Reader } from './reader.ts'

type Keywords = Readonly<Record<string, unknown>>

export interface ArrayReading {
  readonly rules?: ArrayRules
  readonly also: readonly Applicator[]
}

export function readArray(reader: Reader, raw: Keywords, place: Place): ArrayReading {
  const { prefix, rest } = readElements(reader, raw, place)
  const minItems = (raw['minItems'] as number | undefined) ?? 0
  const maxItems = tighter(raw['maxItems'] as number | undefined, rest?.types === 0 ? prefix.length : undefined)
  const distinct = raw['uniqueItems'] === true && onlyPrimitives(prefix, rest)
  const also: Applicator[] = raw['uniqueItems'] === true && !distinct ? [{ kind: 'unique' }] : []
  const contains = readContains(reader, raw, place)
  if (contains !== undefined) also.push(contains)
  const empty = prefix.length === 0 && rest === undefined && minItems === 0 && maxItems === undefined
  if (empty && !distinct) return { also }
  const rules: ArrayRules = {
    prefix,
    minItems,
    distinct,
    ...(rest && { rest }),
    ...(maxItems !== undefined && { maxItems }),
  }
  return { rules, also }
}

function readElements(reader: Reader, raw: Keywords, place: Place): { prefix: Shape[]; rest?: Shape } {
  const items = raw['items']
  const tuple = Array.isArray(items)
  const first = tuple ? items : ((raw['prefixItems'] as readonly unknown[] | undefined) ?? [])
  const keyword = tuple ? 'items' : 'prefixItems'
  const prefix = first.map((element: unknown, index: number) => reader.below(element, place, `${keyword}/${index}`))
  if (!tuple && raw['additionalItems'] !== undefined)
    throw new SchemaError(place.at, 'additionalItems', "only beside an array of 'items'; use 'items' instead")
  const after = tuple ? raw['additionalItems'] : items
  if (after === undefined) return { prefix }
  return { prefix, rest: reader.below(after, place, tuple ? 'additionalItems' : 'items') }
}

function onlyPrimitives(prefix: readonly Shape[], rest: Shape | undefined): boolean {
  return [...prefix, rest ?? ANYTHING].every((element) => {
    // A reference may still be being read, then its types are not known yet.
    if (element.target !== undefined || element.also.length > 0) return false
    return (typesOf(element) & ~PRIMITIVE) === 0
  })
}

function readContains(reader: Reader, raw: Keywords, place: Place): Applicator | undefined {
  if (raw['contains'] === undefined) return undefined
  const min = (raw['minContains'] as number | undefined) ?? 1
  const max = raw['maxContains'] as number | undefined
  const branch = reader.below(raw['contains'], place, 'contains')
  if (isAnything(branch) && min === 0 && max === undefined) return undefined
  return { kind: 'contains', branch, min, ...(max !== undefined && { max }) }
}

export function tighter(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b)
}
