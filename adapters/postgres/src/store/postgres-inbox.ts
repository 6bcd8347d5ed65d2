/**
 * The inbox in Postgres. Every write that counts is one statement that reads the assignment FOR KEY SHARE under its epoch: a
 * take-over changes the epoch, which is part of a unique index, so it waits for effects that are being applied, and effects
 * that come after it find no assignment. Keeping the lease and moving the low-water mark do not touch the epoch and so wait
 * for nobody.
 */
import { type Assignment, Fenced, fingerprintOf, type Inbox, timeOfEventId } from 'banyan/store'
import type { StatementResult } from '../client/exchange.ts'
import { sqlState } from '../client/sql-error.ts'
import type { RunAlone } from './alone.ts'
import { assertMarked, assignment, heldAndMarked, valuesOf } from './delivery-marks.ts'
import { createPostgresDeadLetters, maxErrorLength, readParked } from './postgres-dead-letters.ts'

const parkText = `${heldAndMarked},
  parked AS (
    INSERT INTO banyan.parked (consumer_group, event_id, source, log_offset, key, type, envelope, attempts, error, fingerprint)
    SELECT $1, $2::uuid, $3, $4::bigint, $6, $7, $8, $9, $10, $11 FROM marked
  )
  SELECT EXISTS (SELECT FROM held) AS held, EXISTS (SELECT FROM marked) AS marked`

const keepText = `
  UPDATE banyan.consumer SET lease_until = banyan.now() + make_interval(secs => $4::float8 / 1000)
  WHERE consumer_group = $1 AND source = $2 AND holder = $3
  RETURNING epoch, low_water`

// The row is locked first and looked at then, with a new snapshot: two that come at once do not both take it.
const takeText = `
  INSERT INTO banyan.consumer AS c (consumer_group, source, epoch, holder, lease_until, low_water)
  VALUES ($1, $2, 1, $3, banyan.now() + make_interval(secs => $4::float8 / 1000), $5)
  ON CONFLICT (consumer_group, source) DO UPDATE
    SET epoch = c.epoch + 1, holder = excluded.holder, lease_until = excluded.lease_until
    WHERE c.holder IS NULL OR c.lease_until <= banyan.now()
      OR split_part(c.holder, '#', 1) = split_part(excluded.holder, '#', 1)
  RETURNING epoch, low_water`

const failedText = `
  WITH held AS MATERIALIZED (${assignment('$1', '$2', '$3')})
  INSERT INTO banyan.attempt AS a (consumer_group, source, event_id, failures, last_error)
  SELECT $1, $2, $4::uuid, 1, $5 FROM held
  ON CONFLICT (consumer_group, event_id) DO UPDATE
    SET failures = a.failures + 1, last_error = excluded.last_error, failed_at = excluded.failed_at
  RETURNING failures`

const markedText = `
  SELECT event_id FROM banyan.mark WHERE consumer_group = $1 AND event_id = ANY ($2::uuid[])
  UNION ALL
  SELECT passed FROM banyan.passage, unnest(event_ids) AS passed
  WHERE consumer_group = $1 AND to_id >= $3::uuid AND from_id <= $4::uuid AND passed = ANY ($2::uuid[])`

const newestText = `
  SELECT (SELECT event_id FROM banyan.mark WHERE consumer_group = $1 AND source = $2 ORDER BY event_id DESC LIMIT 1)
           AS marked,
         (SELECT to_id FROM banyan.passage WHERE consumer_group = $1 AND source = $2 ORDER BY to_id DESC LIMIT 1)
           AS passed`

// The newest marked event of the source, found backwards along the primary key: other sources' marks lie between.
const trimText = `
  WITH held AS MATERIALIZED (
    SELECT low_water FROM banyan.consumer
    WHERE consumer_group = $1 AND source = $2 AND epoch = $3 AND holder IS NOT NULL FOR KEY SHARE
  ),
  newest AS MATERIALIZED (
    SELECT greatest(
      (SELECT banyan.event_time(event_id) FROM banyan.mark
       WHERE consumer_group = $1 AND source = $2 AND banyan.event_time(event_id) IS NOT NULL
       ORDER BY event_id DESC LIMIT 1),
      (SELECT banyan.event_time(to_id) FROM banyan.passage
       WHERE consumer_group = $1 AND source = $2 ORDER BY to_id DESC LIMIT 1)) AS at
  ),
  age AS MATERIALIZED (SELECT make_interval(secs => $4::float8 / 1000) AS keep, banyan.now() AS now),
  edge AS MATERIALIZED (
    SELECT now - keep AS written, (SELECT least(at, now) FROM newest WHERE at IS NOT NULL) - keep AS made FROM age
  ),
  moved AS (
    UPDATE banyan.consumer SET horizon = greatest(horizon, made) FROM edge
    WHERE consumer_group = $1 AND source = $2 AND epoch = $3 AND holder IS NOT NULL AND made IS NOT NULL
  ),
  unpassed AS (
    DELETE FROM banyan.passage p USING held, edge
    WHERE p.consumer_group = $1 AND p.source = $2 AND p.last_offset <= held.low_water
      AND p.to_id < banyan.event_id_at(made)
  ),
  forgotten AS (
    DELETE FROM banyan.attempt USING held, edge
    WHERE consumer_group = $1 AND source = $2 AND failed_at <= written
  )
  DELETE FROM banyan.mark m USING held, edge
  WHERE m.consumer_group = $1 AND m.source = $2 AND m.log_offset <= held.low_water
    AND CASE WHEN banyan.event_time(m.event_id) IS NULL THEN m.applied_at <= written
             ELSE m.event_id < banyan.event_id_at(made) END`

