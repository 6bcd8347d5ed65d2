/**
 * Objects, as they are between services: a writer sends the properties it declares and nothing else, so a property that only
 * the reader knows is absent, not "anything" (what makes an optional addition safe). A reader drops what it does not know,
 * or refuses it at the public edge.
 */
import { conjunction } from '../../schema/read/merge.ts'
import {
  ANYTHING,
  describesObject,
  type ObjectRules,
  type Shape,
  STRING,
  type StringRules,
} from '../../schema/shape.ts'
import { type Place, placeBelow } from './place.ts'
import type { Prover } from './prover.ts'
import { withKey, withoutKey } from './sample.ts'
import { sampleTexts } from './sample-text.ts'

export const noRules: ObjectRules = { properties: [], patterns: [], present: [], minProperties: 0, closed: false }

interface Sides {
  readonly prover: Prover
  readonly writer: Shape
  readonly reader: Shape
  readonly own: ObjectRules
  readonly other: ObjectRules
  readonly place: Place
}

/** Every object of the writer's is one of the reader's. */
export function includesObject(prover: Prover, writer: Shape, reader: Shape, place: Place): boolean {
  if (reader.object === undefined && !prover.refusesUnknown) return true
  const sides: Sides = {
    prover,
    writer,
    reader,
    own: writer.object ?? noRules,
    other: reader.object ?? noRules,
    place,
  }
  const parts = [
    includesKnown(sides),
    includesPresent(sides),
    includesOthers(sides),
    includesDynamic(sides),
    includesNames(sides),
    includesCounts(sides),
  ]
  return parts.every(Boolean)
}

/** What the writer sends under a name, if anything, and whether it is always there. */
function sentUnder({ prover, writer, own }: Sides, name: string): { shape: Shape | undefined; always: boolean } {
  const declared = own.properties.find((property) => property.name === name)
  if (declared !== undefined) {
    const always = declared.required || declared.default !== undefined
    return { shape: declared.shape.types === 0 ? undefined : declared.shape, always }
  }
  if (own.names !== undefined && !prover.sampler.isRead(own.names, name)) return { shape: undefined, always: false }
  const matching = own.patterns.filter(({ regex }) => regex.test(name)).map((pattern) => pattern.shape)
  const open = own.rest ?? (describesObject(writer) ? undefined : ANYTHING)
  const shape = matching.length > 0 ? conjunction(matching) : open
  return { shape, always: shape !== undefined && own.present.includes(name) }
}

/** What the reader asks of the value under a name; 'stray' when it does not know the name. */
function askedUnder({ reader, other }: Sides, name: string): readonly Shape[] | 'stray' {
  const declared = other.properties.find((property) => property.name === name)
  if (declared !== undefined) return [declared.shape]
  const matching = other.patterns.filter(({ regex }) => regex.test(name)).map((pattern) => pattern.shape)
  if (matching.length > 0) return matching
  if (other.rest !== undefined) return [other.rest]
  return describesObject(reader) ? 'stray' : []
}

/** A record of the writer's that the reader takes where possible. */
function around(sides: Sides): Record<string, unknown> | undefined {
  const { prover, writer, other } = sides
  const wanted = new Set([
    ...other.properties.filter(({ required }) => required).map(({ name }) => name),
    ...other.present,
  ])
  const ask = (name: string): Shape | undefined => {
    const asked = askedUnder(sides, name)
    return asked === 'stray' ? undefined : asked[0]
  }
  return prover.sampler.record(writer, (name) => wanted.has(name), 0, ask)
}

const below = (sides: Sides, name: string): Place =>
  placeBelow(sides.place, name, (value) => {
    const record = around(sides)
    return record && withKey(record, name, value)
  })

function isMissing(sides: Sides, name: string): false {
  const { prover, writer, place } = sides
  const candidates = (): Iterable<unknown> => {
    const record = around(sides)
    const all = [...(record === undefined ? [] : [record]), ...prover.sampler.samples(writer)]
    return all.map((one) => withoutKey(one as object, name))
  }
  const missing: Place = { path: placeBelow(place, name, () => undefined).path, embed: place.embed }
  return prover.differs({ place: missing, rule: 'required', writer: false, reader: true, candidates })
}

function includesKnown(sides: Sides): boolean {
  return sides.other.properties
    .map(({ name, shape, required }) => {
      const sent = sentUnder(sides, name)
      const there = !required || sent.always || isMissing(sides, name)
      return (sent.shape === undefined || sides.prover.includes(sent.shape, shape, below(sides, name))) && there
    })
    .every(Boolean)
}

function includesPresent(sides: Sides): boolean {
  return sides.other.present.map((name) => sentUnder(sides, name).always || isMissing(sides, name)).every(Boolean)
}

/** Properties that only the writer declares. */
function includesOthers(sides: Sides): boolean {
  const { own, other, prover } = sides
  const known = new Set(other.properties.map(({ name }) => name))
  return own.properties
    .filter(({ name, shape }) => !known.has(name) && shape.types !== 0)
    .map(({ name, shape }) => {
      const asked = askedUnder(sides, name)
      if (asked !== 'stray') return asked.map((one) => prover.includes(shape, one, below(sides, name))).every(Boolean)
      return !prover.refusesUnknown || isStray(sides, name, () => prover.sampler.samples(shape))
    })
    .every(Boolean)
}

