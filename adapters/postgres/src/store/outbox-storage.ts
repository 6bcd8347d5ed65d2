/**
 * How the outbox gets rid of what was sent: the position up to which it was trimmed is recorded, and partitions of the ring
 * that lie behind it are emptied by TRUNCATE, which leaves no dead row. Only where the ring wrapped round onto rows that
 * still wait (a backlog of more than 196 608 events, or a transaction that stays open for as long) rows are deleted one by
 * one. Nothing here ever waits for a transaction of the business, nor lets one wait for longer than the lock timeout.
 */
import type { OutboxCensus, OutboxCursor, OutboxStorage } from 'banyan/store'
import { outboxParts } from '../migration/outbox-ring.ts'
import type { RunAlone } from './alone.ts'

/** What it does, and what became of it. */
export interface Storage {
  /** Where reading begins when nobody says where: what is behind counts as removed. */
  position(): Promise<OutboxCursor | undefined>
  /** Moves the position and frees what lies behind; how many rows it moved past. */
  trim(cursor: OutboxCursor): Promise<number>
  /** See the port. */
  census(cursor: OutboxCursor, limit: number): Promise<OutboxCensus | undefined>
  readonly status: OutboxStorage
}

/** The partition that is being written to is emptied too, in a quiet moment, when it has grown to this: large envelopes. */
const currentBytes = 16 * 1_024 * 1_024
const deleteBatch = 10_000
/** Rows deleted one by one in one trim, at most; the next trim goes on. */
const maxDeleteBatches = 10

const readPosition = `
  SELECT cluster, previous::text, current::text, last_id::text AS "lastId" FROM banyan.outbox_position`

const pass = 'SELECT banyan.pass_outbox($1, $2::pg_snapshot, $3::pg_snapshot, $4::bigint)::float8 AS passed'

const empty = 'SELECT did, wrapped FROM banyan.empty_outbox($1, $2)'

// Of a cursor at the end of a difference ($1 its snapshot). What was passed before the position is counted there; what lies
// between is counted here, along the index on xid. One statement, so a trim comes before it or after it.
const census = `
  WITH at AS MATERIALIZED (
    SELECT coalesce(max(previous::text), '3:3:')::pg_snapshot AS previous,
           coalesce(max(current::text), '3:3:')::pg_snapshot AS current,
           coalesce(max(last_id), 0) AS last_id, coalesce(max(passed), 0) AS passed
    FROM banyan.outbox_position
  )
  SELECT (banyan.snapshot_age($1::pg_snapshot), 0) >= (banyan.snapshot_age(at.previous), at.last_id) AS ahead,
         (at.passed + (
           SELECT count(*) FROM banyan.outbox
           WHERE ((xid >= pg_snapshot_xmax(at.previous) AND xid < pg_snapshot_xmax($1::pg_snapshot))
                  OR xid = ANY (ARRAY(SELECT pg_snapshot_xip(at.previous))))
             AND NOT pg_visible_in_snapshot(xid, at.previous)
             AND NOT (id <= at.last_id AND pg_visible_in_snapshot(xid, at.current))
             AND pg_visible_in_snapshot(xid, $1::pg_snapshot)
         ))::float8 AS passed
  FROM at`

const latest = `
  SELECT event_id AS id, key FROM banyan.outbox
  WHERE pg_visible_in_snapshot(xid, $1::pg_snapshot) AND id > (SELECT last_value FROM banyan.outbox_id) - 10 * $2::bigint
  ORDER BY id DESC LIMIT $2`

// Only rows of earlier rounds: those of the last one go with the whole partition.
const deleteText = (part: string): string => `
  DELETE FROM ${part} WHERE id IN (
    SELECT id FROM ${part}
    WHERE id < (((SELECT max(id) FROM ${part}) >> 18) << 18)
      AND (pg_visible_in_snapshot(xid, $1::pg_snapshot) OR (id <= $3::bigint AND pg_visible_in_snapshot(xid, $2::pg_snapshot)))
    ORDER BY id LIMIT ${deleteBatch})`

const holder = `
  SELECT a.pid, coalesce(a.application_name, '') AS name, coalesce(a.state, 'unknown') AS state,
         extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS seconds
  FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
  WHERE l.locktype = 'relation' AND l.relation = $1::regclass AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  ORDER BY a.xact_start LIMIT 1`

/** The storage of one service's outbox. */
export function createStorage(run: RunAlone): Storage {
  const counts = { emptied: 0, deleted: 0 }
  let held: string | undefined

  async function explain(part: string): Promise<string> {
    const { rows } = await run(holder, [part])
    const [row] = rows as { pid: number | null; name: string; state: string; seconds: number | null }[]
    if (row === undefined) return `${part} was in use`
    if (row.pid === null) return `${part} is held by a prepared transaction`
    return `${part} is held by pid ${row.pid} (${row.name}, ${row.state}) since ${Math.round(row.seconds ?? 0)} s`
  }
  async function deleteWrapped(part: string, cursor: OutboxCursor): Promise<void> {
    for (let batch = 0; batch < maxDeleteBatches; batch += 1) {
      const { rowCount } = await run(deleteText(part), [cursor.previous, cursor.current, cursor.lastId])
      counts.deleted += rowCount ?? 0
      if ((rowCount ?? 0) < deleteBatch) return
    }
  }

  return {
    async position() {
      return (await run(readPosition)).rows[0] as OutboxCursor | undefined
    },
    async trim(cursor) {
      const { rows } = await run(pass, [cursor.cluster, cursor.previous, cursor.current, cursor.lastId])
      let reason: string | undefined
      for (let number = 0; number < outboxParts; number += 1) {
        const part = `banyan.outbox_${number}`
        const [outcome] = (await run(empty, [number, currentBytes])).rows as { did: string; wrapped: boolean }[]
        if (outcome?.did === 'emptied') counts.emptied += 1
        else if (outcome?.wrapped === true) await deleteWrapped(part, cursor)
        if (outcome?.did === 'held') reason ??= await explain(part)
      }
      held = reason
      return rows[0].passed
    },
    async census(cursor, limit) {
      if (cursor.lastId !== '0') return undefined
      const [row] = (await run(census, [cursor.previous])).rows as { ahead: boolean; passed: number }[]
      if (row?.ahead !== true) return undefined
      const { rows } = await run(latest, [cursor.previous, limit])
      return { passed: row.passed, latest: rows.reverse() as { id: string; key: string }[] }
    },
    get status() {
      return { ...counts, held }
    },
  }
}
