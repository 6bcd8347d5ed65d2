/** Events, stores and open transactions for the tests of this package. */
import { realEnvironment } from 'banyan/core'
import type { NewEvent, Outbox, OutboxCursor, StoreTransaction } from 'banyan/store'
import type { PostgresStore, PostgresStoreOptions } from '../store/postgres-store.ts'
import { createPostgresStore } from '../store/postgres-store.ts'
import { asAdmin } from './engines.ts'

const { random } = realEnvironment()

/** An event whose type is its label. */
export function newEvent(label: string, key = 'key-1'): NewEvent {
  return { id: random.uuidv7(), type: label, key, envelope: JSON.stringify({ specversion: '1.0', data: { label } }) }
}

/** A fresh id, as events have them. */
export function newEventId(): string {
  return random.uuidv7()
}

/** A migrated store with one table `item (sku, n)`. */
export async function openStore(url: string, options: Partial<PostgresStoreOptions> = {}): Promise<PostgresStore> {
  const store = await createPostgresStore({ url, service: 'test', ...options })
  await store.migrate([
    { name: '001-item', checksum: 'c', up: 'CREATE TABLE item (sku text PRIMARY KEY, n int NOT NULL)' },
  ])
  return store
}

/** Empties the tables of a store and puts its clock right. */
export async function emptyStore(url: string): Promise<void> {
  const script = `
    DELETE FROM banyan.outbox; DELETE FROM banyan.consumer; DELETE FROM banyan.mark; DELETE FROM banyan.attempt; DELETE FROM banyan.passage;
    DELETE FROM banyan.parked; DELETE FROM banyan.idempotency;
    DELETE FROM banyan.replay; DELETE FROM banyan.scheduled; DELETE FROM banyan.discarded; DELETE FROM banyan.bridge; DELETE FROM banyan.bridge_request; DELETE FROM banyan.stream_event; DELETE FROM banyan.stream_snapshot;
    DELETE FROM banyan.saga; DELETE FROM banyan.saga_entry; DELETE FROM banyan.saga_message; DELETE FROM banyan.saga_correlation;
    DELETE FROM banyan.saga_lock; DELETE FROM banyan.saga_lock_wait; DELETE FROM banyan.saga_host;
    DELETE FROM banyan.projection_version; DELETE FROM banyan.projection; UPDATE banyan.clock SET shift = '0';
    DO $$ BEGIN IF to_regclass('item') IS NOT NULL THEN DELETE FROM item; END IF; END $$`
  await asAdmin(url, (admin) => admin.script(script))
}

/** All pages from a cursor on; labels, and where it ended. */
export async function readLabels(
  outbox: Outbox,
  from: OutboxCursor | undefined,
  limit = 100,
): Promise<{ readonly labels: string[]; readonly cursor: OutboxCursor }> {
  const labels: string[] = []
  let cursor = from
  for (;;) {
    const page = await outbox.read(cursor, limit)
    labels.push(...page.events.map((event) => event.type))
    cursor = JSON.parse(JSON.stringify(page.cursor)) as OutboxCursor
    if (!page.more) return { labels, cursor }
  }
}

/** A transaction that stays open until it is told how to end. */
export interface HeldTransaction {
  readonly tx: StoreTransaction
  commit(): Promise<void>
  /** Rejects with what the transaction rejected with. */
  readonly done: Promise<void>
}

/** Opens a transaction and gives it out. */
export async function hold(
  store: PostgresStore,
  options: Parameters<PostgresStore['transact']>[1] = {},
): Promise<HeldTransaction> {
  const opened = Promise.withResolvers<StoreTransaction>()
  const finish = Promise.withResolvers<void>()
  const done = store.transact(async (tx) => {
    opened.resolve(tx)
    await finish.promise
  }, options)
  done.catch((error) => opened.reject(error))
  const tx = await opened.promise
  return {
    tx,
    done,
    commit: () => {
      finish.resolve()
      return done
    },
  }
}

export { rejection } from './rejection.ts'
