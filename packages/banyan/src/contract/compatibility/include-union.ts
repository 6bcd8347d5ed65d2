/** The reader's alternatives, and its rules that look at a value as a whole. */
import { type Choice, choices } from '../../schema/interpret/union.ts'
import { ANYTHING, type Applicator, ARRAY, isAnything, OBJECT, type Shape, typesOf } from '../../schema/shape.ts'
import { isDistinct, repeats } from './include-array.ts'
import { type Place, placeBelow } from './place.ts'
import type { Prover } from './prover.ts'
import { isSameShape, readsItself } from './same-shape.ts'
import { withKey } from './sample.ts'

type Union = Applicator & { readonly kind: 'anyOf' | 'oneOf' }

/** Everything of one type that the writer sends satisfies the rule. */
export function includesApplicator(
  prover: Prover,
  writer: Shape,
  bit: number,
  rule: Applicator,
  place: Place,
): boolean {
  switch (rule.kind) {
    case 'allOf':
      // Under 'refuse' a property must be known to one of the parts, not to each: that is not followed.
      if (prover.refusesUnknown && bit >= ARRAY) return undecided(prover, writer, rule.kind, place)
      return prover.includes(writer, rule.branch, place)
    case 'anyOf':
    case 'oneOf':
      return includesUnion(prover, writer, bit, rule, place)
    case 'not':
      return (
        (typesOf(rule.branch) & bit) === 0 || excludes(writer, rule.branch) || undecided(prover, writer, 'not', place)
      )
    case 'if':
      return includesConditional(prover, writer, rule, place)
    case 'contains':
      return bit !== ARRAY || includesContains(prover, writer, rule, place)
    case 'unique':
      return bit !== ARRAY || isDistinct(writer) || repeats(prover, writer, place)
  }
}

/** The writer excludes the same, of values of which nothing can be stripped. */
function excludes(writer: Shape, branch: Shape): boolean {
  const flat = (writer.types & (ARRAY | OBJECT)) === 0
  return flat && writer.also.some((one) => one.kind === 'not' && isSameShape(one.branch, branch))
}

function undecided(prover: Prover, writer: Shape, rule: string, place: Place): false {
  const candidates = (): Iterable<unknown> => prover.sampler.samples(writer)
  return prover.differs({ place, rule, writer: undefined, reader: undefined, candidates })
}

function includesConditional(prover: Prover, writer: Shape, rule: Applicator & { kind: 'if' }, place: Place): boolean {
  const holds = [rule.yes, rule.no].every((branch) => branch === undefined || prover.proves(writer, branch))
  return (holds && !prover.refusesUnknown) || undecided(prover, writer, rule.kind, place)
}

function includesContains(
  prover: Prover,
  writer: Shape,
  rule: Applicator & { kind: 'contains' },
  place: Place,
): boolean {
  const { minItems = 0, rest, prefix = [] } = writer.array ?? {}
  const all = [...prefix, rest ?? ANYTHING].every((element) => prover.proves(element, rule.branch))
  const enough = rule.min === 0 || (all && minItems >= rule.min)
  return (enough && rule.max === undefined) || undecided(prover, writer, rule.kind, place)
}

function includesUnion(prover: Prover, writer: Shape, bit: number, union: Union, place: Place): boolean {
  const choice = choices({ ...ANYTHING, also: [union] })?.get(bit)
  if (choice?.kind === 'none') return noBranch(prover, writer, union, place)
  if (choice?.kind === 'one') return prover.includes(writer, choice.branch, place)
  if (choice?.kind === 'tag') return includesTagged(prover, writer, union, choice, place)
  if (choice?.kind === 'try' && choice.exclusive) return includesExclusive(prover, writer, union, place)
  if (union.kind === 'oneOf' && choice === undefined)
    return sameUnion(writer, union) || noBranch(prover, writer, union, place)
  return union.branches.some((branch) => prover.proves(writer, branch)) || noBranch(prover, writer, union, place)
}

function sameUnion(writer: Shape, union: Union): boolean {
  const reader: Shape = { ...ANYTHING, also: [union] }
  return isSameShape(writer, reader) && readsItself(writer)
}

function noBranch(prover: Prover, writer: Shape, union: Union, place: Place): false {
  const candidates = (): Iterable<unknown> => prover.sampler.samples(writer)
  return prover.differs({ place, rule: union.kind, writer: undefined, reader: undefined, candidates })
}

/** Exactly one of several for a primitive: one is proven, and the others list values that the writer does not send. */
function includesExclusive(prover: Prover, writer: Shape, union: Union, place: Place): boolean {
  const fitting = union.branches.filter((branch) => prover.proves(writer, branch))
  const others = union.branches.filter((branch) => !fitting.includes(branch))
  const apart = others.every((branch) => {
    if ((typesOf(branch) & typesOf(writer)) === 0) return true
    return branch.also.length === 0 && branch.values?.every((value) => !prover.sampler.isRead(writer, value)) === true
  })
  return (fitting.length === 1 && apart) || noBranch(prover, writer, union, place)
}

/** A union with a tag: the writer's values of the tag choose the branches it must satisfy. */
function includesTagged(
  prover: Prover,
  writer: Shape,
  union: Union,
  choice: Choice & { readonly kind: 'tag' },
  place: Place,
): boolean {
  const property = writer.object?.properties.find(({ name }) => name === choice.tag)
  const always = property?.required === true || property?.default !== undefined
  const values = property?.shape.also.length === 0 ? property.shape.values : undefined
  if (!always || values === undefined) {
    const covered = union.kind === 'anyOf' && union.branches.some((branch) => prover.proves(writer, branch))
    return covered || noBranch(prover, writer, union, place)
  }
  return values.map((value) => includesCase(prover, writer, choice, value, place)).every(Boolean)
}

function includesCase(
  prover: Prover,
  writer: Shape,
  choice: Choice & { readonly kind: 'tag' },
  value: unknown,
  place: Place,
): boolean {
  const piece = withTag(writer, choice.tag, value)
  const branch = choice.cases.find(({ values }) => values.includes(value))?.branch
  if (branch !== undefined) return prover.includes(piece, branch, place)
  const inner = placeBelow(place, choice.tag, (tag) => {
    const record = prover.sampler.record(piece, () => false)
    return record && withKey(record, choice.tag, tag)
  })
  const known = choice.cases.flatMap(({ values }) => values)
  return prover.differs({ place: inner, rule: 'enum', writer: [value], reader: known, candidates: () => [value] })
}

function withTag(writer: Shape, tag: string, value: unknown): Shape {
  const rules = writer.object
  if (rules === undefined || isAnything(writer)) return writer
  const properties = rules.properties.map((property) =>
    property.name === tag ? { ...property, shape: { ...ANYTHING, values: [value] } } : property,
  )
  return { ...writer, types: OBJECT, object: { ...rules, properties } }
}
