/**
 * The outbox in memory. A commit here is one synchronous step, so nothing is ever visible late and the id alone is a safe
 * position; the snapshots of the cursor are filled in all the same, so that a cursor looks alike everywhere.
 */
import type { Clock } from '../../core/environment/environment.ts'
import { BanyanError } from '../../core/error.ts'
import { timeOfEventId } from '../delivery-mark.ts'
import type { NewEvent, Outbox, OutboxCursor, OutboxPage } from '../outbox.ts'

/** The port, and what a committing transaction does with it. */
export interface MemoryOutbox extends Outbox {
  /** Throws RESOURCE_EXHAUSTED when so many more do not fit. */
  assertRoom(count: number): void
  append(events: readonly NewEvent[]): void
}

export function createMemoryOutbox(cluster: string, maxEvents: number, clock: Clock): MemoryOutbox {
  const listeners = new Set<() => void>()
  let rows: NewEvent[] = []
  /** The id before the first row that is kept; rows[i] has the id trimmed + i + 1. */
  let trimmed = 0

  function position(cursor: OutboxCursor | undefined): number {
    if (cursor === undefined) return trimmed
    if (cursor.cluster !== cluster) throw foreignCluster(cluster, cursor.cluster)
    return Math.max(trimmed, Number(cursor.lastId))
  }

  return {
    assertRoom(count) {
      if (rows.length + count > maxEvents) throw outboxFull(maxEvents)
    },
    append(events) {
      if (events.length === 0) return
      for (const event of events) rows.push(event)
      for (const listener of listeners) queueMicrotask(listener)
    },
    async read(cursor, limit): Promise<OutboxPage> {
      const after = position(cursor)
      const events = rows.slice(after - trimmed, after - trimmed + limit)
      const lastId = String(after + events.length)
      const head = trimmed + rows.length
      const previous = cursor?.current ?? '0'
      return {
        events,
        cursor: { cluster, previous, current: String(head), lastId },
        more: after + events.length < head,
      }
    },
    async trim(cursor) {
      const count = position(cursor) - trimmed
      rows = rows.slice(count)
      trimmed += count
      return count
    },
    async census(cursor, limit) {
      const count = position(cursor) - trimmed
      if (Number(cursor.lastId) < trimmed) return undefined
      const latest = rows.slice(Math.max(0, count - limit), count).map(({ id, key }) => ({ id, key }))
      return { passed: trimmed + count, latest }
    },
    onCommit(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    depth: async () => rows.length,
    async extent(after) {
      const waiting = rows.slice(position(after) - trimmed)
      const madeMs = timeOfEventId(waiting[0]?.id ?? '') ?? clock.now()
      const bytes = rows.reduce((sum, { envelope }) => sum + Buffer.byteLength(envelope), 0)
      return { waiting: waiting.length, oldestMs: Math.max(0, clock.now() - madeMs), bytes }
    },
  }
}

function foreignCluster(ours: string, theirs: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `the cursor belongs to cluster '${theirs}', this outbox to '${ours}'`, {
    reason: 'FOREIGN_CLUSTER',
    hint: 'The database was restored or replaced: say where to read on before starting the relay.',
  })
}

function outboxFull(maxEvents: number): BanyanError {
  return new BanyanError('RESOURCE_EXHAUSTED', `the outbox holds its ${maxEvents} events (maxOutboxEvents) already`, {
    reason: 'OUTBOX_FULL',
    retryable: true,
    hint: 'Is a relay running for this service, and can it reach the bus?',
  })
}
