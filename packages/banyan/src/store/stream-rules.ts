/** What every event store says about names, events and versions it cannot serve, so that all stores give the same answer. */
import { BanyanError } from '../core/error.ts'
import type { ExpectedVersion, NewStreamEvent, StreamEvent, StreamRange } from './event-store.ts'

/** Events of one append, at most. */
export const maxAppend = 1_000
/** Events of one page, at most. */
export const maxStreamPage = 10_000
/** Events of a page when nothing is said. */
export const defaultStreamPage = 1_000
/** Largest data of one event, in bytes of its JSON. Bigger things belong in a table, with their id in the event. */
export const maxStreamEventBytes: number = 256 * 1024
/** Longest name of a stream, in characters; it is part of indexes. */
export const maxStreamName = 255

const streamName = /^([a-z][A-Za-z0-9]{0,39})-(.+)$/s
const unprintable = /[\p{Cc}\p{Cs}]/u
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** What a {@link VersionConflict} is about. */
export interface ConflictDetails {
  readonly stream: string
  readonly expected: ExpectedVersion
  /** The stream's version; 0 when it does not exist. */
  readonly actual: number
}

/**
 * The append builds upon a version that is not the stream's: somebody else was there first. ABORTED `VERSION_CONFLICT`;
 * nothing was written, and trying again helps only whoever reads and decides again.
 */
export class VersionConflict extends BanyanError {
  declare readonly details: ConflictDetails

  constructor(stream: string, expected: ExpectedVersion, actual: number) {
    const wanted = typeof expected === 'number' ? `version ${expected}` : `'${expected}'`
    super('ABORTED', `stream '${stream}' is at version ${actual}, the append expects ${wanted}`, {
      reason: 'VERSION_CONFLICT',
      details: { stream, expected, actual },
      outcome: 'none',
      hint: 'Read the stream again and decide again; the same append cannot succeed any more.',
    })
  }
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof BanyanError && value.reason === 'VERSION_CONFLICT' && value.details !== undefined
  }
}

/** The category of a stream: what stands before its first `-`. Throws INVALID_ARGUMENT `BAD_STREAM` for what is no name. */
export function toCategory(stream: string): string {
  const category = typeof stream === 'string' ? streamName.exec(stream)?.[1] : undefined
  if (category !== undefined && stream.length <= maxStreamName && !unprintable.test(stream)) return category
  throw invalid(
    'BAD_STREAM',
    `a stream is called <category>-<id>, at most ${maxStreamName} printable characters, the category letters and digits; found ${JSON.stringify(stream)?.slice(0, 60)}`,
  )
}

/** The data and metadata of events as JSON text, in order. Throws INVALID_ARGUMENT for events that no store could take. */
export function toStreamRows(events: readonly NewStreamEvent[]): readonly StreamRow[] {
  if (events.length < 1 || events.length > maxAppend)
    throw invalid('BAD_APPEND', `an append has 1 to ${maxAppend} events (maxAppend), this one has ${events.length}`)
  const rows = events.map(toRow)
  if (rows.length > 1 && new Set(rows.map((row) => row.id)).size < rows.length)
    throw invalid('BAD_APPEND', 'an append has an id twice')
  return rows
}

/** A checked event on its way into a store. */
export interface StreamRow {
  readonly id: string
  readonly type: string
  readonly major: number
  readonly data: string
  readonly metadata: string
}

