/**
 * The outbox in Postgres, read by the difference of two snapshots (after PgQ): a page is what the current snapshot sees and
 * the previous one did not, in the order of ids. Nothing is lost when transactions commit late, nobody's open transaction is
 * waited for, and one key is never inverted. docs/decisions/0005 has the reasons and the proofs.
 *
 * Two forms of one statement. At the tail, the candidates are found by transaction id: what began between the two
 * snapshots, and what ran during the first; an old open transaction adds one id to look for, not a range to scan. Inside a
 * big difference (and at the very beginning) pages go along the ids from the last one.
 */
import { BanyanError } from 'banyan/core'
import type { NewEvent, Outbox, OutboxCursor, OutboxExtent, OutboxPage } from 'banyan/store'
import type { RunAlone } from './alone.ts'
import { createStorage } from './outbox-storage.ts'
import { createWindow } from './outbox-window.ts'
import { beginning, fromSnapshot } from './snapshot.ts'

// Up to where it was trimmed; before everything when it never was.
const trimmedTo = `
  SELECT coalesce(max(previous::text), '${beginning}')::pg_snapshot AS previous,
         coalesce(max(current::text), '${beginning}')::pg_snapshot AS current, coalesce(max(last_id), 0) AS last_id
  FROM banyan.outbox_position`

const isTrimmed = `(pg_visible_in_snapshot(xid, at.previous)
  OR (id <= at.last_id AND pg_visible_in_snapshot(xid, at.current)))`

// Rows of another cluster's transactions would be invisible, or worse, seen again and again: they become this transaction's.
// Those that were trimmed lie there still; their position means nothing here, so they go now.
const adopt = `
  WITH here AS (UPDATE banyan.meta SET id = gen_random_uuid(), cluster = banyan.cluster() RETURNING 1),
  at AS MATERIALIZED (${trimmedTo}),
  gone AS (DELETE FROM banyan.outbox USING at WHERE ${isTrimmed}),
  forgotten AS (DELETE FROM banyan.outbox_position)
  UPDATE banyan.outbox SET xid = pg_current_xact_id() FROM here, at WHERE NOT ${isTrimmed}`

/** The outbox, and what the store tells it. */
export interface PostgresOutbox extends Outbox {
  /** A transaction of this process that published has committed. */
  committed(): void
  /** Makes a restored outbox this cluster's. */
  adopt(): Promise<void>
}

const columns = 'event_id, type, key, envelope'
/** Counting further costs more than it says. */
const depthLimit = 100_000

// The first row is about the read itself: which cluster, which snapshot, how far ids have come. All in one statement, hence
// one snapshot; the sequence is asked after it was taken, so no row in it has a higher id.
const head = `
  SELECT (SELECT last_value FROM banyan.outbox_id) AS id, NULL::uuid AS event_id, pg_current_snapshot()::text AS type,
         meta.id || '/' || here AS key, cluster = here AS same
  FROM banyan.meta, (SELECT banyan.cluster() AS here OFFSET 0) AS asked_once`

function statement(condition: string): string {
  return `
  WITH head AS MATERIALIZED (${head})
  SELECT id, event_id, type, key, NULL AS envelope, same FROM head
  UNION ALL
  (SELECT id, ${columns}, true FROM banyan.outbox
   WHERE ${condition}
   ORDER BY id LIMIT $1)`
}

// $2 the previous snapshot, $3 its xmax, $4 what ran in it. The upper bound is true of all that is visible; a range with two
// ends is taken for a small one also where there are no statistics, so that the index on xid is used from the first day.
const tail = statement(`
  ((xid >= $3::xid8 AND xid < pg_snapshot_xmax(pg_current_snapshot())) OR xid = ANY ($4::xid8[]))
  AND NOT pg_visible_in_snapshot(xid, $2::pg_snapshot)
  AND pg_visible_in_snapshot(xid, pg_current_snapshot())`)

// $2 the previous snapshot, $3 the one whose difference is being paged, $4 the last id, $5 the end of the window: the index
// on ids tells the pages in which it lies, not the rows.
const paging = statement(`
  id > $4::bigint AND id <= $5::bigint
  AND NOT pg_visible_in_snapshot(xid, $2::pg_snapshot)
  AND pg_visible_in_snapshot(xid, coalesce($3::pg_snapshot, pg_current_snapshot()))`)

const depth = `
  WITH at AS MATERIALIZED (${trimmedTo})
  SELECT count(*)::int AS waiting
  FROM (SELECT FROM banyan.outbox, at WHERE NOT ${isTrimmed} LIMIT ${depthLimit}) AS w`

// Along the index on xid, as a read at the tail: what lies before the cursor is not looked at.
const extent = `
  WITH at AS MATERIALIZED (
    SELECT coalesce($1::pg_snapshot, previous) AS previous, coalesce($2::pg_snapshot, current) AS current,
           coalesce($3::bigint, last_id) AS last_id
    FROM (${trimmedTo}) AS trimmed
  )
  SELECT count(*)::int AS waiting,
         coalesce(greatest(0, extract(epoch FROM clock_timestamp() - min(created_at)) * 1000), 0)::float8 AS "oldestMs",
         (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits
          WHERE inhparent = 'banyan.outbox'::regclass)::float8 AS bytes
  FROM (
    SELECT created_at FROM banyan.outbox, at
    WHERE ((xid >= pg_snapshot_xmax(at.previous) AND xid < pg_snapshot_xmax(pg_current_snapshot()))
           OR xid = ANY (ARRAY(SELECT pg_snapshot_xip(at.previous))))
      AND NOT ${isTrimmed}
    LIMIT ${depthLimit}) AS waiting`

