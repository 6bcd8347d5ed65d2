/**
 * How the outbox gets rid of what was sent: the position up to which it was trimmed is recorded, and partitions of the ring
 * that lie behind it are emptied by TRUNCATE, which leaves no dead row. Only where the ring wrapped round onto rows that
 * still wait (a backlog of more than 196 608 events, or a transaction that stays open for as long) rows are deleted one by
 * one. Nothing here ever waits for a transaction of the business, nor lets one wait for longer than the lock timeout.
 */
import type { OutboxCursor, OutboxStorage } from 'banyan/store'
import { outboxParts } from '../migration/outbox-ring.ts'
import type { RunAlone } from './alone.ts'

/** What it does, and what became of it. */
export interface Storage {
  /** Where reading begins when nobody says where: what is behind counts as removed. */
  position(): Promise<OutboxCursor | undefined>
  /** Moves the position and frees what lies behind; how many rows it moved past. */
  trim(cursor: OutboxCursor): Promise<number>
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
    get status() {
      return { ...counts, held }
    },
  }
}
