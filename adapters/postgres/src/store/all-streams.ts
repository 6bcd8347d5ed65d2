/**
 * Reading all streams in an order that loses nothing, waits for nobody and inverts no stream: by the difference of two
 * snapshots, as the outbox is read (docs/decisions/0005 has the reasons and the proofs). Within a page the order is that of
 * positions; a transaction that commits late brings its smaller positions in a later page.
 *
 * A stream's versions are never inverted: whoever appended version n + 1 saw version n committed, so every snapshot that
 * sees n + 1 sees n, and the position of n + 1 was drawn after that of n.
 */
import { BanyanError } from 'banyan/core'
import { type AllStreamsPage, type StreamCursor, toPageLimit } from 'banyan/store'
import { beginning, fromSnapshot } from './snapshot.ts'
import type { RunStatement } from './stream-append.ts'
import { type EventRow, eventColumns, toStreamEvent } from './stream-read.ts'

// The first row is about the read itself: which cluster, which snapshot. All in one statement, hence one snapshot.
const head = `
  SELECT pg_current_snapshot()::text AS stream, NULL::bigint AS version, NULL::bigint AS position, NULL::uuid AS event_id,
         id || '/' || here AS type, NULL::int AS major, NULL::json AS data, NULL::json AS metadata,
         (cluster = here)::int::float8 AS time_ms
  FROM banyan.meta, (SELECT banyan.cluster() AS here OFFSET 0) AS asked_once`

const chosen = `($5::text[] IS NULL OR split_part(stream, '-', 1) = ANY ($5::text[]))`

function statement(condition: string): string {
  return `
  WITH head AS MATERIALIZED (${head})
  SELECT * FROM head
  UNION ALL
  (SELECT ${eventColumns} FROM banyan.stream_event
   WHERE ${condition} AND ${chosen}
   ORDER BY position LIMIT $1)`
}

// $2 the previous snapshot, $3 its xmax, $4 what ran in it.
const tail = statement(`
  (xid >= $3::xid8 OR xid = ANY ($4::xid8[]))
  AND NOT pg_visible_in_snapshot(xid, $2::pg_snapshot)
  AND pg_visible_in_snapshot(xid, pg_current_snapshot())`)

// $2 the previous snapshot, $3 the one whose difference is being paged, $4 the last position.
const paging = statement(`
  position > $4::bigint
  AND NOT pg_visible_in_snapshot(xid, $2::pg_snapshot)
  AND pg_visible_in_snapshot(xid, coalesce($3::pg_snapshot, pg_current_snapshot()))`)

const seen = `
  SELECT pg_visible_in_snapshot(xid, $2::pg_snapshot)
      OR (position <= $4::bigint AND pg_visible_in_snapshot(xid, $3::pg_snapshot)) AS seen
  FROM banyan.stream_event WHERE position = $1`

/** The statement that reads on after a difference that was read to its end. */
export function tailStatement(
  cursor: StreamCursor,
  limit: number,
  categories: readonly string[] | null,
): { readonly text: string; readonly values: readonly unknown[] } {
  const { xmax, running } = fromSnapshot(cursor.previous)
  return { text: tail, values: [limit + 1, cursor.previous, xmax, running, categories] }
}

/** The next page of all streams; see `EventStore.readAll`. */
export async function readAll(
  run: RunStatement,
  cursor: StreamCursor | undefined,
  limit: number,
  { categories }: { readonly categories?: readonly string[] } = {},
): Promise<AllStreamsPage> {
  toPageLimit(limit)
  const inside = cursor === undefined || cursor.lastPosition !== '0'
  const previous = cursor?.previous ?? beginning
  const upTo = cursor === undefined ? null : cursor.current
  const { text, values } = inside
    ? { text: paging, values: [limit + 1, previous, upTo, cursor?.lastPosition ?? '0', categories ?? null] }
    : tailStatement(cursor, limit, categories ?? null)
  const { rows } = await run(text, values)
  const [about, ...found] = rows as EventRow[]
  if (about === undefined) throw new BanyanError('INTERNAL', 'banyan.meta is empty', { reason: 'NOT_MIGRATED' })
  assertCluster(about, cursor)
  return toPage(about, found, previous, inside && upTo !== null ? upTo : about.stream, limit)
}

/** True when a reader at the cursor has read the event at this position. */
export async function hasRead(run: RunStatement, cursor: StreamCursor, position: number): Promise<boolean> {
  const { previous, current, lastPosition } = cursor
  const { rows } = await run(seen, [position, previous, current, lastPosition])
  return rows[0]?.seen === true
}

/** `about.stream` is the snapshot of the read, `about.type` the cluster. */
function toPage(
  about: EventRow,
  found: readonly EventRow[],
  previous: string,
  current: string,
  limit: number,
): AllStreamsPage {
  const more = found.length > limit
  const rows = more ? found.slice(0, limit) : found
  const events = rows.map(toStreamEvent)
  const cluster = about.type
  // The difference is read to its end: the next one begins where this one's snapshot was taken.
  if (!more)
    return {
      events,
      cursor: { cluster, previous: current, current, lastPosition: '0' },
      more: current !== about.stream,
    }
  return { events, cursor: { cluster, previous, current, lastPosition: String(rows.at(-1)?.position ?? '0') }, more }
}

function assertCluster(about: EventRow, cursor: StreamCursor | undefined): void {
  if (about.time_ms !== 1) throw foreign('this database was restored from another cluster')
  if (cursor === undefined) return
  if (cursor.cluster !== about.type)
    throw foreign(`the cursor belongs to cluster '${cursor.cluster}', these streams to '${about.type}'`)
  const now = BigInt(fromSnapshot(about.stream).xmax)
  const then = BigInt(fromSnapshot(cursor.current).xmax)
  if (now < then) throw foreign(`the cursor is of transaction ${then}, this cluster has only come to ${now}`)
}

function foreign(message: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', message, {
    reason: 'FOREIGN_CLUSTER',
    hint: 'The database was restored or replaced: adopt it (docs/guide/database.md, "After a restore"), then read from the beginning.',
  })
}
