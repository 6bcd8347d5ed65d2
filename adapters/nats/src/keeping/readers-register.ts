/**
 * Who reads what: one entry of the bucket for each source, changed by compare-and-set alone.
 *
 * One entry, because what retention must know is who is *not* there. A server that has just become the leader of the bucket may
 * answer from a state that is not the newest, and a reader that is missing there would lose what it has still to read. So before
 * something goes, retention writes the entry that it decided by, at the revision that it saw: a write at a revision is checked
 * where it is applied, on every server, so that it works says that nobody has told anything since.
 *
 * Times are those of the broker, in milliseconds since 1970.
 */
import type { LogReader, Pin, ReaderPosition } from 'banyan/bus'
import { BanyanError } from 'banyan/core'
import type { Names } from '../names.ts'
import type { ServerClock } from '../relay/server-clock.ts'
import type { Bucket } from './bucket.ts'

type Held = NonNullable<LogReader['pinned']>

interface ReaderRecord {
  readonly cursor: number
  readonly seenMs: number
  readonly movedMs: number
}

/** The value of an entry. */
interface SourceRecord {
  readonly readers: Readonly<Record<string, ReaderRecord>>
  /** What readers kept from going in the last round of retention. */
  readonly pins: Readonly<Record<string, Held>>
  /** When retention has decided by it last. */
  readonly decidedMs: number
}

/** The readers of a source as they were found. */
export interface FoundReaders {
  readonly source: string
  readonly revision: number
  readonly record: SourceRecord
  readonly readers: readonly LogReader[]
}

export interface ReadersRegister {
  report(position: ReaderPosition): Promise<void>
  list(): Promise<readonly LogReader[]>
  forget(source: string, group: string): Promise<boolean>
  find(source: string): Promise<FoundReaders>
  /** True when what was found is still so: somebody may act by it. Notes what its readers keep from going. */
  confirm(found: FoundReaders, pins: readonly Pin[]): Promise<boolean>
  /** Notes that where it has changed; for a round in which nothing goes. */
  note(found: FoundReaders, pins: readonly Pin[]): Promise<void>
}

/** Compare-and-set that lost a race is tried again so often. */
const maxRaces = 20
const nothing: Held = { events: 0, bytes: 0 }
const empty: SourceRecord = { readers: {}, pins: {}, decidedMs: 0 }

/** `now` is the broker's clock. */
export function createReadersRegister(bucket: Bucket, names: Names, clock: ServerClock): ReadersRegister {
  async function find(source: string): Promise<FoundReaders> {
    const nowMs = await clock.now()
    const { revision, value } = await bucket.read(names.readersOf(source))
    const record = toRecord(value)
    return { source, revision, record, readers: toReaders(source, record, nowMs) }
  }
  function write({ source, revision }: FoundReaders, record: SourceRecord): Promise<boolean> {
    return bucket.write(names.readersOf(source), revision, record)
  }
  /** Changes the record until that worked; false when `next` says that nothing is to do. */
  async function change(source: string, next: (record: SourceRecord) => SourceRecord | undefined): Promise<boolean> {
    for (let races = 0; races < maxRaces; races++) {
      const found = await find(source)
      const record = next(found.record)
      if (record === undefined) return false
      if (await write(found, record)) return true
    }
    throw new BanyanError('ABORTED', `the readers of '${source}' are told by many at once`, { retryable: true })
  }

  return {
    async report({ source, group, cursor }) {
      const nowMs = await clock.now()
      await change(source, (record) => {
        const before = record.readers[group]
        const moved = before === undefined || cursor > before.cursor
        const reader = moved ? { cursor, seenMs: nowMs, movedMs: nowMs } : { ...before, seenMs: nowMs }
        return { ...record, readers: { ...record.readers, [group]: reader } }
      })
    },
    async list() {
      const sources = (await bucket.list(names.readers)).map(names.sourceOfReaders)
      const found: LogReader[] = []
      for (const source of sources) found.push(...(await find(source)).readers)
      return found
    },
    forget: (source, group) =>
      change(source, (record) => {
        const { [group]: gone, ...readers } = record.readers
        return gone === undefined ? undefined : { ...record, readers }
      }),
    find,
    async confirm(found, pins) {
      return write(found, { ...found.record, pins: toHeld(pins), decidedMs: await clock.now() })
    },
    async note(found, pins) {
      const held = toHeld(pins)
      if (JSON.stringify(held) !== JSON.stringify(found.record.pins))
        await write(found, { ...found.record, pins: held })
    },
  }
}

function toReaders(source: string, { readers, pins }: SourceRecord, nowMs: number): readonly LogReader[] {
  return Object.entries(readers).map(([group, { cursor, seenMs, movedMs }]) => ({
    source,
    group,
    cursor,
    silentMs: Math.max(0, nowMs - seenMs),
    stoodMs: Math.max(0, nowMs - movedMs),
    pinned: pins[group] ?? nothing,
  }))
}

function toHeld(pins: readonly Pin[]): Readonly<Record<string, Held>> {
  return Object.fromEntries(pins.map(({ group, events, bytes }) => [group, { events, bytes }]))
}

/** What somebody else has written is an error: who read would not be known. */
function toRecord(value: unknown): SourceRecord {
  if (value === undefined) return empty
  const { readers, pins, decidedMs } = (value ?? {}) as Partial<SourceRecord>
  const isOne = typeof readers === 'object' && typeof pins === 'object' && typeof decidedMs === 'number'
  if (isOne && readers !== null && pins !== null) return value as SourceRecord
  throw new BanyanError('FAILED_PRECONDITION', 'the entry of the readers in the bucket is not one of ours', {
    reason: 'BAD_READERS_RECORD',
    hint: 'Another program has written it. Remove the key; readers tell where they are within half a minute.',
  })
}
