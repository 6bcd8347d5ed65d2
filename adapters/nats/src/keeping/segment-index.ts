/**
 * What lies in a stream, by ranges of offsets: how many events of which type, how big and how old. A stream has no segments that
 * go as a whole, but it can be purged up to a sequence; so segments here are only ranges, counted once, and what may go is decided
 * about them as everywhere (planRetention).
 *
 * The whole index is one entry of a bucket, so it is bounded: where there are too many segments, neighbours become one. A segment
 * is then some hundredth of the log, and so much more than the rules say is kept at most.
 */
import type { SegmentFacts, TypeFacts } from 'banyan/bus'

/** A segment is closed when it has so many events, or bytes. */
export const segmentEvents = 65_536
export const segmentBytes = 134_217_728
/** Segments of a source; from there on, neighbours are merged. */
export const maxSegments = 256
/** Types counted apart; whoever may publish anything may publish any number of types. What is beyond counts as {@link otherTypes}. */
export const maxTypes = 512
/** Names of schemas kept apart; beyond them it is not known by which schema an event was written. */
export const maxSchemas = 256
/** Bytes of the index as it is stored. */
export const maxIndexBytes = 262_144
/** No event is of this type, so no rule is for it. */
export const otherTypes = '*'

/** One message, as far as the index is concerned. */
export interface CountedMessage {
  readonly seq: number
  readonly type: string
  readonly bytes: number
  /** When it was stored, by the broker's clock. */
  readonly timeMs: number
  /** No relay wrote it. */
  readonly foreign: boolean
  /** Undefined when it names none. */
  readonly schema?: string | undefined
}

/** `[events, bytes, time of the newest, events that a relay wrote]` */
type Counts = [number, number, number, number]

interface Segment {
  first: number
  last: number
  openedMs: number
  open: boolean
  foreign: number
  bytes: number
  /** By the place of the type in {@link StoredIndex.types}. */
  readonly types: Record<number, Counts>
  /** The same: places in {@link StoredIndex.schemas}, and {@link unknownSchema} when an event names none. */
  readonly schemas: Record<number, readonly number[]>
}

const unknownSchema = -1

/** The index as it is stored. */
export interface StoredIndex {
  /** Counted up to here. */
  readonly scanned: number
  /** Counted without a gap from here on. Messages that went before they were counted are such a gap. */
  readonly from: number
  /** Messages since then that no relay wrote, those that are gone included. */
  readonly foreign: number
  readonly types: readonly string[]
  readonly schemas: readonly string[]
  readonly segments: readonly Segment[]
}

const empty: StoredIndex = { scanned: 0, from: 1, foreign: 0, types: [], schemas: [], segments: [] }

/** The index of one source. */
export class SegmentIndex {
  scanned: number
  from: number
  foreign: number
  readonly #types: string[]
  readonly #places: Map<string, number>
  readonly #schemas: string[]
  #segments: Segment[]

  constructor(stored: StoredIndex = empty) {
    const { scanned, from, foreign, types, schemas, segments } = structuredClone(stored)
    this.scanned = scanned
    this.from = from
    this.foreign = foreign
    this.#types = [...types]
    this.#places = new Map(types.map((type, place) => [type, place]))
    this.#schemas = [...schemas]
    this.#segments = [...segments]
  }

