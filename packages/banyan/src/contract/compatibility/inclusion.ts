/**
 * Is everything that one shape sends accepted by another? A proof by cases: the writer's alternatives and types are taken
 * apart until each piece meets one description of the reader's. What cannot be proven is a difference; whether it is a real
 * one only a document shows, and looking for that is somebody else's work (witness.ts).
 *
 * References are compared under the assumption that the same pair holds further below: a document is finite, so the
 * assumption is used only for smaller parts of it. Limits of nesting (64 levels) are left out of account.
 */
import { choices } from '../../schema/interpret/union.ts'
import { conjunction } from '../../schema/read/merge.ts'
import {
  ANYTHING,
  type Applicator,
  ARRAY,
  BOOLEAN,
  isAnything,
  NULL,
  NUMBER,
  OBJECT,
  type Shape,
  STRING,
  typesOf,
} from '../../schema/shape.ts'
import { INVALID } from '../../schema/value.ts'
import { includesArray } from './include-array.ts'
import { includesObject } from './include-object.ts'
import { includesNumber, includesString } from './include-scalar.ts'
import { includesApplicator } from './include-union.ts'
import { documentRoot, type Place } from './place.ts'
import type { Difference, Prover } from './prover.ts'
import { acceptsMixtures, isSameShape, readsItself } from './same-shape.ts'
import { Sampler } from './sample.ts'

/** Steps of one comparison; beyond it the answer is "unknown". Far more than contracts of any size need. */
const maxSteps = 200_000
/** Differences told of one comparison. */
const maxDifferences = 100

export const typeNames: readonly (readonly [bit: number, name: string])[] = [
  [NULL, 'null'],
  [BOOLEAN, 'boolean'],
  [NUMBER, 'number'],
  [STRING, 'string'],
  [ARRAY, 'array'],
  [OBJECT, 'object'],
]

/** Everything that could not be proven; [] means that all the writer sends is accepted. */
export function findDifferences(
  writer: Shape,
  reader: Shape,
  refusesUnknown: boolean,
  sampler: Sampler = new Sampler(refusesUnknown),
): readonly Difference[] {
  const inclusion = new Inclusion(refusesUnknown, sampler)
  inclusion.includes(writer, reader, documentRoot)
  return inclusion.differences
}

class Inclusion implements Prover {
  readonly refusesUnknown: boolean
  readonly sampler: Sampler
  readonly differences: Difference[] = []
  readonly #assumed = new Map<object, Set<object>>()
  #silent = 0
  #steps = 0

  constructor(refusesUnknown: boolean, sampler: Sampler) {
    this.refusesUnknown = refusesUnknown
    this.sampler = sampler
  }

  differs(difference: Difference): false {
    if (this.#silent === 0 && this.differences.length < maxDifferences) this.differences.push(difference)
    return false
  }

  proves(writer: Shape, reader: Shape): boolean {
    this.#silent += 1
    try {
      return this.includes(writer, reader, documentRoot)
    } finally {
      this.#silent -= 1
    }
  }

  includes(writer: Shape, reader: Shape, place: Place): boolean {
    if (++this.#steps > maxSteps) return this.#giveUp(place)
    if (isAnything(reader) || writer.types === 0) return true
    if (writer.target !== undefined || reader.target !== undefined) return this.#referred(writer, reader, place)
    if (writer.values !== undefined) return this.#listed(writer, writer.values, reader, place)
    if (writer.also.length > 0 && isSameShape(writer, reader) && readsItself(writer)) return true
    const union = writer.also.find(isUnion)
    if (union !== undefined) return this.#alternatives(writer, union, reader, place)
    const opaque = writer.also.find(({ kind }) => kind === 'if' || kind === 'allOf')
    if (opaque !== undefined) return this.#composed(writer, opaque, reader, place)
    return this.#everyType(writer, reader, place)
  }

  #giveUp(place: Place): false {
    const told = this.differences.some(({ rule }) => rule === 'size')
    if (told) return false
    return this.differs({ place, rule: 'size', writer: undefined, reader: undefined, candidates: () => [] })
  }

  #referred(writer: Shape, reader: Shape, place: Place): boolean {
    const [one, other] = [writer.target ?? writer, reader.target ?? reader]
    const known = this.#assumed.get(one) ?? new Set()
    if (known.has(other)) return true
    this.#assumed.set(one, known.add(other))
    try {
      return this.includes(writer.target?.shape ?? writer, reader.target?.shape ?? reader, place)
    } finally {
      known.delete(other)
    }
  }

