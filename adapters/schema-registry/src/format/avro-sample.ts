/** Values of an Avro type, led along a path to the place that a witness has to show. */
import type avro from 'avsc'

interface Parts {
  readonly fields?: readonly { readonly name: string; readonly type: avro.Type }[]
  readonly symbols?: readonly string[]
  readonly itemsType?: avro.Type
  readonly valuesType?: avro.Type
  readonly types?: readonly avro.Type[]
  readonly size?: number
  readonly branchName?: string
}

/** Levels of nesting that are filled in. */
const maxDepth = 64

const scalars: Readonly<Record<string, () => unknown>> = {
  null: () => null,
  boolean: () => false,
  int: () => 0,
  long: () => 0,
  float: () => 0.5,
  double: () => 0.5,
  string: () => 'text',
  bytes: () => Buffer.from('text'),
}

/** A value (unions wrapped); `last` stands at the end of the path when it is a symbol or the name of a branch there. */
export function sampleAvro(type: avro.Type, path: readonly string[], last: unknown, depth = 0): unknown {
  if (depth > maxDepth) return undefined
  const scalar = scalars[type.typeName]
  if (scalar !== undefined) return scalar()
  const parts = type as Parts
  const inner = (one: avro.Type, key: string): unknown =>
    path[0] === key ? sampleAvro(one, path.slice(1), last, depth + 1) : sampleAvro(one, [], undefined, depth + 1)
  if (parts.fields !== undefined)
    return Object.fromEntries(parts.fields.map((field) => [field.name, inner(field.type, field.name)]))
  if (parts.symbols !== undefined) return path.length === 0 && typeof last === 'string' ? last : parts.symbols[0]
  if (parts.itemsType !== undefined) return path[0] === '0' ? [inner(parts.itemsType, '0')] : []
  if (parts.valuesType !== undefined) return path[0] === 'key' ? { key: inner(parts.valuesType, 'key') } : {}
  if (parts.size !== undefined) return Buffer.alloc(parts.size)
  return parts.types === undefined ? undefined : sampleUnion(parts.types, path, last, depth)
}

function sampleUnion(types: readonly avro.Type[], path: readonly string[], last: unknown, depth: number): unknown {
  const branchOf = (one: avro.Type): string => (one as Parts).branchName ?? one.typeName
  const chosen =
    types.find((one) => branchOf(one) === path[0]) ?? types.find((one) => one.typeName === 'null') ?? types[0]
  if (chosen === undefined || chosen.typeName === 'null') return null
  const value = sampleAvro(chosen, branchOf(chosen) === path[0] ? path.slice(1) : [], last, depth + 1)
  return value === undefined ? undefined : { [branchOf(chosen)]: value }
}
