/**
 * What a schema means, after reading: one `Shape` per schema, keywords checked, references resolved, `allOf` merged.
 * Both back ends and the explanation work from shapes, never from the schema text, so that they cannot disagree about it.
 */

export const NULL = 1
export const BOOLEAN = 2
export const NUMBER = 4
export const STRING = 8
export const ARRAY = 16
export const OBJECT = 32
export const EVERY_TYPE = 63
/** Types whose values are immutable, so that looking twice is safe. */
export const PRIMITIVE: number = NULL | BOOLEAN | NUMBER | STRING

/** One schema: every part present must hold. */
export interface Shape {
  /** Bit set of the JSON types that may appear; 0 means nothing is valid. */
  readonly types: number
  /** The types a `type` keyword named (0 without one). Naming 'object' is what makes an empty object description. */
  readonly named: number
  readonly integer: boolean
  readonly values?: readonly unknown[]
  readonly number?: NumberRules
  readonly string?: StringRules
  readonly array?: ArrayRules
  readonly object?: ObjectRules
  /** A $ref and nothing else. */
  readonly target?: Target
  /** What needs more than one look at the value. */
  readonly also: readonly Applicator[]
}

export interface NumberRules {
  readonly minimum?: number
  readonly maximum?: number
  readonly above?: number
  readonly below?: number
  readonly multiples: readonly number[]
}

export interface StringRules {
  readonly minLength: number
  readonly maxLength?: number
  readonly patterns: readonly Pattern[]
  readonly formats: readonly Format[]
}

export interface Pattern {
  readonly text: string
  readonly regex: RegExp
}

export interface Format {
  readonly name: string
  readonly test: (text: string) => boolean
}

export interface ArrayRules {
  readonly prefix: readonly Shape[]
  /** Elements after the prefix; undefined: anything. */
  readonly rest?: Shape
  readonly minItems: number
  readonly maxItems?: number
  /** uniqueItems over primitives, decidable on the copy. Otherwise it is an applicator. */
  readonly distinct: boolean
}

export interface ObjectRules {
  readonly properties: readonly Property[]
  readonly patterns: readonly (Pattern & { readonly shape: Shape })[]
  /** Keys no other rule names (additionalProperties as a schema or true); undefined: the extras policy decides. */
  readonly rest?: Shape
  /** Required names that `properties` does not describe. */
  readonly present: readonly string[]
  readonly names?: Shape
  readonly minProperties: number
  readonly maxProperties?: number
  /** additionalProperties: false was written; only `oneOf` cares. */
  readonly closed: boolean
}

export interface Property {
  readonly name: string
  readonly shape: Shape
  readonly required: boolean
  readonly default?: Default
}

/** Mutable once: the compiler replaces the written value by its validated copy. */
export interface Default {
  value: unknown
  readonly shape: Shape
  readonly at: string
}

/** Where a $ref points. The shape arrives after reading; `recursive` when it is reachable from itself. */
export interface Target {
  readonly at: string
  shape: Shape
  recursive: boolean
}

export type Applicator =
  | { readonly kind: 'anyOf' | 'oneOf'; readonly branches: readonly Shape[] }
  | { readonly kind: 'allOf' | 'not'; readonly branch: Shape }
  | { readonly kind: 'if'; readonly test: Shape; readonly yes?: Shape; readonly no?: Shape }
  | { readonly kind: 'contains'; readonly branch: Shape; readonly min: number; readonly max?: number }
  | { readonly kind: 'unique' }

export const ANYTHING: Shape = { types: EVERY_TYPE, named: 0, integer: false, also: [] }
export const NEVER: Shape = { types: 0, named: 0, integer: false, also: [] }

/** The bit of a value's JSON type; 0 for what is not JSON by itself (NaN, bigint, functions …). */
export function typeOf(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return STRING
    case 'number':
      return Number.isFinite(value) ? NUMBER : 0
    case 'boolean':
      return BOOLEAN
    case 'object':
      return value === null ? NULL : Array.isArray(value) ? ARRAY : OBJECT
    default:
      return 0
  }
}

/** No rule for what a value contains: only `types` may restrict it. */
export function isBare(shape: Shape): boolean {
  return (
    shape.values === undefined &&
    shape.target === undefined &&
    shape.number === undefined &&
    shape.string === undefined &&
    shape.array === undefined &&
    shape.object === undefined &&
    !shape.integer
  )
}

export function isAnything(shape: Shape): boolean {
  return shape.types === EVERY_TYPE && shape.also.length === 0 && isBare(shape)
}

/** The shape says which keys an object has, so unknown keys are recognisable. */
export function describesObject(shape: Shape): boolean {
  const rules = shape.object
  if ((shape.named & OBJECT) !== 0) return true
  return rules !== undefined && (rules.properties.length > 0 || rules.patterns.length > 0 || rules.rest !== undefined)
}

export function describesArray(shape: Shape): boolean {
  return shape.array !== undefined && (shape.array.prefix.length > 0 || shape.array.rest !== undefined)
}

/** The types a value of this shape can have, looking through references and unions. */
export function typesOf(shape: Shape): number {
  if (shape.target !== undefined) return typesOf(shape.target.shape)
  let types = shape.types
  if (shape.values !== undefined) types &= shape.values.reduce((bits: number, value) => bits | typeOf(value), 0)
  for (const applicator of shape.also) {
    if (applicator.kind === 'allOf') types &= typesOf(applicator.branch)
    if (applicator.kind === 'anyOf' || applicator.kind === 'oneOf')
      types &= applicator.branches.reduce((bits, branch) => bits | typesOf(branch), 0)
  }
  return types
}

/** The shape behind references. */
export function resolved(shape: Shape): Shape {
  return shape.target === undefined ? shape : resolved(shape.target.shape)
}
