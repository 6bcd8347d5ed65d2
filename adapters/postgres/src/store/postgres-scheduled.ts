/**
 * Scheduled events in Postgres. A move is one statement: it deletes what is due and inserts it into the outbox, so no crash can
 * lose or double it. One mover of a database moves at a time, by an advisory lock that is tried and not waited for; two at once
 * could each take a part of a key's events and commit them the wrong way round. Rows that a transaction is taking back are
 * skipped. The clock is the database's on both sides.
 */
import { isBanyanError } from 'banyan/core'
import type { NewScheduledEvent, Scheduled, ScheduledDepth } from 'banyan/store'
import type { Statement } from '../client/exchange.ts'
import type { RunAlone } from './alone.ts'

/** The key of the lock: 'banyan' and 'sche' in ASCII, in two halves of 32 bits. */
const lock = 'pg_try_advisory_xact_lock(1650552697, 1935894629)'

// The ids of both tables are drawn in the order of the rows: Postgres evaluates volatile defaults after the sort.
const insert = `
  INSERT INTO banyan.scheduled (event_id, due_at, try_at, type, key, envelope)
  SELECT event_id, due_at, due_at, type, key, envelope
  FROM (
    SELECT *, CASE WHEN after_ms IS NULL THEN to_timestamp(at_ms / 1000)
                   ELSE (SELECT banyan.now()) + make_interval(secs => after_ms / 1000) END AS due_at
    FROM unnest($1::uuid[], $2::float8[], $3::float8[], $4::text[], $5::text[], $6::text[])
      WITH ORDINALITY AS e (event_id, after_ms, at_ms, type, key, envelope, place)
  ) AS given
  ORDER BY place`

const move = (which: string): string => `
  WITH turn AS MATERIALIZED (SELECT ${lock} AS mine),
  picked AS MATERIALIZED (
    SELECT s.id FROM banyan.scheduled s WHERE (SELECT mine FROM turn) AND ${which} FOR UPDATE SKIP LOCKED
  ),
  due AS (
    DELETE FROM banyan.scheduled s USING picked WHERE s.id = picked.id
    RETURNING s.id, s.due_at, s.event_id, s.type, s.key, s.envelope
  )
  INSERT INTO banyan.outbox (event_id, type, key, envelope)
  SELECT event_id, type, key, envelope FROM due ORDER BY due_at, id`

const moveDue = move('s.try_at <= (SELECT banyan.now()) ORDER BY s.try_at, s.id LIMIT $1')
const moveOne = move('s.id = $1')

const nextText = `
  SELECT greatest(0, extract(epoch FROM try_at - banyan.now()) * 1000)::float8 AS "inMs"
  FROM banyan.scheduled ORDER BY try_at LIMIT 1`

const dueIds = `
  SELECT id FROM banyan.scheduled WHERE try_at <= (SELECT banyan.now()) ORDER BY try_at, id LIMIT $1`

// 2, 4, 8 … seconds, an hour at most.
const failedText = `
  UPDATE banyan.scheduled
  SET failures = failures + 1, last_error = left($2, 2000),
      try_at = banyan.now() + make_interval(secs => least(3600, 2 ^ least(failures + 1, 12)))
  WHERE id = $1`

const listText = `
  SELECT event_id AS "eventId", type, key, due_at, failures, last_error AS "lastError"
  FROM banyan.scheduled ORDER BY due_at, id LIMIT $1`

const depthText = `
  SELECT count(*)::float8 AS waiting,
         coalesce(greatest(0, extract(epoch FROM banyan.now() - min(due_at)) * 1000), 0)::float8 AS "overdueMs"
  FROM banyan.scheduled`

/** Taking a scheduled event back, as a statement of a transaction. */
export const unscheduleText = 'DELETE FROM banyan.scheduled WHERE event_id = $1'

/** The statement that writes what a transaction schedules, before COMMIT. */
export function scheduleStatement(scheduled: readonly NewScheduledEvent[]): Statement {
  const column = <Value>(of: (one: NewScheduledEvent) => Value): readonly Value[] => scheduled.map(of)
  return {
    text: insert,
    values: [
      column(({ event }) => event.id),
      column(({ due }) => ('afterMs' in due ? due.afterMs : null)),
      column(({ due }) => ('at' in due ? due.at : null)),
      column(({ event }) => event.type),
      column(({ event }) => event.key),
      column(({ event }) => event.envelope),
    ],
  }
}

/** The scheduled events, and what the store tells them. */
export interface PostgresScheduled extends Scheduled {
  /** A transaction of this process that scheduled something has committed. */
  committed(): void
}

/** `moved` is called when rows have come into the outbox. */
export function createPostgresScheduled(run: RunAlone, moved: () => void): PostgresScheduled {
  const listeners = new Set<() => void>()

  async function nextInMs(): Promise<number | undefined> {
    return (await run(nextText)).rows[0]?.inMs ?? undefined
  }
  /** Something in the batch cannot be moved: each goes alone, and what fails waits. */
  async function moveSingly(limit: number): Promise<number> {
    let count = 0
    for (const { id } of (await run(dueIds, [limit])).rows) {
      try {
        count += (await run(moveOne, [id])).rowCount ?? 0
      } catch (error) {
        if (isOurs(error)) throw error
        await run(failedText, [id, messageOf(error)])
      }
    }
    return count
  }

  return {
    async move(limit) {
      const before = await nextInMs()
      if (before !== 0) return { moved: 0, nextInMs: before }
      const count = await run(moveDue, [limit]).then(
        ({ rowCount }) => rowCount ?? 0,
        (error: unknown) => {
          if (isOurs(error)) throw error
          return moveSingly(limit)
        },
      )
      if (count > 0) moved()
      return { moved: count, nextInMs: await nextInMs() }
    },
    async cancel(eventId) {
      return (await run(unscheduleText, [eventId])).rowCount === 1
    },
    async list(limit) {
      const { rows } = await run(listText, [limit])
      return rows.map(({ due_at, ...row }) => ({ ...row, dueAt: (due_at as Date).toISOString() }))
    },
    async depth() {
      return (await run(depthText)).rows[0] as ScheduledDepth
    },
    async now() {
      return (await run('SELECT (extract(epoch FROM banyan.now()) * 1000)::float8 AS ms')).rows[0].ms
    },
    onSchedule(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    committed() {
      for (const listener of listeners) queueMicrotask(listener)
    },
  }
}

/** What the database itself said: this is for operators. */
function messageOf(error: unknown): string {
  const { message, cause } = error as { readonly message?: unknown; readonly cause?: { readonly message?: unknown } }
  return String(cause?.message ?? message ?? error)
}

/** The database cannot be reached, or is busy: no fault of a row. */
function isOurs(error: unknown): boolean {
  return isBanyanError(error) && (error.retryable || error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED')
}