function isStray(sides: Sides, name: string, values: () => readonly unknown[]): false {
  const place = below(sides, name)
  return sides.prover.differs({ place, rule: 'additionalProperties', writer: true, reader: false, candidates: values })
}

/** Keys that the writer makes up: entries of a map. */
function includesDynamic(sides: Sides): boolean {
  const { writer, own, other, reader, prover } = sides
  const sources = own.patterns.map((pattern) => ({ text: pattern.text, shape: pattern.shape }))
  const rest = own.rest ?? (describesObject(writer) ? undefined : ANYTHING)
  if (rest !== undefined && rest.types !== 0) sources.push({ text: '', shape: rest })
  const open = other.rest ?? (describesObject(reader) ? undefined : ANYTHING)
  const known = new Set(other.properties.map(({ name }) => name))
  return sources
    .map(({ text, shape }) => {
      const keyFor = (fits: (name: string) => boolean, more: readonly string[] = []): string | undefined =>
        prover.sampler.keys(writer, more).find(([name, of]) => of === shape && !known.has(name) && fits(name))?.[0]
      const unmatched = (name: string): boolean => !other.patterns.some(({ regex }) => regex.test(name))
      const key = keyFor(unmatched) ?? 'key'
      const place = below(sides, key)
      const same = text !== '' && other.patterns.some((pattern) => pattern.text === text)
      // A key that the writer's own pattern of the same text matches is not one of its other keys.
      const asked = other.patterns.filter((one) => text !== '' || !own.patterns.some((mine) => mine.text === one.text))
      const matched = asked.map((pattern) => {
        const matching = keyFor((name) => pattern.regex.test(name), sampleTexts({ ...noTexts, patterns: [pattern] }))
        return prover.includes(shape, pattern.shape, below(sides, matching ?? key))
      })
      if (same) return matched.every(Boolean)
      if (open !== undefined) return prover.includes(shape, open, place) && matched.every(Boolean)
      const stray = !prover.refusesUnknown || isStray(sides, key, () => prover.sampler.samples(shape))
      return stray && matched.every(Boolean)
    })
    .every(Boolean)
}

const noTexts: StringRules = { minLength: 0, patterns: [], formats: [] }
const anyText: Shape = { types: STRING, named: STRING, integer: false, also: [] }

/** `propertyNames`: every key that the writer may use. */
function includesNames(sides: Sides): boolean {
  const { own, other, prover, writer, place } = sides
  const { names } = other
  if (names === undefined) return true
  const bad = own.properties.filter(({ name }) => !prover.sampler.isRead(names, name))
  const open = own.rest !== undefined || own.patterns.length > 0 || !describesObject(writer)
  if (bad.length === 0 && (!open || prover.proves(own.names ?? anyText, names))) return true
  const candidates = (): Iterable<unknown> => {
    const record = around(sides)
    const keys = prover.sampler.samples(own.names ?? anyText) as readonly string[]
    const value = prover.sampler.keys(writer)[0]?.[1]
    const filled = prover.sampler.samples(value ?? ANYTHING)[0]
    const made = record === undefined ? [] : keys.map((key) => withKey(record, key, filled))
    return [...made, ...prover.sampler.samples(writer)]
  }
  return prover.differs({ place, rule: 'propertyNames', writer: undefined, reader: undefined, candidates })
}

/** `minProperties` and `maxProperties`, counted on what the reader keeps. */
function includesCounts(sides: Sides): boolean {
  const { own, other, prover, writer, place } = sides
  if (other.minProperties === 0 && other.maxProperties === undefined) return true
  const kept = own.properties.filter(({ name, shape }) => shape.types !== 0 && askedUnder(sides, name) !== 'stray')
  const filled = other.properties.filter(
    (one) => one.default !== undefined && !sentUnder(sides, one.name).always,
  ).length
  const sure = kept.filter((one) => one.required || one.default !== undefined).length + filled
  const dynamic = own.rest !== undefined || own.patterns.length > 0 || !describesObject(writer)
  const keepsAll =
    kept.length === own.properties.length && (!dynamic || other.rest !== undefined || !describesObject(sides.reader))
  const enough = sure >= other.minProperties || (keepsAll && own.minProperties >= other.minProperties)
  const most = Math.min(dynamic ? Infinity : kept.length + filled, (own.maxProperties ?? Infinity) + filled)
  const few = other.maxProperties === undefined || most <= other.maxProperties
  const candidates = (): Iterable<unknown> => [...crowded(sides), ...prover.sampler.samples(writer)]
  if (!enough)
    prover.differs({ place, rule: 'minProperties', writer: own.minProperties, reader: other.minProperties, candidates })
  if (!few)
    prover.differs({ place, rule: 'maxProperties', writer: own.maxProperties, reader: other.maxProperties, candidates })
  return enough && few
}

/** Records with one entry more than the reader allows. */
function crowded({ prover, writer, other }: Sides): readonly unknown[] {
  const record = prover.sampler.record(writer, () => true)
  const value = prover.sampler.keys(writer)[0]?.[1]
  if (record === undefined || value === undefined) return record === undefined ? [] : [record]
  const filled = prover.sampler.samples(value)[0]
  const keys = Array.from({ length: Math.min(1_000, (other.maxProperties ?? 0) + 1) }, (_, index) => `key${index}`)
  return [record, keys.reduce((one, key) => withKey(one, key, filled), record)]
}