  add({ seq, type, bytes, timeMs, foreign, schema }: CountedMessage): void {
    const segment = this.#openAt(seq, timeMs)
    segment.last = seq
    segment.bytes += bytes
    const place = this.#placeOf(type)
    segment.types[place] = sum(segment.types[place], [1, bytes, timeMs, foreign ? 0 : 1])
    const [known, named] = [segment.schemas[place] ?? [], this.#placeOfSchema(schema)]
    if (!known.includes(named)) segment.schemas[place] = [...known, named]
    if (foreign) {
      segment.foreign += 1
      this.foreign += 1
    }
    this.scanned = seq
  }

  /** The stream begins at `first`: what lies before it is not there any more. */
  beginAt(first: number): void {
    if (first > this.scanned + 1) {
      this.from = first
      this.foreign = 0
      this.scanned = first - 1
    }
    this.#segments = this.#segments.filter(({ last }) => last >= first)
    const [oldest] = this.#segments
    if (oldest !== undefined) oldest.first = Math.max(oldest.first, first)
  }

  /** Closes the open segment when it is so old. */
  roll(afterMs: number, nowMs: number): void {
    const last = this.#segments.at(-1)
    if (last !== undefined && nowMs - last.openedMs >= afterMs) last.open = false
  }

  /** The closed segments up to an offset, in order. */
  closed(upTo: number, nowMs: number): readonly SegmentFacts[] {
    return this.#segments
      .filter(({ open, last }) => !open && last <= upTo)
      .map((segment) => ({
        id: segment.first,
        first: segment.first,
        last: segment.last,
        types: this.#factsOf(segment, nowMs),
      }))
  }

  /** Whether a message that no relay wrote may lie behind this offset, in what was counted. */
  hasForeignAfter(offset: number): boolean {
    return this.#segments.some(({ last, foreign }) => last > offset && foreign > 0)
  }

  /** By which schemas the events of a type were written that are there; undefined when one names none. */
  schemasOf(type: string): readonly string[] | undefined {
    const place = this.#places.get(type)
    // Beyond so many types they are not counted apart.
    if (place === undefined) return this.#places.has(otherTypes) ? undefined : []
    const found = new Set(this.#segments.flatMap(({ schemas }) => schemas[place] ?? []))
    return found.has(unknownSchema) ? undefined : [...found].map((at) => this.#schemas[at] ?? '')
  }

  /** For the bucket. Merges where it is too much. */
  toStored(): StoredIndex {
    for (;;) {
      const { scanned, from, foreign } = this
      const names = { types: this.#types, schemas: this.#schemas }
      const stored = { scanned, from, foreign, ...names, segments: this.#segments }
      const fits = this.#segments.length <= maxSegments && JSON.stringify(stored).length <= maxIndexBytes
      if (fits || !this.#merge()) return stored
    }
  }

  #openAt(seq: number, timeMs: number): Segment {
    const last = this.#segments.at(-1)
    const isFull = last !== undefined && (last.last - last.first + 1 >= segmentEvents || last.bytes >= segmentBytes)
    if (last?.open === true && !isFull) return last
    if (last !== undefined) last.open = false
    const made = { first: seq, last: seq, openedMs: timeMs, open: true, foreign: 0, bytes: 0, types: {}, schemas: {} }
    this.#segments.push(made)
    return made
  }

  #placeOf(type: string): number {
    const known = this.#places.get(type)
    if (known !== undefined) return known
    if (this.#types.length >= maxTypes - 1 && type !== otherTypes) return this.#placeOf(otherTypes)
    this.#places.set(type, this.#types.length)
    return this.#types.push(type) - 1
  }

  #placeOfSchema(schema: string | undefined): number {
    if (schema === undefined) return unknownSchema
    const known = this.#schemas.indexOf(schema)
    if (known >= 0) return known
    return this.#schemas.length < maxSchemas ? this.#schemas.push(schema) - 1 : unknownSchema
  }

  #factsOf({ types }: Segment, nowMs: number): readonly TypeFacts[] {
    return Object.entries(types).map(([place, [events, bytes, newestMs, own]]) => {
      const type = this.#types[Number(place)] ?? otherTypes
      return { type, events, bytes, newestMs: nowMs - newestMs, foreign: own === 0 }
    })
  }

  /** Makes one of each two closed neighbours; false when there are none. */
  #merge(): boolean {
    const before = this.#segments
    const merged: Segment[] = []
    for (let at = 0; at < before.length; at += 2) {
      const [one, other] = [before[at] as Segment, before[at + 1]]
      if (other === undefined || other.open) merged.push(one, ...(other === undefined ? [] : [other]))
      else merged.push(join(one, other))
    }
    this.#segments = merged
    return merged.length < before.length
  }
}

function join(one: Segment, other: Segment): Segment {
  const types: Record<number, Counts> = { ...one.types }
  for (const [place, counts] of Object.entries(other.types)) types[Number(place)] = sum(types[Number(place)], counts)
  const { first, openedMs } = one
  const [foreign, bytes] = [one.foreign + other.foreign, one.bytes + other.bytes]
  const schemas: Record<number, readonly number[]> = { ...one.schemas }
  for (const [place, found] of Object.entries(other.schemas))
    schemas[Number(place)] = [...new Set([...(schemas[Number(place)] ?? []), ...found])]
  return { first, last: other.last, openedMs, open: false, foreign, bytes, types, schemas }
}

function sum([events, bytes, newestMs, own]: Counts = [0, 0, 0, 0], more: Counts): Counts {
  return [events + more[0], bytes + more[1], Math.max(newestMs, more[2]), own + more[3]]
}