function toRow({ id, type, major = 1, data, metadata }: NewStreamEvent): StreamRow {
  if (!uuid.test(id)) throw invalid('BAD_APPEND', `the id of an event is a UUID; found ${JSON.stringify(id)}`)
  if (typeof type !== 'string' || type.length < 1 || type.length > 200 || unprintable.test(type))
    throw invalid('BAD_APPEND', `the type of an event has 1 to 200 printable characters; found ${JSON.stringify(type)}`)
  if (!Number.isInteger(major) || major < 1 || major > 1_000_000)
    throw invalid('BAD_APPEND', `the version of '${type}' is a whole number from 1; found ${major}`)
  const text = JSON.stringify(data)
  if (text === undefined) throw invalid('BAD_APPEND', `the data of '${type}' is not JSON`)
  const bytes = text.length * 3 <= maxStreamEventBytes ? 0 : Buffer.byteLength(text)
  if (bytes > maxStreamEventBytes)
    throw invalid(
      'EVENT_TOO_LARGE',
      `the data of '${type}' has ${bytes} bytes, at most ${maxStreamEventBytes} are allowed (maxStreamEventBytes)`,
    )
  return {
    id: id.toLowerCase(),
    type,
    major,
    data: text,
    metadata: metadata === undefined ? '{}' : JSON.stringify(metadata),
  }
}

/** The version an append builds upon; undefined for `any` and `exists`. Throws INVALID_ARGUMENT for what is neither. */
export function toBase(expected: ExpectedVersion): number | undefined {
  if (expected === 'any' || expected === 'exists') return undefined
  if (expected === 'none') return 0
  if (Number.isSafeInteger(expected) && expected >= 0) return expected
  throw invalid(
    'BAD_APPEND',
    `expected is a version from 0, 'none', 'exists' or 'any'; found ${JSON.stringify(expected) ?? String(expected)}`,
  )
}

/** A range with its defaults filled in. Throws INVALID_ARGUMENT `BAD_RANGE`. */
export function toRange(range: StreamRange): {
  readonly from: number
  readonly to: number
  readonly limit: number
  readonly asOfMs: number | undefined
  readonly snapshotSchema: number | undefined
} {
  const { from = 1, to = Number.MAX_SAFE_INTEGER, asOfMs, limit = defaultStreamPage, snapshotSchema } = range
  for (const [name, value] of Object.entries({ from, to }))
    if (!Number.isSafeInteger(value) || value < 0)
      throw invalid('BAD_RANGE', `${name} is a version of a stream; found ${value}`)
  if (asOfMs !== undefined && !Number.isFinite(asOfMs))
    throw invalid('BAD_RANGE', `asOfMs is a time in milliseconds since 1970; found ${asOfMs}`)
  if (asOfMs !== undefined && snapshotSchema !== undefined)
    throw invalid('BAD_RANGE', 'a snapshot does not know its time: ask for asOfMs or snapshotSchema, not both')
  return { from, to, limit: toPageLimit(limit), asOfMs, snapshotSchema }
}

/** The limit itself, when it is one. */
export function toPageLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxStreamPage) return limit
  throw invalid('BAD_RANGE', `limit is a whole number from 1 to ${maxStreamPage} (maxStreamPage); found ${limit}`)
}

/**
 * What events that are in the stream already say about an append that did not go through: undefined when none of its ids is
 * there. Throws ALREADY_EXISTS `EVENT_ID_REUSED` when they are there, but not as this append would have written them.
 */
export function readBack(
  stream: string,
  rows: readonly StreamRow[],
  found: readonly Pick<StreamEvent, 'id' | 'type' | 'version' | 'position'>[],
): { readonly version: number; readonly position: number; readonly repeated: true } | undefined {
  const last = found.at(-1)
  const start = found[0]?.version
  if (last === undefined || start === undefined) return undefined
  const same = rows.every(({ id, type }, place) => {
    const there = found[place]
    return there?.id === id && there.type === type && there.version === start + place
  })
  if (same && found.length === rows.length) return { version: last.version, position: last.position, repeated: true }
  throw new BanyanError('ALREADY_EXISTS', `stream '${stream}' has some of these event ids, from another append`, {
    reason: 'EVENT_ID_REUSED',
    hint: 'An id belongs to one event of one append: make new ones for other events.',
  })
}

function invalid(reason: string, message: string): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', message, { reason })
}
