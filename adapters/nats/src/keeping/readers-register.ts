/**
 * Who reads what: an entry for each reader, with where it is. When it told is the time of the entry; when it moved is in it, since
 * the time of a write is known by the broker alone, and only afterwards. What readers kept from going is an entry of its own for
 * each source, because writing a reader's entry would say that it lives.
 */
import type { LogReader, Pin, ReaderPosition } from 'banyan/bus'
import { BanyanError } from 'banyan/core'
import type { Names } from '../names.ts'
import type { ServerClock } from '../relay/server-clock.ts'
import type { Bucket, BucketEntry } from './bucket.ts'

/** The value of an entry. */
interface ReaderRecord extends ReaderPosition {
  /** Left out by the write with which it moved. */
  readonly movedMs?: number
  /** How far tests have moved the clock when it was written; nothing otherwise. */
  readonly shiftMs: number
}

type Held = NonNullable<LogReader['pinned']>

const nothing: Held = { events: 0, bytes: 0 }

export interface ReadersRegister {
  report(position: ReaderPosition): Promise<void>
  list(): Promise<readonly LogReader[]>
  forget(source: string, group: string): Promise<boolean>
  /** What the readers of a source kept from going in the last round of retention. */
  notePins(source: string, pins: readonly Pin[]): Promise<void>
}

/** Entries asked for at a time. */
const asked = 64
/** Compare-and-set that lost a race is tried again so often. */
const maxRaces = 10

/** `clock` must be fresh at every call; `shiftMs` is how far tests have moved it. */
export function createReadersRegister(
  bucket: Bucket,
  names: Names,
  clock: ServerClock,
  shiftMs: () => number,
): ReadersRegister {
  async function readPins(source: string): Promise<Readonly<Record<string, Held>>> {
    const { value } = await bucket.read(names.pins(source))
    return typeof value === 'object' && value !== null ? (value as Record<string, Held>) : {}
  }

  return {
    async report(position) {
      const subject = names.reader(position.source, position.group)
      for (let races = 0; races < maxRaces; races++) {
        const found = await bucket.read(subject)
        if (await bucket.write(subject, found.revision, toNext(found, position, shiftMs()))) return
      }
      throw new BanyanError(
        'ABORTED',
        `the reader '${position.group}' of '${position.source}' is told by many at once`,
        {
          retryable: true,
        },
      )
    },
    async list() {
      const subjects = await bucket.list(names.readers)
      const found: BucketEntry[] = []
      for (let from = 0; from < subjects.length; from += asked)
        found.push(...(await Promise.all(subjects.slice(from, from + asked).map((subject) => bucket.read(subject)))))
      const nowMs = (await clock.now()) + shiftMs()
      const readers = found.flatMap((entry) => toReader(entry, nowMs))
      const sources = [...new Set(readers.map(({ source }) => source))]
      const pins = new Map(await Promise.all(sources.map(async (source) => [source, await readPins(source)] as const)))
      return readers.map((reader) => ({ ...reader, pinned: pins.get(reader.source)?.[reader.group] ?? nothing }))
    },
    async notePins(source, pins) {
      const held = Object.fromEntries(pins.map(({ group, events, bytes }) => [group, { events, bytes }]))
      const before = await readPins(source)
      if (JSON.stringify(held) !== JSON.stringify(before)) await bucket.overwrite(names.pins(source), held)
    },
    forget: (source, group) => bucket.remove(names.reader(source, group)),
  }
}

function toNext(found: BucketEntry, { source, group, cursor }: ReaderPosition, shiftMs: number): ReaderRecord {
  const before = toRecord(found)
  if (before === undefined || cursor > before.cursor) return { source, group, cursor, shiftMs }
  return { source, group, cursor: before.cursor, movedMs: movedAt(found, before), shiftMs }
}

function toReader(found: BucketEntry, nowMs: number): readonly LogReader[] {
  const record = toRecord(found)
  if (record === undefined) return []
  const { source, group, cursor, shiftMs } = record
  const silentMs = Math.max(0, nowMs - found.writtenMs - shiftMs)
  return [{ source, group, cursor, silentMs, stoodMs: Math.max(0, nowMs - movedAt(found, record)) }]
}

function movedAt({ writtenMs }: BucketEntry, { movedMs, shiftMs }: ReaderRecord): number {
  return movedMs ?? writtenMs + shiftMs
}

/** Undefined when nothing is there, or somebody else has written it: the reader's next report puts that right. */
function toRecord({ value }: BucketEntry): ReaderRecord | undefined {
  const { source, group, cursor, shiftMs } = (value ?? {}) as Partial<ReaderRecord>
  const isOne =
    typeof source === 'string' && typeof group === 'string' && typeof cursor === 'number' && typeof shiftMs === 'number'
  return isOne ? (value as ReaderRecord) : undefined
}
