/**
 * Values that a shape accepts, chosen at its edges: what witnesses are made of. Each is judged by the interpreted validator
 * before it is given out, so a careless guess here costs time and never correctness.
 */
import { createInterpreter } from '../../schema/interpret/interpret.ts'
import type { Interpreter } from '../../schema/interpret/interpreter.ts'
import { canonical } from '../../schema/interpret/weigh.ts'
import { conjunction } from '../../schema/read/merge.ts'
import {
  ANYTHING,
  ARRAY,
  BOOLEAN,
  describesObject,
  NULL,
  NUMBER,
  OBJECT,
  type ObjectRules,
  type Shape,
  STRING,
} from '../../schema/shape.ts'
import { INVALID, setOwn } from '../../schema/value.ts'
import { sampleNumbers } from './sample-number.ts'
import { sampleTexts } from './sample-text.ts'

/** Samples of one shape, at most. */
const maxSamples = 32
/** Guesses at one shape that are judged, at most. */
const maxGuesses = 400
/** Levels below which only what must be there is filled in. */
const maxDepth = 8
/** Levels after which what must be there is given up: a schema that requires itself has no document. */
const maxRequiredDepth = 24
/** Examples of keys. */
const maxKeys = 24
/** Longest list that is made for a witness. */
export const maxListLength = 2_000

/** Makes samples; remembers them per shape. */
export class Sampler {
  readonly #writer: Interpreter = createInterpreter('strip')
  readonly #reader: Interpreter
  readonly #known = new Map<Shape, (readonly unknown[])[]>()

  constructor(refusesUnknown: boolean) {
    this.#reader = createInterpreter(refusesUnknown ? 'reject' : 'strip')
  }

  /** What the writer would send of `value`, or INVALID. */
  sent(shape: Shape, value: unknown): unknown {
    return this.#writer.copier(shape)(value, 0)
  }

  /** Whether the reader takes it. */
  isRead(shape: Shape, value: unknown): boolean {
    return this.#reader.copier(shape)(value, 0) !== INVALID
  }

  /** One sample that the reader takes too where there is one, so that a witness shows one difference and not two. */
  pick(writer: Shape, reader: Shape | undefined, depth = 0): unknown {
    const all = this.samples(writer, depth)
    const good = reader === undefined ? undefined : all.find((value) => this.isRead(reader, value))
    return good ?? all[0]
  }

  /** Values as the writer sends them. */
  samples(shape: Shape, depth = 0): readonly unknown[] {
    if (depth > maxRequiredDepth) return []
    const known = this.#known.get(shape) ?? []
    if (known.length === 0) this.#known.set(shape, known)
    known[depth] ??= this.#collect(shape, depth)
    return known[depth] as readonly unknown[]
  }

