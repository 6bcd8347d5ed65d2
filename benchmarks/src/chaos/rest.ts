/** What is known once everything has come to rest: the ledger, read from the databases and the log through their ports. */
import type { Bus, RelayLease } from 'banyan/bus'
import type { OutboxCursor, Store } from 'banyan/store'
import type { CommittedEvent, Ledger, RecordedEffect } from 'banyan/testing'
import { consuming, producing } from './scene.ts'

const pageSize = 1_000
const maxPages = 100_000

/** How much is committed and recorded; undefined while a database does not answer. */
export async function readCounts(
  producer: Store,
  consumer: Store,
): Promise<{ readonly committed: number; readonly applied: number } | undefined> {
  try {
    const [entries] = await producer.sql<{ n: number }>`SELECT count(*)::int AS n FROM entry`
    const [effects] = await consumer.sql<{ n: number }>`SELECT count(DISTINCT event_id)::int AS n FROM effect`
    return { committed: entries?.n ?? 0, applied: effects?.n ?? 0 }
  } catch {
    return undefined
  }
}

/** The whole ledger. The actors must have ended. */
export async function readLedger(
  producer: Store,
  consumer: Store,
  bus: Bus,
  acknowledged: ReadonlyMap<string, number>,
): Promise<Ledger> {
  const committed = await producer.sql<CommittedEvent>`SELECT key, counter, event_id AS "eventId" FROM entry`
  const recorded = await consumer.sql<RecordedEffect>`
    SELECT key, counter, event_id AS "eventId", after FROM effect ORDER BY place`
  const waiting = new Set<string>()
  const lease = await takeLease(bus)
  await noteUnsent(producer, lease.cursor, waiting)
  await noteUnread(consumer, bus, waiting)
  await bus.release(lease)
  for (const { eventId } of await consumer.inbox.parked(pageSize)) waiting.add(eventId)
  return { committed, recorded, waiting, acknowledged }
}

async function takeLease(bus: Bus): Promise<RelayLease> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const lease = await bus.lease(producing, 'rig#1', 10_000)
    if (lease !== undefined) return lease
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('a relay still holds its lease although its process has ended')
}

async function noteUnsent(producer: Store, from: OutboxCursor | undefined, waiting: Set<string>): Promise<void> {
  if (from?.cluster === 'naive') return
  let cursor = from
  for (let pages = 0; pages < maxPages; pages += 1) {
    const page = await producer.outbox.read(cursor, pageSize)
    for (const { id } of page.events) waiting.add(id)
    cursor = page.cursor
    if (!page.more) return
  }
}

async function noteUnread(consumer: Store, bus: Bus, waiting: Set<string>): Promise<void> {
  const assignment = await consumer.inbox.claim(consuming, producing, 'rig#1', 10_000, 0)
  let offset = assignment?.cursor ?? 0
  for (let pages = 0; pages < maxPages; pages += 1) {
    const events = await bus.read(producing, offset, pageSize)
    for (const { id } of events) waiting.add(id)
    if (events.length < pageSize) return
    offset = events.at(-1)?.offset ?? offset
  }
}
