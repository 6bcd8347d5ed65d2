/**
 * The event store in memory. What a transaction appends is its own until it commits; a commit is one synchronous step, so the
 * order of commits is a safe order to read all streams in, and a cursor is a place in it.
 */
import type { Clock } from '../../core/environment/environment.ts'
import { BanyanError } from '../../core/error.ts'
import type {
  AllStreamsPage,
  EventStore,
  StreamCursor,
  StreamEvent,
  StreamPage,
  StreamRange,
  StreamSnapshot,
} from '../event-store.ts'
import { type StreamRow, toCategory, toPageLimit, toRange } from '../stream-rules.ts'

/** An event as it is kept: text, so that nobody shares a reference with it. */
export interface KeptEvent extends StreamRow {
  readonly stream: string
  readonly version: number
  readonly position: number
  readonly timeMs: number
}

/** What is kept, and what transactions do with it. */
export interface MemoryStreams extends Omit<EventStore, 'append' | 'saveSnapshot' | 'read'> {
  readonly clock: Clock
  /** Committed events of a stream. */
  of(stream: string): readonly KeptEvent[]
  /** True when a committed event of the stream has the id. */
  has(stream: string, id: string): boolean
  nextPosition(): number
  /** Throws RESOURCE_EXHAUSTED when so many more do not fit. */
  assertRoom(count: number): void
  commit(events: readonly KeptEvent[], snapshots: ReadonlyMap<string, StreamSnapshot>): void
  /** Reads from committed events and those of the transaction that asks. */
  page(stream: string, range: StreamRange, own: readonly KeptEvent[]): StreamPage
}

export function createMemoryStreams(clock: Clock, cluster: string, maxEvents: number): MemoryStreams {
  const streams = new Map<string, KeptEvent[]>()
  const snapshots = new Map<string, string>()
  const listeners = new Set<() => void>()
  const log: KeptEvent[] = []
  const places = new Map<number, number>()
  const ids = new Set<string>()
  let positions = 0

  function place(cursor: StreamCursor | undefined): number {
    if (cursor === undefined) return 0
    if (cursor.cluster !== cluster) throw foreignCluster(cluster, cursor.cluster)
    return Number(cursor.lastPosition)
  }

  return {
    clock,
    of: (stream) => streams.get(stream) ?? [],
    has: (stream, id) => ids.has(`${id} ${stream}`),
    nextPosition: () => ++positions,
    assertRoom(count) {
      if (log.length + count > maxEvents) throw full(maxEvents)
    },
    commit(events, taken) {
      for (const event of events) {
        const kept = streams.get(event.stream) ?? []
        kept.push(event)
        streams.set(event.stream, kept)
        ids.add(`${event.id} ${event.stream}`)
        places.set(event.position, log.push(event))
      }
      for (const [stream, snapshot] of taken) keepNewer(snapshots, stream, snapshot)
      if (events.length > 0) for (const listener of listeners) queueMicrotask(listener)
    },
    page(stream, range, own) {
      toCategory(stream)
      const committed = streams.get(stream) ?? []
      const pending = own.filter((event) => event.stream === stream)
      return cutPage(pending.length === 0 ? committed : [...committed, ...pending], snapshots.get(stream), range)
    },
    async readAll(cursor, limit, { categories } = {}): Promise<AllStreamsPage> {
      toPageLimit(limit)
      let at = place(cursor)
      const events: StreamEvent[] = []
      for (; at < log.length && events.length < limit; at++) {
        const event = log[at] as KeptEvent
        if (categories === undefined || categories.includes(toCategory(event.stream))) events.push(toEvent(event))
      }
      const head = String(log.length)
      const next = { cluster, previous: cursor?.current ?? '0', current: head, lastPosition: String(at) }
      return { events, cursor: next, more: at < log.length }
    },
    async hasRead(cursor, position) {
      const committed = places.get(position)
      return committed !== undefined && committed <= place(cursor)
    },
    onCommit(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** The part of a stream's events that was asked for. */
function cutPage(all: readonly KeptEvent[], kept: string | undefined, range: StreamRange): StreamPage {
  const { from, to, asOfMs, limit, snapshotSchema } = toRange(range)
  const late = asOfMs === undefined ? -1 : all.findIndex((event) => event.timeMs > asOfMs)
  const snapshot = snapshotSchema === undefined ? undefined : fitting(kept, snapshotSchema, from, to)
  const start = Math.max(from, 1, snapshot === undefined ? 1 : snapshot.version + 1)
  const found = all.slice(start - 1, Math.min(to, late < 0 ? all.length : late))
  const events = found.slice(0, limit).map(toEvent)
  return { events, more: found.length > limit, ...(snapshot === undefined ? {} : { snapshot }) }
}

function fitting(text: string | undefined, schema: number, from: number, to: number): StreamSnapshot | undefined {
  if (text === undefined) return undefined
  const kept = JSON.parse(text) as StreamSnapshot
  return kept.schema === schema && kept.version >= from && kept.version <= to ? kept : undefined
}

/** An older snapshot of the same form does not replace a newer one. */
function keepNewer(kept: Map<string, string>, stream: string, snapshot: StreamSnapshot): void {
  const before = kept.get(stream)
  const old = before === undefined ? undefined : (JSON.parse(before) as StreamSnapshot)
  if (old === undefined || old.schema !== snapshot.schema || old.version < snapshot.version)
    kept.set(stream, JSON.stringify(snapshot))
}

function toEvent({ data, metadata, ...event }: KeptEvent): StreamEvent {
  return { ...event, data: JSON.parse(data), metadata: JSON.parse(metadata) }
}

function foreignCluster(ours: string, theirs: string): BanyanError {
  return new BanyanError(
    'FAILED_PRECONDITION',
    `the cursor belongs to cluster '${theirs}', these streams to '${ours}'`,
    {
      reason: 'FOREIGN_CLUSTER',
      hint: 'The database was restored or replaced: read from the beginning again.',
    },
  )
}

function full(maxEvents: number): BanyanError {
  return new BanyanError('RESOURCE_EXHAUSTED', `the streams hold their ${maxEvents} events (maxStreamEvents) already`, {
    reason: 'STREAMS_FULL',
  })
}
