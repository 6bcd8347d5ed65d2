/**
 * Two questions about whole shapes that need no comparison rule by rule: do both say the same, and does a schema accept what it
 * has itself sent. The second is not a matter of course: the sender strips what it does not know, and a rule such as "exactly
 * one of these" or "not this" may judge the stripped document differently.
 */
import { choices } from '../../schema/interpret/union.ts'
import {
  ANYTHING,
  type Applicator,
  ARRAY,
  type ArrayRules,
  OBJECT,
  type ObjectRules,
  type Shape,
  typesOf,
} from '../../schema/shape.ts'

type Pairs = Map<object, Set<object>>

/** Both say the same, the order of properties and the places of definitions aside. */
export function isSameShape(a: Shape, b: Shape, assumed: Pairs = new Map()): boolean {
  if (a === b) return true
  if (a.target !== undefined || b.target !== undefined) {
    const [one, other] = [a.target ?? a, b.target ?? b]
    const seen = assumed.get(one) ?? new Set()
    if (seen.has(other)) return true
    assumed.set(one, seen.add(other))
    return isSameShape(a.target?.shape ?? a, b.target?.shape ?? b, assumed)
  }
  return (
    a.types === b.types &&
    a.integer === b.integer &&
    isSameText(a.values, b.values) &&
    isSameText(a.number, b.number) &&
    isSameString(a, b) &&
    isSameArray(a.array, b.array, assumed) &&
    (a.named & OBJECT) === (b.named & OBJECT) &&
    isSameObject(a.object, b.object, assumed) &&
    a.also.length === b.also.length &&
    a.also.every((one, index) => isSameApplicator(one, b.also[index] as Applicator, assumed))
  )
}

const isSameText = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

function isSameString(a: Shape, b: Shape): boolean {
  const text = ({ string }: Shape): unknown =>
    string && [
      string.minLength,
      string.maxLength,
      string.patterns.map((p) => p.text),
      string.formats.map((f) => f.name),
    ]
  return isSameText(text(a), text(b))
}

function isSameMaybe(a: Shape | undefined, b: Shape | undefined, assumed: Pairs): boolean {
  return a === undefined || b === undefined ? a === b : isSameShape(a, b, assumed)
}

function isSameArray(a: ArrayRules | undefined, b: ArrayRules | undefined, assumed: Pairs): boolean {
  if (a === undefined || b === undefined) return a === b
  return (
    isSameText([a.minItems, a.maxItems, a.distinct], [b.minItems, b.maxItems, b.distinct]) &&
    a.prefix.length === b.prefix.length &&
    a.prefix.every((one, index) => isSameShape(one, b.prefix[index] as Shape, assumed)) &&
    isSameMaybe(a.rest, b.rest, assumed)
  )
}

function isSameObject(a: ObjectRules | undefined, b: ObjectRules | undefined, assumed: Pairs): boolean {
  if (a === undefined || b === undefined) return a === b
  const facts = (rules: ObjectRules): unknown => [
    rules.minProperties,
    rules.maxProperties,
    rules.closed,
    [...rules.present].sort(),
    rules.patterns.map((pattern) => pattern.text),
  ]
  return (
    isSameText(facts(a), facts(b)) &&
    a.properties.length === b.properties.length &&
    a.properties.every((one) => {
      const other = b.properties.find(({ name }) => name === one.name)
      const matches = other !== undefined && other.required === one.required
      return matches && !one.default === !other.default && isSameShape(one.shape, other.shape, assumed)
    }) &&
    a.patterns.every((one, index) => isSameShape(one.shape, b.patterns[index]?.shape as Shape, assumed)) &&
    isSameMaybe(a.rest, b.rest, assumed) &&
    isSameMaybe(a.names, b.names, assumed)
  )
}

function isSameApplicator(a: Applicator, b: Applicator, assumed: Pairs): boolean {
  const branches = (one: Applicator): readonly (Shape | undefined)[] => {
    if ('branches' in one) return one.branches
    if (one.kind === 'if') return [one.test, one.yes, one.no]
    if (one.kind === 'unique') return []
    return [one.branch]
  }
  const [mine, others] = [branches(a), branches(b)]
  if (a.kind !== b.kind || mine.length !== others.length) return false
  if (a.kind === 'contains' && b.kind === 'contains' && (a.min !== b.min || a.max !== b.max)) return false
  return mine.every((one, index) => isSameMaybe(one, others[index], assumed))
}

const structures = ARRAY | OBJECT

/** A schema takes what it has itself sent: no rule in it can change its mind about a stripped document. */
export function readsItself(shape: Shape, seen: Set<object> = new Set()): boolean {
  if (seen.has(shape)) return true
  seen.add(shape)
  const inner = (one: Shape | undefined): boolean => one === undefined || readsItself(one, seen)
  const { target, array, object } = shape
  if (target !== undefined) return inner(target.shape)
  return (
    shape.also.every((one) => isStable(one, shape.also.length === 1, inner)) &&
    (array === undefined || (array.prefix.every(inner) && inner(array.rest))) &&
    (object === undefined ||
      (object.properties.every((property) => inner(property.shape)) &&
        object.patterns.every((pattern) => inner(pattern.shape)) &&
        inner(object.rest) &&
        inner(object.names)))
  )
}

function isStable(applicator: Applicator, alone: boolean, inner: (shape: Shape) => boolean): boolean {
  switch (applicator.kind) {
    case 'anyOf':
      return applicator.branches.every(inner)
    case 'oneOf':
      return alone && choices({ ...ANYTHING, also: [applicator] }) !== undefined && applicator.branches.every(inner)
    case 'allOf':
      return inner(applicator.branch)
    case 'unique':
      return false
    case 'if':
      return [applicator.test, applicator.yes, applicator.no].every((one) => one === undefined || isFlat(one))
    default:
      return isFlat(applicator.branch)
  }
}

/** Judges only values of which nothing can be stripped. */
const isFlat = (shape: Shape): boolean => (typesOf(shape) & structures) === 0

/**
 * When several copies of one document are accepted each, so is the document that has what any of them has. An untagged union
 * sends such documents: it keeps what any branch that fits keeps.
 */
export function acceptsMixtures(shape: Shape, seen: Set<object> = new Set()): boolean {
  if (seen.has(shape)) return true
  seen.add(shape)
  const inner = (one: Shape | undefined): boolean => one === undefined || acceptsMixtures(one, seen)
  const { target, array, object, also } = shape
  if (target !== undefined) return inner(target.shape)
  if (shape.values?.some((value) => typeof value === 'object' && value !== null)) return false
  const [union] = also
  if (union !== undefined) {
    if (also.length > 1 || (union.kind !== 'anyOf' && union.kind !== 'oneOf')) return false
    return choices(shape) !== undefined && union.branches.every(inner)
  }
  if (object?.maxProperties !== undefined) return false
  const list = array === undefined || (array.prefix.every(inner) && inner(array.rest))
  const record =
    object === undefined ||
    (object.properties.every((property) => inner(property.shape)) &&
      object.patterns.every((pattern) => inner(pattern.shape)) &&
      inner(object.rest))
  return list && record
}
