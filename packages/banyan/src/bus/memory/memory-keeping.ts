/** What the log in memory says and does about what it keeps. */
import type { Clock } from '../../core/environment/environment.ts'
import type { LogKeeping, LogReader, Pin } from '../keeping.ts'
import { dataSchemaIn } from '../retained-schemas.ts'
import { planRetention, rollAfterMs } from '../retention.ts'
import type { MemoryLog } from './memory-log.ts'

interface Reader {
  readonly source: string
  readonly group: string
  cursor: number
  seenMs: number
  movedMs: number
  pinned: { readonly events: number; readonly bytes: number }
}

const nothing = { events: 0, bytes: 0 }

/** Keeping, over the logs of a bus. */
export function createMemoryKeeping(clock: Clock, logs: ReadonlyMap<string, MemoryLog>): LogKeeping {
  const readers = new Map<string, Reader>()
  const nameOf = (source: string, group: string): string => JSON.stringify([source, group])

  function list(): readonly LogReader[] {
    const nowMs = clock.now()
    return [...readers.values()].map(({ source, group, cursor, seenMs, movedMs, pinned }) => {
      return { source, group, cursor, silentMs: nowMs - seenMs, stoodMs: nowMs - movedMs, pinned }
    })
  }

  return {
    async source(source) {
      const log = logs.get(source)
      if (log === undefined) return undefined
      return { source, start: log.start, end: log.end, cursor: log.cursor, baseline: log.baseline }
    },
    async report({ source, group, cursor }) {
      const nowMs = clock.now()
      const name = nameOf(source, group)
      const reader = readers.get(name) ?? { source, group, cursor, seenMs: nowMs, movedMs: nowMs, pinned: nothing }
      if (cursor > reader.cursor) reader.movedMs = nowMs
      reader.cursor = Math.max(cursor, reader.cursor)
      reader.seenMs = nowMs
      readers.set(name, reader)
    },
    readers: async () => list(),
    forget: async (source, group) => readers.delete(nameOf(source, group)),
    async retain(options) {
      const pinned: Pin[] = []
      let [segments, events] = [0, 0]
      for (const log of logs.values()) {
        if (options.sources?.includes(log.source) === false) continue
        log.roll(rollAfterMs(log.source, options), clock.now())
        const plan = planRetention(log.source, log.closed(clock.now()), list(), options)
        pinned.push(...plan.pinned)
        for (const reader of readers.values())
          if (reader.source === log.source) reader.pinned = pinOf(reader, plan.pinned)
        for (const segment of plan.drop) {
          log.drop(segment)
          segments += 1
          events += segment.last - segment.first + 1
        }
      }
      return { segments, events, pinned, held: 0 }
    },
    async entries(source, afterOffset, limit) {
      const events = logs.get(source)?.read(afterOffset, limit) ?? []
      return events.map(({ offset, id, type, key }) => ({ offset, id, type, key }))
    },
    async having(source, ids) {
      const all = new Set(
        logs
          .get(source)
          ?.read(0, Number.POSITIVE_INFINITY)
          .map(({ id }) => id),
      )
      return new Set(ids.filter((id) => all.has(id)))
    },
    schemas: async (source, type) => schemasOf(logs.get(source), type),
    async setBaseline(source, baseline) {
      const log = logs.get(source)
      if (log !== undefined) log.baseline = baseline
    },
  }
}

function pinOf({ group }: Reader, pins: readonly Pin[]): Reader['pinned'] {
  const pin = pins.find((one) => one.group === group)
  return pin === undefined ? nothing : { events: pin.events, bytes: pin.bytes }
}

function schemasOf(log: MemoryLog | undefined, type: string): readonly string[] | undefined {
  if (log === undefined) return undefined
  const own = log.read(0, Number.POSITIVE_INFINITY).filter((event) => event.type === type)
  const found = new Set(own.map(({ envelope }) => dataSchemaIn(envelope)))
  return found.has(undefined) ? undefined : ([...found] as readonly string[])
}
