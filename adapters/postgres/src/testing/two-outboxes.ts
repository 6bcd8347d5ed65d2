/**
 * Two outboxes side by side, written by the same transactions at the same moments: Banyan's and a naive one. What one loses, the
 * other had the same chance to lose.
 */
import type { NewEvent, Outbox, OutboxCursor } from 'banyan/store'
import { naiveOutboxMigration, publishNaively } from 'banyan/testing'
import type { PostgresStore } from '../store/postgres-store.ts'
import { asAdmin } from './engines.ts'
import { type HeldTransaction, hold, newEvent } from './fixtures.ts'

type Statements = HeldTransaction['tx']

/** An INSERT of one's own into Banyan's outbox: its id is drawn now, not with COMMIT. */
async function insert(tx: Statements, { id, type, key, envelope }: NewEvent): Promise<void> {
  await tx.sql`INSERT INTO banyan.outbox (event_id, type, key, envelope) VALUES (${id}, ${type}, ${key}, ${envelope})`
}

/** Writes the event to both at once. */
export async function writeBoth(tx: Statements, label: string): Promise<void> {
  const event = newEvent(label)
  await insert(tx, event)
  await publishNaively(tx, event)
}

/** A transaction that wrote its event already and has not committed yet. */
export async function writeEarly(store: PostgresStore, label: string): Promise<HeldTransaction> {
  const held = await hold(store)
  await writeBoth(held.tx, label)
  return held
}

/** A transaction that writes its event and commits. */
export function write(store: PostgresStore, label: string): Promise<void> {
  return store.transact((tx) => writeBoth(tx, label))
}

/** Makes the naive table anew. */
export function emptyNaive(url: string): Promise<void> {
  return asAdmin(url, (admin) => admin.script(`DROP TABLE IF EXISTS naive_outbox; ${naiveOutboxMigration.up}`))
}

/** A reader that goes on where it stopped. */
export interface Following {
  /** Labels of what is new. */
  next(): Promise<string[]>
}

/** Follows an outbox from its beginning; its cursor goes through JSON as a stored one does. */
export function follow(outbox: Outbox): Following {
  let cursor: OutboxCursor | undefined
  return {
    async next() {
      const labels: string[] = []
      for (;;) {
        const page = await outbox.read(cursor, 100)
        labels.push(...page.events.map((event) => event.type))
        cursor = JSON.parse(JSON.stringify(page.cursor)) as OutboxCursor
        if (!page.more) return labels
      }
    },
  }
}
