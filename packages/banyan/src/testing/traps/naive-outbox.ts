/**
 * Outboxes as one writes them first, on Postgres, through nothing but the Store port. They lose, stall or invert events, each in its
 * own way; they are here so that a test or a chaos rig can show that it would notice. Never use them for anything else.
 */
import type { Migration } from '../../store/migration.ts'
import type { NewEvent, Outbox, OutboxCursor, OutboxPage } from '../../store/outbox.ts'
import type { Store, StoreTransaction } from '../../store/store.ts'

/**
 * How it is read. `serial id`: above the last id. `creation time`: above the last time. `hold-back`: transactions below the xmin of
 * the snapshot, in their order. `system xmin`: by difference of snapshots, with the row's own xmin in place of a stored
 * transaction id. `two statements`: by difference of snapshots, with the snapshot asked for after the rows.
 */
export type NaiveReading = 'serial id' | 'creation time' | 'hold-back' | 'system xmin' | 'two statements'

/** What a naive outbox is made of. */
export interface NaiveOutboxOptions {
  readonly store: Store
  readonly reading: NaiveReading
  /** What happens between the statements of a reader that has two: a test's commit. */
  readonly between?: () => Promise<void>
}

/** The table of naive outboxes. */
export const naiveOutboxMigration: Migration = {
  name: '900-naive-outbox',
  checksum: 'naive-outbox-1',
  up: `
CREATE TABLE naive_outbox (
  id bigserial PRIMARY KEY,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  created_at timestamptz NOT NULL DEFAULT now(),
  event_id uuid NOT NULL,
  type text NOT NULL,
  key text NOT NULL,
  envelope text NOT NULL
)`,
}

/** Writes the event where naive outboxes look, at once, as an INSERT of one's own does. */
export async function publishNaively(tx: Pick<StoreTransaction, 'sql'>, event: NewEvent): Promise<void> {
  const { id, type, key, envelope } = event
  await tx.sql`INSERT INTO naive_outbox (event_id, type, key, envelope) VALUES (${id}, ${type}, ${key}, ${envelope})`
}

interface Row {
  readonly position: string
  readonly id: string
  readonly type: string
  readonly key: string
  readonly envelope: string
}

type Read = (last: string, limit: number) => Promise<{ readonly rows: readonly Row[]; readonly last: string }>

/**
 * An outbox that is read naively; reading starts at the beginning.
 *
 * @example
 * const outbox = createNaiveOutbox({ store, reading: 'serial id' })
 * const publish = () => store.transact((tx) => publishNaively(tx, { id: 'e-1', type: 'x', key: 'k', envelope: '{}' }))
 * const read = () => outbox.read(undefined, 100)
 */
export function createNaiveOutbox({ store, reading, between = async () => undefined }: NaiveOutboxOptions): Outbox {
  const read = readers(store, between)[reading]
  return {
    async read(cursor, limit): Promise<OutboxPage> {
      const { rows, last } = await read(cursor?.current ?? '', limit)
      const events = rows.map(({ id, type, key, envelope }) => ({ id, type, key, envelope }))
      return { events, cursor: toCursor(last), more: rows.length === limit }
    },
    trim: async () => 0,
    onCommit: () => () => undefined,
    depth: async () => 0,
  }
}

const toCursor = (last: string): OutboxCursor => ({ cluster: 'naive', previous: last, current: last, lastId: last })

function readers(store: Store, between: () => Promise<void>): Readonly<Record<NaiveReading, Read>> {
  const lastOf = (rows: readonly Row[], before: string): string => rows.at(-1)?.position ?? before
  return {
    async 'serial id'(last, limit) {
      const rows = await store.sql<Row>`
        SELECT id::text AS position, event_id AS id, type, key, envelope FROM naive_outbox
        WHERE naive_outbox.id > ${last || '0'}::bigint ORDER BY naive_outbox.id LIMIT ${limit}`
      return { rows, last: lastOf(rows, last) }
    },
    async 'creation time'(last, limit) {
      const rows = await store.sql<Row>`
        SELECT created_at::text AS position, event_id AS id, type, key, envelope FROM naive_outbox
        WHERE created_at > ${last || '-infinity'}::timestamptz ORDER BY created_at, naive_outbox.id LIMIT ${limit}`
      return { rows, last: lastOf(rows, last) }
    },
    async 'hold-back'(last, limit) {
      const [xid = '0', id = '0'] = last === '' ? [] : last.split(':')
      const rows = await store.sql<Row>`
        SELECT xid || ':' || naive_outbox.id AS position, event_id AS id, type, key, envelope FROM naive_outbox
        WHERE (xid, naive_outbox.id) > (${xid}::xid8, ${id}::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY xid, naive_outbox.id LIMIT ${limit}`
      return { rows, last: lastOf(rows, last) }
    },
    async 'system xmin'(last, limit) {
      const rows = await store.sql<Row>`
        SELECT pg_current_snapshot()::text AS position, event_id AS id, type, key, envelope FROM naive_outbox
        WHERE NOT pg_visible_in_snapshot(xmin::text::xid8, ${last || '1:1:'}::pg_snapshot)
          AND pg_visible_in_snapshot(xmin::text::xid8, pg_current_snapshot())
        ORDER BY naive_outbox.id LIMIT ${limit}`
      return { rows, last: lastOf(rows, last) }
    },
    async 'two statements'(last, limit) {
      const rows = await store.sql<Row>`
        SELECT '' AS position, event_id AS id, type, key, envelope FROM naive_outbox
        WHERE NOT pg_visible_in_snapshot(xid, ${last || '1:1:'}::pg_snapshot)
        ORDER BY naive_outbox.id LIMIT ${limit}`
      await between()
      const [now] = await store.sql<{ snapshot: string }>`SELECT pg_current_snapshot()::text AS snapshot`
      return { rows, last: now?.snapshot ?? last }
    },
  }
}