  #collect(shape: Shape, depth: number): readonly unknown[] {
    const found = new Map<string, unknown>()
    let guesses = 0
    for (const guess of this.#guesses(shape, depth)) {
      if (++guesses > maxGuesses || found.size >= maxSamples) break
      const value = this.sent(shape, guess)
      if (value !== INVALID) found.set(canonical(value), value)
    }
    return [...found.values()]
  }

  *#guesses(shape: Shape, depth: number): Generator<unknown> {
    if (shape.target !== undefined) return yield* this.samples(shape.target.shape, depth)
    if (shape.values !== undefined) yield* shape.values
    for (const applicator of shape.also) {
      const rest: Shape = { ...shape, also: shape.also.filter((one) => one !== applicator) }
      if (applicator.kind === 'anyOf' || applicator.kind === 'oneOf')
        yield* this.#alternatives(
          applicator.branches.map((branch) => conjunction([rest, branch])),
          depth,
        )
      else if (applicator.kind === 'allOf') yield* this.#together(rest, applicator.branch, depth)
      else if (applicator.kind === 'if')
        for (const branch of [applicator.yes, applicator.no])
          if (branch !== undefined) yield* this.#together(rest, branch, depth)
    }
    if ((shape.types & NULL) !== 0) yield null
    if ((shape.types & BOOLEAN) !== 0) yield* [true, false]
    if ((shape.types & STRING) !== 0) yield* sampleTexts(shape.string)
    if ((shape.types & NUMBER) !== 0) yield* sampleNumbers(shape)
    if ((shape.types & ARRAY) !== 0) yield* this.#lists(shape, depth)
    if ((shape.types & OBJECT) !== 0) yield* this.#records(shape, depth)
  }

  /** Documents of each branch, and documents that several of them fit at a time. */
  *#alternatives(branches: readonly Shape[], depth: number): Generator<unknown> {
    const each = branches.map((branch) => this.samples(branch, depth))
    for (const [index, samples] of each.entries()) {
      yield* samples.slice(0, Math.ceil(maxSamples / 2 / branches.length))
      for (const other of each.slice(index + 1))
        for (const [a, b] of [
          [samples[0], other[0]],
          [samples[1], other[1]],
        ])
          if (isRecord(a) && isRecord(b)) yield { ...b, ...a }
    }
    for (const samples of each) yield* samples
  }

  *#together(rest: Shape, branch: Shape, depth: number): Generator<unknown> {
    const merged = conjunction([rest, branch])
    if (merged.also.length === 0) yield* this.samples(merged, depth)
    for (const a of this.samples(rest, depth).slice(0, 8))
      for (const b of this.samples(branch, depth).slice(0, 8)) {
        yield b
        if (isRecord(a) && isRecord(b)) yield { ...a, ...b }
      }
  }

  *#lists(shape: Shape, depth: number): Generator<unknown> {
    const { minItems = 0, maxItems = Infinity } = shape.array ?? {}
    for (const length of [minItems, minItems + 1, minItems + 2, 1, 2])
      if (length >= minItems && length <= maxItems) yield this.list(shape, length, depth)
    if (depth >= maxDepth) return
    const element = shape.array?.prefix[0] ?? shape.array?.rest
    if (element === undefined || maxItems === 0) return
    for (const first of this.samples(element, depth + 1).slice(1, 6)) {
      const list = this.list(shape, Math.max(minItems, 1), depth)
      if (list !== undefined) yield [first, ...list.slice(1)]
    }
  }

  /** A list of this length; undefined when its elements cannot be made. Elements differ where they can. */
  list(shape: Shape, length: number, depth = 0): unknown[] | undefined {
    if (length > maxListLength || (length > 0 && depth >= maxDepth + 4)) return undefined
    const list: unknown[] = []
    for (let index = 0; index < length; index++) {
      const element = shape.array?.prefix[index] ?? shape.array?.rest
      const choice = element === undefined ? [index] : this.samples(element, depth + 1)
      if (choice.length === 0) return undefined
      list.push(choice[index % choice.length])
    }
    return list
  }

  *#records(shape: Shape, depth: number): Generator<unknown> {
    const rules = shape.object ?? noRules
    const least = this.record(shape, (name) => rules.present.includes(name), depth)
    if (least === undefined || depth >= maxDepth + 4) return
    yield least
    if (depth >= maxDepth) return
    const full = this.record(shape, () => true, depth)
    yield full
    for (const { name, shape: property } of rules.properties)
      for (const value of this.samples(property, depth + 1).slice(0, 5)) yield withKey(least, name, value)
    for (const [key, inner] of this.keys(shape))
      for (const value of this.samples(inner, depth + 1).slice(0, 3)) yield withKey(least, key, value)
    if (full !== undefined) for (const key of Object.keys(full)) yield withoutKey(full, key)
  }

  /** A record with what must be there and what `wanted` names; undefined when something that must be there cannot be made. */
  record(
    shape: Shape,
    wanted: (name: string) => boolean,
    depth = 0,
    reader: (name: string) => Shape | undefined = () => undefined,
  ): Record<string, unknown> | undefined {
    const rules = shape.object ?? noRules
    const made: Record<string, unknown> = {}
    for (const property of rules.properties) {
      if (!property.required && !wanted(property.name)) continue
      const value = this.pick(property.shape, reader(property.name), depth + 1)
      if (value !== undefined) setOwn(made, property.name, value)
      else if (property.required) return undefined
    }
    const dynamic = this.keys(shape)
    for (const name of rules.present)
      setOwn(made, name, this.pick(dynamic[0]?.[1] ?? ANYTHING, reader(name), depth + 1))
    const spare = [...rules.properties.map((property) => [property.name, property.shape] as const), ...dynamic]
    for (const [key, inner] of spare) {
      if (Object.keys(made).length >= rules.minProperties) break
      if (!Object.hasOwn(made, key)) setOwn(made, key, this.pick(inner, undefined, depth + 1))
    }
    return made
  }

  /** Examples of keys that no property names, with what is said of their values; `more` are tried first. */
  keys(shape: Shape, more: readonly string[] = []): readonly (readonly [key: string, shape: Shape])[] {
    const { properties, patterns, rest, names } = shape.object ?? noRules
    const free = (key: string): boolean =>
      !properties.some(({ name }) => name === key) && (names === undefined || this.sent(names, key) !== INVALID)
    const found: (readonly [string, Shape])[] = []
    for (const pattern of patterns)
      for (const key of [...more, ...sampleTexts({ minLength: 0, patterns: [pattern], formats: [] })])
        if (pattern.regex.test(key) && free(key)) found.push([key, pattern.shape])
    const open = rest ?? (describesObject(shape) ? undefined : ANYTHING)
    if (open === undefined) return found.slice(0, maxKeys)
    const examples = [...more, 'key', 'k', 'other', ...(names === undefined ? [] : (this.samples(names) as string[]))]
    for (const key of examples) if (free(key) && !patterns.some(({ regex }) => regex.test(key))) found.push([key, open])
    return found.slice(0, maxKeys)
  }
}

const noRules: ObjectRules = { properties: [], patterns: [], present: [], minProperties: 0, closed: false }

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The same record with one property set. */
export function withKey(record: object, key: string, value: unknown): Record<string, unknown> {
  const copy = { ...record }
  setOwn(copy, key, value)
  return copy
}

/** The same record with one property less. */
export function withoutKey(record: object, key: string): Record<string, unknown> {
  const { [key]: _, ...rest } = record as Record<string, unknown>
  return rest
}