/** The inbox of one service's database. */
export function createPostgresInbox(run: RunAlone): Inbox {
  /** Several that make a new group at once may meet on the index that holds the epoch, which no ON CONFLICT speaks of: one has it. */
  async function take(values: readonly unknown[]): Promise<{ readonly rows: StatementResult['rows'] }> {
    try {
      return await run(takeText, values)
    } catch (error) {
      if (sqlState(error) === '23505') return { rows: [] }
      throw error
    }
  }
  return {
    async claim(group, source, holder, leaseMs, startAt): Promise<Assignment | undefined> {
      const kept = await run(keepText, [group, source, holder, leaseMs])
      const { rows } = kept.rows.length > 0 ? kept : await take([group, source, holder, leaseMs, startAt])
      const [row] = rows as { epoch: string; low_water: string }[]
      return row === undefined ? undefined : { group, source, epoch: Number(row.epoch), cursor: Number(row.low_water) }
    },
    async release({ group, source, epoch }) {
      await run('UPDATE banyan.consumer SET holder = NULL WHERE consumer_group = $1 AND source = $2 AND epoch = $3', [
        group,
        source,
        epoch,
      ])
    },
    async marked(group, eventIds) {
      const { rows } = await run(markedText, [group, eventIds, ...rangeOf(eventIds)])
      return new Set(rows.map((row) => row.event_id as string))
    },
    async newest(group, source) {
      const [row] = (await run(newestText, [group, source])).rows
      return { marked: highest(row.marked ?? '', row.passed ?? ''), passed: row.passed ?? '' }
    },
    async advance({ group, source, epoch }, offset) {
      const text = `UPDATE banyan.consumer SET low_water = greatest(low_water, $4)
        WHERE consumer_group = $1 AND source = $2 AND epoch = $3 AND holder IS NOT NULL`
      return (await run(text, [group, source, epoch, offset])).rowCount === 1
    },
    async attempts(group, eventId) {
      const text = 'SELECT failures FROM banyan.attempt WHERE consumer_group = $1 AND event_id = $2'
      return (await run(text, [group, eventId])).rows[0]?.failures ?? 0
    },
    async failed({ group, source, epoch }, eventId, error) {
      const { rows } = await run(failedText, [group, source, epoch, eventId, error.slice(0, maxErrorLength)])
      if (rows[0] === undefined) throw new Fenced(`group '${group}' on '${source}' (epoch ${epoch})`)
      return rows[0].failures
    },
    async park(mark, event) {
      const { type, envelope, attempts } = event
      const error = event.error.slice(0, maxErrorLength)
      const facts = [mark.key, type, envelope, attempts, error, fingerprintOf(type, error)]
      assertMarked(mark, (await run(parkText, [...valuesOf(mark), ...facts])).rows[0])
    },
    async parkedKeys(group, source) {
      const text = 'SELECT DISTINCT key FROM banyan.parked WHERE consumer_group = $1 AND source = $2'
      return new Set((await run(text, [group, source])).rows.map((row) => row.key as string))
    },
    parked: (limit) =>
      readParked(run, 'ORDER BY consumer_group COLLATE "C", source COLLATE "C", log_offset LIMIT $1', [limit]),
    async trim({ group, source, epoch }, keepMs) {
      return (await run(trimText, [group, source, epoch, keepMs])).rowCount ?? 0
    },
    async horizon(group, source) {
      const text = `SELECT (extract(epoch FROM horizon) * 1000)::float8 AS horizon FROM banyan.consumer
        WHERE consumer_group = $1 AND source = $2`
      return (await run(text, [group, source])).rows[0]?.horizon ?? 0
    },
    ...createPostgresDeadLetters(run),
  }
}

/** The lowest and the highest of the ids that a passage may have; nulls when none is of that kind. */
function rangeOf(eventIds: readonly string[]): readonly [string | null, string | null] {
  let [from, to] = ['', '']
  for (const id of eventIds) {
    if (timeOfEventId(id) === undefined) continue
    if (from === '' || id < from) from = id
    if (id > to) to = id
  }
  return from === '' ? [null, null] : [from, to]
}

function highest(one: string, other: string): string {
  return one > other ? one : other
}
