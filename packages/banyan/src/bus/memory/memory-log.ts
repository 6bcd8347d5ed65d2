/** One source's log in memory: events in segments, which go from the beginning on. */
import type { NewEvent, OutboxCursor } from '../../store/outbox.ts'
import type { LoggedEvent } from '../bus.ts'
import type { AuditBaseline } from '../keeping.ts'
import type { SegmentFacts, TypeFacts } from '../retention.ts'

interface Kept {
  readonly event: LoggedEvent
  readonly appendedMs: number
}

interface Segment {
  readonly id: number
  readonly first: number
  readonly openedMs: number
}

/** A source. */
export class MemoryLog {
  readonly source: string
  epoch = 0
  holder: string | undefined
  expiresMs = 0
  cursor: OutboxCursor | undefined
  baseline: AuditBaseline | undefined
  readonly #segmentEvents: number
  /** From the first offset that is kept. */
  #kept: Kept[] = []
  /** In order; the last one is open. */
  #segments: Segment[] = []
  #made = 0
  #end = 0

  constructor(source: string, segmentEvents: number) {
    this.source = source
    this.#segmentEvents = segmentEvents
  }

  get end(): number {
    return this.#end
  }
  get size(): number {
    return this.#kept.length
  }
  get start(): number {
    return this.#end - this.#kept.length + 1
  }

  append(events: readonly NewEvent[], nowMs: number): void {
    for (const event of events) {
      const open = this.#segments.at(-1)
      if (open === undefined || this.#end - open.first + 1 >= this.#segmentEvents) this.#open(nowMs)
      this.#end += 1
      this.#kept.push({ event: { ...event, source: this.source, offset: this.#end }, appendedMs: nowMs })
    }
  }

  read(afterOffset: number, limit: number): LoggedEvent[] {
    const from = Math.max(0, afterOffset - this.start + 1)
    return this.#kept.slice(from, from + limit).map(({ event }) => event)
  }

  /** Closes the open segment when it is so old and has an event. */
  roll(afterMs: number, nowMs: number): void {
    const open = this.#segments.at(-1)
    if (open !== undefined && this.#end >= open.first && nowMs - open.openedMs >= afterMs) this.#open(nowMs)
  }

  closed(nowMs: number): SegmentFacts[] {
    return this.#segments.slice(0, -1).map(({ id, first }, index) => {
      const last = (this.#segments[index + 1] as Segment).first - 1
      const kept = this.#kept.slice(first - this.start, last - this.start + 1)
      return { id, first, last, types: toTypes(kept, nowMs) }
    })
  }

  /** Drops the first segment. */
  drop({ last }: SegmentFacts): void {
    this.#kept = this.#kept.slice(last - this.start + 1)
    this.#segments.shift()
  }

  #open(nowMs: number): void {
    this.#made += 1
    this.#segments.push({ id: this.#made, first: this.#end + 1, openedMs: nowMs })
  }
}

function toTypes(kept: readonly Kept[], nowMs: number): TypeFacts[] {
  const types = new Map<string, TypeFacts>()
  for (const { event, appendedMs } of kept) {
    const { events, bytes } = types.get(event.type) ?? { events: 0, bytes: 0 }
    const size = Buffer.byteLength(event.envelope)
    types.set(event.type, { type: event.type, events: events + 1, bytes: bytes + size, newestMs: nowMs - appendedMs })
  }
  return [...types.values()]
}