interface Row {
  readonly id: string
  readonly event_id: string
  readonly type: string
  readonly key: string
  readonly envelope: string
  readonly same: boolean
}

interface Look {
  /** The row about the read itself. */
  readonly about: Row
  readonly found: readonly Row[]
}

/** The statement that reads on after a difference that was read to its end. */
export function tailStatement(cursor: OutboxCursor, limit: number): { text: string; values: readonly unknown[] } {
  const { xmax, running } = fromSnapshot(cursor.previous)
  return { text: tail, values: [limit + 1, cursor.previous, xmax, running] }
}

/** The outbox of one service's database. */
export function createPostgresOutbox(run: RunAlone): PostgresOutbox {
  const listeners = new Set<() => void>()
  const storage = createStorage(run)
  const window = createWindow(run)

  async function look(text: string, values: readonly unknown[], cursor: OutboxCursor | undefined): Promise<Look> {
    const [about, ...found] = (await run(text, values)).rows as Row[]
    if (about === undefined) throw new BanyanError('INTERNAL', 'banyan.meta is empty', { reason: 'NOT_MIGRATED' })
    assertCluster(about, cursor)
    return { about, found }
  }
  /** Along the ids, window by window, until the page is full or the ids have come to their end. */
  async function readAlong(cursor: OutboxCursor | undefined, limit: number): Promise<OutboxPage> {
    const previous = cursor?.previous ?? beginning
    let upTo = cursor?.current ?? null
    let lastId = cursor?.lastId ?? '0'
    const rows: Row[] = []
    for (;;) {
      const end = await window.next(lastId, limit)
      const { about, found } = await look(paging, [limit + 1 - rows.length, previous, upTo, lastId, end], cursor)
      window.found(found.length, limit)
      rows.push(...found)
      upTo ??= about.type
      if (rows.length > limit || BigInt(end) >= BigInt(about.id)) return toPage(about, rows, previous, upTo, limit)
      lastId = end
    }
  }
  async function read(from: OutboxCursor | undefined, limit: number): Promise<OutboxPage> {
    // What was trimmed may still lie there; it counts as gone. The position only grows, so it may be asked for apart.
    const cursor = from ?? (await storage.position())
    if (cursor === undefined || cursor.lastId !== '0') return readAlong(cursor, limit)
    const { text, values } = tailStatement(cursor, limit)
    const { about, found } = await look(text, values, cursor)
    return toPage(about, found, cursor.previous, about.type, limit)
  }

  return {
    read,
    trim: storage.trim,
    census: storage.census,
    storage: () => storage.status,
    onCommit(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async depth() {
      return (await run(depth)).rows[0].waiting
    },
    async extent(after) {
      const at = [after?.previous ?? null, after?.current ?? null, after?.lastId ?? null]
      return (await run(extent, at)).rows[0] as OutboxExtent
    },
    async adopt() {
      await run(adopt)
    },
    committed() {
      // Not in the way of the transaction: it has committed, whatever a listener does.
      for (const listener of listeners) queueMicrotask(listener)
    },
  }
}

/** `about.type` is the snapshot of the read, `about.key` the cluster. */
function toPage(about: Row, found: readonly Row[], previous: string, current: string, limit: number): OutboxPage {
  const more = found.length > limit
  const rows = more ? found.slice(0, limit) : found
  const events = rows.map(toEvent)
  const cluster = about.key
  // The difference is read to its end: the next one begins where this one's snapshot was taken.
  if (!more)
    return { events, cursor: { cluster, previous: current, current, lastId: '0' }, more: current !== about.type }
  return { events, cursor: { cluster, previous, current, lastId: (rows.at(-1) as Row).id }, more }
}

function toEvent(row: Row): NewEvent {
  return { id: row.event_id, type: row.type, key: row.key, envelope: row.envelope }
}

function assertCluster(about: Row, cursor: OutboxCursor | undefined): void {
  if (!about.same) throw foreign('this database was restored from another cluster')
  if (cursor === undefined) return
  if (cursor.cluster !== about.key)
    throw foreign(`the cursor belongs to cluster '${cursor.cluster}', this outbox to '${about.key}'`)
  const now = BigInt(fromSnapshot(about.type).xmax)
  const then = BigInt(fromSnapshot(cursor.current).xmax)
  if (now < then) throw foreign(`the cursor is of transaction ${then}, this cluster has only come to ${now}`)
}

function foreign(message: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', message, {
    reason: 'FOREIGN_CLUSTER',
    hint: 'The database was restored or replaced: adopt it (docs/guide/database.md, "After a restore") before starting the relay.',
  })
}