  /** Finitely many values: each is simply tried. */
  #listed(writer: Shape, values: readonly unknown[], reader: Shape, place: Place): boolean {
    const { sampler } = this
    const sent = values.map((value) => sampler.sent(writer, value)).filter((value) => value !== INVALID)
    const refused = sent.filter((value) => !sampler.isRead(reader, value))
    if (refused.length === 0) return true
    const theirs = reader.values ?? describeTypes(reader)
    const rule = reader.values === undefined && (typesOf(reader) & typesOf(writer)) === 0 ? 'type' : 'enum'
    return this.differs({ place, rule, writer: values, reader: theirs, candidates: () => refused })
  }

  #alternatives(
    writer: Shape,
    union: Applicator & { branches: readonly Shape[] },
    reader: Shape,
    place: Place,
  ): boolean {
    const rest: Shape = { ...writer, also: writer.also.filter((one) => one !== union) }
    const structured = union.branches.filter((branch) => (typesOf(branch) & (ARRAY | OBJECT)) !== 0)
    const apart = structured.length < 2 || choices({ ...ANYTHING, also: [union] }) !== undefined
    const pieces = union.branches.map((branch) => conjunction([rest, branch]))
    // Not `every`: a person wants to see what is wrong with each of them.
    const all = pieces.map((piece) => this.includes(piece, reader, place)).every(Boolean)
    if (!all || union.kind === 'oneOf' || apart || acceptsMixtures(reader)) return all
    return this.#undecided(union.kind, writer, place)
  }

  /** Parts that all hold and each of which keeps properties: what is sent is their mixture. */
  #composed(writer: Shape, part: Applicator, reader: Shape, place: Place): boolean {
    if (part.kind !== 'allOf' || !acceptsMixtures(reader)) return this.#undecided(part.kind, writer, place)
    const rest: Shape = { ...writer, also: writer.also.filter((one) => one !== part) }
    const wholes = [rest, part.branch].filter((one) => !isAnything(one))
    return wholes.map((one) => this.includes(one, reader, place)).every(Boolean)
  }

  #undecided(rule: string, writer: Shape, place: Place): false {
    const candidates = (): Iterable<unknown> => this.sampler.samples(writer)
    return this.differs({ place, rule, writer: undefined, reader: undefined, candidates })
  }

  #everyType(writer: Shape, reader: Shape, place: Place): boolean {
    const present = typeNames.filter(([bit]) => (writer.types & bit) !== 0)
    const missing = present.filter(([bit]) => (typesOf(reader) & bit) === 0)
    if (missing.length > 0) this.#typesDiffer(writer, reader, missing, place)
    const rest = present.filter((one) => !missing.includes(one))
    return (
      rest.map(([bit]) => this.#oneType({ ...writer, types: bit }, bit, reader, place)).every(Boolean) &&
      missing.length === 0
    )
  }

  #typesDiffer(writer: Shape, reader: Shape, missing: typeof typeNames, place: Place): false {
    const candidates = (): Iterable<unknown> =>
      missing.flatMap(([bit]) => this.sampler.samples({ ...writer, types: bit }).slice(0, 4))
    return this.differs({
      place,
      rule: 'type',
      writer: describeTypes(writer),
      reader: describeTypes(reader),
      candidates,
    })
  }

  #oneType(writer: Shape, bit: number, reader: Shape, place: Place): boolean {
    if (bit === NULL) return this.#listed(writer, [null], reader, place)
    if (bit === BOOLEAN) return this.#listed(writer, [true, false], reader, place)
    if (reader.values !== undefined) {
      const candidates = (): Iterable<unknown> => this.sampler.samples(writer)
      return this.differs({ place, rule: 'enum', writer: describeTypes(writer), reader: reader.values, candidates })
    }
    const own = this.#byRules(writer, bit, reader, place)
    return reader.also.map((one) => includesApplicator(this, writer, bit, one, place)).every(Boolean) && own
  }

  #byRules(writer: Shape, bit: number, reader: Shape, place: Place): boolean {
    switch (bit) {
      case NUMBER:
        return includesNumber(this, writer, reader, place)
      case STRING:
        return includesString(this, writer, reader, place)
      case ARRAY:
        return includesArray(this, writer, reader, place)
      default:
        return includesObject(this, writer, reader, place)
    }
  }
}

function isUnion(one: Applicator): one is Applicator & { kind: 'anyOf' | 'oneOf'; branches: readonly Shape[] } {
  return one.kind === 'anyOf' || one.kind === 'oneOf'
}

/** The types of a shape as a `type` keyword would have them. */
export function describeTypes(shape: Shape): string | readonly string[] {
  const types = typesOf(shape)
  const names = typeNames.filter(([bit]) => (types & bit) !== 0).map(([, name]) => name)
  const exact = names.map((name) => (name === 'number' && shape.integer ? 'integer' : name))
  return exact.length === 1 ? (exact[0] as string) : exact
}
