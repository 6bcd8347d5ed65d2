/** Objects, interpreted: declared properties by name, then the keys nobody named. */
import { isolateAt } from '../isolate.ts'
import { describesObject, type ObjectRules, type Property, type Shape } from '../shape.ts'
import { INVALID, isInheritedName, isPlain, NOTHING, readOwn, setOwn } from '../value.ts'
import type { Copier, Interpreter } from './interpreter.ts'
import { again, united } from './weigh.ts'

const noRules: ObjectRules = { properties: [], patterns: [], present: [], minProperties: 0, closed: false }

type Plain = Record<string, unknown>

/** Copies a record; `known` is the value of the property `tag`, which was already read to choose this shape. */
export type RecordCopier = (value: unknown, depth: number, known?: unknown) => unknown

/** The shape's object part. With `tag` that property is not read again: the third argument is its value. */
export function objectCopier(interpreter: Interpreter, shape: Shape, tag?: string): RecordCopier {
  const rules = shape.object ?? noRules
  const fields = ordered(rules.properties).map((property) => field(interpreter, property))
  const tagIndex = ordered(rules.properties).findIndex((property) => property.name === tag)
  const others = otherKeys(interpreter, rules, !describesObject(shape))
  return (value, depth, known) => {
    if (!isPlain(value as object)) return INVALID
    const source = value as Plain
    const copy: Plain = {}
    for (let index = 0; index < fields.length; index++) {
      const copyField = fields[index] as Field
      if (!copyField(index === tagIndex ? known : copyField.read(source), copy, depth)) return INVALID
    }
    for (const name of rules.present) if (readOwn(source, name) === undefined) return INVALID
    if (others !== undefined && !others(source, copy, depth)) return INVALID
    return hasRightCount(rules, copy) ? copy : INVALID
  }
}

/** For a shape that only asserts about objects (required, minProperties …) beside others that describe them. */
export function objectAsserter(interpreter: Interpreter, rules: ObjectRules): Copier {
  const names = rules.names === undefined ? undefined : interpreter.copier(rules.names)
  return (value, depth) => {
    if (!isPlain(value as object)) return INVALID
    const source = value as Plain
    if (rules.present.some((name) => readOwn(source, name) === undefined)) return INVALID
    const keys = presentKeys(source)
    if (names !== undefined && keys.some((key) => names(key, depth) === INVALID)) return INVALID
    return hasRightCount(rules, source) ? NOTHING : INVALID
  }
}

export function presentKeys(record: Plain): string[] {
  return Object.keys(record).filter((key) => record[key] !== undefined)
}

/** Counted on what is kept, so that what one side sends the other side accepts. */
export function hasRightCount(rules: ObjectRules, copy: Plain): boolean {
  if (rules.minProperties === 0 && rules.maxProperties === undefined) return true
  const count = presentKeys(copy).length
  return count >= rules.minProperties && count <= (rules.maxProperties ?? Number.POSITIVE_INFINITY)
}

/** Required ones first: the order of keys in a copy is the same in both back ends. */
export function ordered(properties: readonly Property[]): readonly Property[] {
  const always = (property: Property): boolean => property.required || property.default !== undefined
  return [...properties.filter(always), ...properties.filter((property) => !always(property))]
}

interface Field {
  (found: unknown, copy: Plain, depth: number): boolean
  read(source: Plain): unknown
}

function field(interpreter: Interpreter, property: Property): Field {
  const { name, required, default: preset } = property
  const copier = interpreter.copier(property.shape)
  const copyField = (found: unknown, copy: Plain, depth: number): boolean => {
    if (found === undefined) {
      if (preset !== undefined) setOwn(copy, name, again(preset.value))
      return !required
    }
    const own = copier(found, depth)
    if (own === INVALID) return false
    setOwn(copy, name, own)
    return true
  }
  const read = isInheritedName(name)
    ? (source: Plain): unknown => readOwn(source, name)
    : (source: Plain): unknown => source[name]
  return Object.assign(copyField, { read })
}

type Part = (source: Plain, copy: Plain, depth: number) => boolean

/** The keys no property names: undefined when they are simply not looked at. `all`: nothing is described, keep them. */
function otherKeys(interpreter: Interpreter, rules: ObjectRules, all: boolean): Part | undefined {
  const names = rules.names === undefined ? undefined : interpreter.copier(rules.names)
  const declared = new Set(rules.properties.map((property) => property.name))
  const keyed = keyCopier(interpreter, rules, all)
  const reject = interpreter.extras === 'reject'
  if (keyed === undefined && names === undefined && !reject) return undefined
  return (source, copy, depth) => {
    for (const key of Object.keys(source)) {
      const isDeclared = declared.has(key)
      if (isDeclared && (names === undefined || !Object.hasOwn(copy, key))) continue
      const copyKey = isDeclared ? undefined : keyed?.(key)
      if (copyKey === undefined && !isDeclared && !reject) continue
      const found = isDeclared ? copy[key] : source[key]
      if (found === undefined) continue
      if (names !== undefined && names(key, depth) === INVALID) return false
      if (isDeclared) continue
      if (copyKey === undefined || !key.isWellFormed()) return false
      const own = copyKey(found, depth)
      if (own === INVALID) return false
      setOwn(copy, key, own)
    }
    return true
  }
}

/** How an undeclared key's value is copied: by every pattern that matches, else as additionalProperties says. */
export function keyCopier(
  interpreter: Interpreter,
  rules: ObjectRules,
  all: boolean,
): ((key: string) => Copier | undefined) | undefined {
  const rest = rules.rest === undefined ? (all ? isolateAt : undefined) : interpreter.copier(rules.rest)
  if (rules.patterns.length === 0) return rest === undefined ? undefined : () => rest
  const patterns = rules.patterns.map(({ regex, shape }) => ({ regex, copier: interpreter.copier(shape) }))
  return (key) => {
    const matching = patterns.filter(({ regex }) => regex.test(key))
    if (matching.length === 0) return rest
    if (matching.length === 1) return matching[0]?.copier
    return (value, depth) =>
      together(
        matching.map(({ copier }) => copier),
        value,
        depth,
      )
  }
}

/** All of several descriptions of one value; on a copy, since it is read more than once. */
function together(copiers: readonly Copier[], value: unknown, depth: number): unknown {
  const plain = isolateAt(value, depth)
  if (plain === INVALID) return INVALID
  let result: unknown = NOTHING
  for (const copier of copiers) {
    const own = copier(plain, depth)
    if (own === INVALID) return INVALID
    result = united(result, own)
  }
  return result
}
