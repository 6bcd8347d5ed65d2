/** What may go from a log: a function of segments, readers and rules, so that every implementation decides alike. */
import { defaultReaderTtlMs, type LogReader, type Pin, type RetainOptions, type RetentionLimit } from './keeping.ts'

/** The events of one type in a segment. */
export interface TypeFacts {
  readonly type: string
  readonly events: number
  /** Of the envelopes. */
  readonly bytes: number
  /** Age of the newest, in milliseconds. */
  readonly newestMs: number
  /** No relay wrote any of them. */
  readonly foreign?: boolean
}

/** A segment that nothing is added to any more. */
export interface SegmentFacts {
  readonly id: number
  readonly first: number
  readonly last: number
  readonly types: readonly TypeFacts[]
}

/** What {@link planRetention} decides. */
export interface RetentionPlan {
  readonly drop: readonly SegmentFacts[]
  readonly pinned: readonly Pin[]
}

/** A segment is closed when it is this old and has an event, so that rules by age bite on sources with little traffic. */
export const defaultRollMs = 86_400_000

/** How old the open segment of a source may become: a quarter of its shortest rule, a day at most. */
export function rollAfterMs(source: string, options: RetainOptions): number {
  const rules = options.rules.filter((rule) => rule.source === source)
  const ages = [...rules, options.fallback ?? {}].flatMap(({ ageMs }: RetentionLimit) => ageMs ?? [])
  return Math.min(defaultRollMs, ...ages.map((age) => age / 4))
}

/**
 * Which segments of a source go, from the beginning on, and which readers are in the way. `segments` in order, all that are
 * closed; size is counted in closed segments after the one in question, so rather more is kept than the rule says.
 */
export function planRetention(
  source: string,
  segments: readonly SegmentFacts[],
  readers: readonly LogReader[],
  options: RetainOptions,
): RetentionPlan {
  const types = options.types?.get(source)
  const counts = ({ foreign, type }: TypeFacts): boolean => foreign !== true || types === undefined || types.has(type)
  const counted = segments.map((segment) => ({ ...segment, types: segment.types.filter(counts) }))
  const past = takePast(counted, limitsOf(source, options))
  const ttlMs = options.readerTtlMs ?? defaultReaderTtlMs
  const living = readers.filter((reader) => reader.source === source && reader.silentMs <= ttlMs)
  const lowest = Math.min(...living.map(({ cursor }) => cursor))
  return {
    drop: past.filter(({ last }) => last <= lowest),
    pinned: living.flatMap((reader) => toPin(reader, past)),
  }
}

type Limits = (type: string) => RetentionLimit

function limitsOf(source: string, { rules, fallback = {} }: RetainOptions): Limits {
  const own = new Map(rules.filter((rule) => rule.source === source).map((rule) => [rule.type, rule]))
  return (type) => own.get(type) ?? fallback
}

/** The segments at the beginning in which every event is past its limit. */
function takePast(segments: readonly SegmentFacts[], limits: Limits): readonly SegmentFacts[] {
  const newer = new Map<string, number>()
  for (const { types } of segments) for (const { type, bytes } of types) newer.set(type, (newer.get(type) ?? 0) + bytes)
  const past: SegmentFacts[] = []
  for (const segment of segments) {
    for (const { type, bytes } of segment.types) newer.set(type, (newer.get(type) ?? 0) - bytes)
    if (!segment.types.every((facts) => isPast(facts, limits(facts.type), newer.get(facts.type) ?? 0))) break
    past.push(segment)
  }
  return past
}

function isPast({ newestMs }: TypeFacts, { ageMs, bytes }: RetentionLimit, newerBytes: number): boolean {
  return (ageMs !== undefined && newestMs >= ageMs) || (bytes !== undefined && newerBytes >= bytes)
}

function toPin({ source, group, cursor, stoodMs }: LogReader, past: readonly SegmentFacts[]): readonly Pin[] {
  const kept = past.filter(({ last }) => last > cursor).flatMap(({ types }) => types)
  if (kept.length === 0) return []
  const sum = (of: (facts: TypeFacts) => number): number => kept.reduce((total, facts) => total + of(facts), 0)
  return [{ source, group, cursor, stoodMs, events: sum(({ events }) => events), bytes: sum(({ bytes }) => bytes) }]
}
