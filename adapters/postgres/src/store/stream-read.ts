/** Reading one stream, and its snapshot with it: one statement, hence one snapshot of the database. */
import {
  type StreamEvent,
  type StreamPage,
  type StreamRange,
  type StreamSnapshot,
  toCategory,
  toRange,
} from 'banyan/store'
import type { RunStatement } from './stream-append.ts'

/** The columns of an event, as {@link toStreamEvent} takes them. */
export const eventColumns =
  'stream, version, position, event_id, type, major, data, metadata, (extract(epoch FROM appended_at) * 1000)::float8 AS time_ms'

const whole = `
  SELECT ${eventColumns} FROM banyan.stream_event
  WHERE stream = $1 AND version >= $2::bigint AND version <= $3::bigint
  ORDER BY version LIMIT $4`

// What came after the moment is cut off at the first later version, so that a clock set back leaves no hole.
const asOf = `
  SELECT ${eventColumns} FROM banyan.stream_event
  WHERE stream = $1 AND version >= $2::bigint AND version <= $3::bigint AND version < coalesce(
    (SELECT min(version) FROM banyan.stream_event
     WHERE stream = $1 AND appended_at >= to_timestamp(($5::float8 + 1) / 1000)), 9223372036854775807)
  ORDER BY version LIMIT $4`

// The first row is the snapshot's; nulls when there is none that fits.
const withSnapshot = `
  WITH taken AS MATERIALIZED (
    SELECT version, schema, state FROM banyan.stream_snapshot
    WHERE stream = $1 AND schema = $5::int AND version >= $2::bigint AND version <= $3::bigint)
  SELECT NULL AS stream, taken.version, NULL::bigint AS position, NULL::uuid AS event_id, NULL AS type,
         taken.schema AS major, taken.state AS data, NULL::json AS metadata, NULL::float8 AS time_ms
  FROM (SELECT) AS one LEFT JOIN taken ON true
  UNION ALL
  (SELECT ${eventColumns} FROM banyan.stream_event
   WHERE stream = $1 AND version > coalesce((SELECT version FROM taken), $2::bigint - 1) AND version <= $3::bigint
   ORDER BY version LIMIT $4)`

/** A row of {@link eventColumns}. */
export interface EventRow {
  readonly stream: string
  readonly version: string
  readonly position: string
  readonly event_id: string
  readonly type: string
  readonly major: number
  readonly data: unknown
  readonly metadata: Readonly<Record<string, string>>
  readonly time_ms: number
}

/** An event out of its row. */
export function toStreamEvent(row: EventRow): StreamEvent {
  return {
    stream: row.stream,
    version: Number(row.version),
    position: Number(row.position),
    id: row.event_id,
    type: row.type,
    major: row.major,
    data: row.data,
    metadata: row.metadata,
    timeMs: Math.floor(row.time_ms),
  }
}

/** A page of a stream; see `TransactionStreams.read`. */
export async function readStream(run: RunStatement, stream: string, range: StreamRange): Promise<StreamPage> {
  toCategory(stream)
  const { from, to, limit, asOfMs, snapshotSchema } = toRange(range)
  const common = [stream, from, to, limit + 1]
  if (snapshotSchema !== undefined) {
    const { rows } = await run(withSnapshot, [...common, snapshotSchema])
    const [first, ...found] = rows as EventRow[]
    const snapshot = first === undefined || first.version === null ? {} : { snapshot: toSnapshot(first) }
    return { ...toPage(found, limit), ...snapshot }
  }
  const { rows } = asOfMs === undefined ? await run(whole, common) : await run(asOf, [...common, asOfMs])
  return toPage(rows, limit)
}

function toPage(rows: readonly EventRow[], limit: number): { readonly events: StreamEvent[]; readonly more: boolean } {
  const more = rows.length > limit
  return { events: (more ? rows.slice(0, limit) : rows).map(toStreamEvent), more }
}

function toSnapshot(row: EventRow): StreamSnapshot {
  return { version: Number(row.version), schema: row.major, state: row.data }
}

const keep = `
  INSERT INTO banyan.stream_snapshot AS s (stream, version, schema, state) VALUES ($1, $2, $3, $4::json)
  ON CONFLICT (stream) DO UPDATE
    SET version = excluded.version, schema = excluded.schema, state = excluded.state, taken_at = excluded.taken_at
    WHERE s.schema <> excluded.schema OR s.version < excluded.version`

/** Keeps a snapshot; see `TransactionStreams.saveSnapshot`. */
export async function saveSnapshot(run: RunStatement, stream: string, snapshot: StreamSnapshot): Promise<void> {
  toCategory(stream)
  await run(keep, [stream, snapshot.version, snapshot.schema, JSON.stringify(snapshot.state)])
}
