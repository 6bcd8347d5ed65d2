/**
 * Dead letters in Postgres. What a person asks for is one statement without an epoch; what the consumer does about it is one
 * statement under the epoch of its assignment, like every effect.
 */
import {
  assertReplayRate,
  assertSelection,
  type DeadGroup,
  type DeadLetters,
  type DeadSelection,
  defaultReplaysPerSecond,
  fingerprintOf,
  type GroupProgress,
  keepDiscarded,
  type ParkedEvent,
} from 'banyan/store'
import type { RunAlone } from './alone.ts'
import { assertMarked, assignment, valuesOf } from './delivery-marks.ts'

/** The longest error text that is kept, in characters. */
export const maxErrorLength = 2_000

const columns = `consumer_group AS "group", source, key, log_offset::float8 AS "offset", event_id AS "eventId", type,
  envelope, attempts, error, fingerprint, replays, parked_at`

/** Rows of banyan.parked as the port has them, with this condition and order. */
export async function readParked(
  run: RunAlone,
  rest: string,
  values: readonly unknown[],
): Promise<readonly ParkedEvent[]> {
  const { rows } = await run(`SELECT ${columns} FROM banyan.parked ${rest}`, values)
  return rows.map(({ parked_at, ...row }) => ({ ...row, parkedAt: (parked_at as Date).toISOString() }))
}

const own = 'consumer_group = $1 AND source = $2'

/** $3 an event, or $4 a fingerprint, or neither. */
const chosen = `${own} AND ($3::uuid IS NULL OR event_id = $3::uuid) AND ($4::text IS NULL OR fingerprint = $4::text)`

// Failures of a replay are counted anew.
const replayText = `
  WITH chosen AS (SELECT DISTINCT key FROM banyan.parked WHERE ${chosen}),
  one AS MATERIALIZED (SELECT gen_random_uuid() AS request),
  asked AS (
    INSERT INTO banyan.replay AS r (consumer_group, source, key, request, per_second, requested_by)
    SELECT $1, $2, key, request, $5::float8, $6 FROM chosen, one
    ON CONFLICT (consumer_group, source, key) DO UPDATE
      SET request = excluded.request, per_second = excluded.per_second, requested_by = excluded.requested_by,
          requested_at = excluded.requested_at
    RETURNING 1
  ),
  forgotten AS (
    DELETE FROM banyan.attempt a USING banyan.parked p, chosen c
    WHERE p.consumer_group = $1 AND p.source = $2 AND p.key = c.key
      AND a.consumer_group = p.consumer_group AND a.event_id = p.event_id
  )
  SELECT count(*)::int AS keys FROM asked`

// A key whose failed event is gone goes on; one without any is not parked any more, which its consumer learns by the request.
const discardText = `
  WITH gone AS (
    DELETE FROM banyan.parked WHERE ${chosen} AND ($3::uuid IS NOT NULL OR error <> '') RETURNING *
  ),
  kept AS (
    INSERT INTO banyan.discarded (consumer_group, source, log_offset, key, event_id, type, envelope, attempts, error,
                                  parked_at, discarded_by, reason)
    SELECT consumer_group, source, log_offset, key, event_id, type, envelope, attempts, error, parked_at, $5, $6 FROM gone
    -- A group that began anew may come to the same place again.
    ON CONFLICT (consumer_group, source, log_offset) DO UPDATE
      SET key = excluded.key, event_id = excluded.event_id, type = excluded.type, envelope = excluded.envelope,
          attempts = excluded.attempts, error = excluded.error, parked_at = excluded.parked_at,
          discarded_by = excluded.discarded_by, reason = excluded.reason, discarded_at = excluded.discarded_at
  ),
  asked AS (
    INSERT INTO banyan.replay (consumer_group, source, key, request, per_second, requested_by)
    SELECT DISTINCT consumer_group, source, key, gen_random_uuid(), $7::float8, $5 FROM gone
    WHERE error <> '' OR NOT EXISTS (
      SELECT FROM banyan.parked p
      WHERE p.consumer_group = gone.consumer_group AND p.source = gone.source AND p.key = gone.key AND p.error <> '')
    ON CONFLICT DO NOTHING
  )
  SELECT count(*)::int AS gone FROM gone`

const discardedText = `
  SELECT consumer_group AS "group", source, key, log_offset::float8 AS "offset", event_id AS "eventId", type, envelope,
         attempts, error, parked_at, discarded_by AS by, reason AS why, discarded_at
  FROM banyan.discarded ORDER BY discarded_at DESC, log_offset DESC LIMIT $1`

// Few rows: it was a person who put each of them there.
const trimDiscardedText = `
  DELETE FROM banyan.discarded WHERE discarded_at <= banyan.now() - make_interval(secs => $1::float8 / 1000)
    OR ctid = ANY (ARRAY(SELECT ctid FROM banyan.discarded ORDER BY discarded_at DESC, log_offset DESC OFFSET $2))`

const groupsText = `
  WITH head AS (
    SELECT DISTINCT ON (consumer_group, source, key) *,
           count(*) OVER (PARTITION BY consumer_group, source, key) - 1 AS behind
    FROM banyan.parked ORDER BY consumer_group, source, key, log_offset
  )
  SELECT h.consumer_group AS "group", h.source, h.type, h.fingerprint,
         (array_agg(h.error ORDER BY h.parked_at DESC))[1] AS error,
         (array_agg(h.event_id ORDER BY h.log_offset))[1] AS "eventId",
         count(*)::int AS events, sum(h.behind)::int AS waiting, count(r.key)::int AS replaying, max(h.replays) AS replays,
         min(h.parked_at) AS first_at, max(h.parked_at) AS last_at
  FROM head h LEFT JOIN banyan.replay r USING (consumer_group, source, key)
  GROUP BY h.consumer_group, h.source, h.type, h.fingerprint
  ORDER BY count(*) DESC, h.fingerprint COLLATE "C" LIMIT $1`

// EXISTS looks at the statement's own snapshot, in which an event that is being parked may be missing; the session that parks
// it is the one that asks, and does not do both at once.
const endText = `
  WITH held AS MATERIALIZED (${assignment('$1', '$2', '$4')}),
  ended AS (
    DELETE FROM banyan.replay USING held
    WHERE ${own} AND key = $3 AND NOT EXISTS (SELECT FROM banyan.parked WHERE ${own} AND key = $3)
  )
  SELECT EXISTS (SELECT FROM held) AS held,
         NOT EXISTS (SELECT FROM banyan.parked WHERE ${own} AND key = $3) AS marked`

const againText = `
  WITH held AS MATERIALIZED (${assignment('$1', '$3', '$5')}),
  again AS (
    UPDATE banyan.parked p
    SET attempts = p.attempts + $6, error = $7, fingerprint = $8, replays = p.replays + 1, parked_at = banyan.now()
    FROM held
    WHERE p.consumer_group = $1 AND p.source = $3 AND p.log_offset = $4::bigint AND p.event_id = $2::uuid
    RETURNING p.key
  ),
  ended AS (
    DELETE FROM banyan.replay r USING again WHERE r.consumer_group = $1 AND r.source = $3 AND r.key = again.key
  ),
  forgotten AS (DELETE FROM banyan.attempt USING again WHERE consumer_group = $1 AND event_id = $2::uuid)
  SELECT EXISTS (SELECT FROM held) AS held, EXISTS (SELECT FROM again) AS marked`

const progressText = `
  SELECT c.consumer_group AS "group", c.source, c.epoch::float8 AS epoch, c.holder, c.low_water::float8 AS cursor,
         coalesce(p.events, 0)::int AS "parkedEvents", coalesce(p.keys, 0)::int AS "parkedKeys"
  FROM banyan.consumer c LEFT JOIN (
    SELECT consumer_group, source, count(*) AS events, count(DISTINCT key) AS keys FROM banyan.parked GROUP BY 1, 2
  ) p USING (consumer_group, source)
  ORDER BY c.consumer_group COLLATE "C", c.source COLLATE "C"`

function select(what: DeadSelection): readonly unknown[] {
  assertSelection(what)
  const eventId = 'eventId' in what ? what.eventId : null
  const fingerprint = 'fingerprint' in what ? what.fingerprint : null
  return [what.group, what.source, eventId, fingerprint]
}

/** The dead letters of one service's database. */
export function createPostgresDeadLetters(run: RunAlone): DeadLetters {
  return {
    async deadGroups(limit = 1_000): Promise<readonly DeadGroup[]> {
      const { rows } = await run(groupsText, [limit])
      return rows.map(({ first_at, last_at, ...row }) => ({
        ...row,
        firstParkedAt: (first_at as Date).toISOString(),
        lastParkedAt: (last_at as Date).toISOString(),
      }))
    },
    async replay(what, options = {}) {
      const perSecond = assertReplayRate(options.perSecond ?? defaultReplaysPerSecond)
      return (await run(replayText, [...select(what), perSecond, options.by ?? ''])).rows[0]?.keys ?? 0
    },
    async discard(what, { by, why }) {
      return (await run(discardText, [...select(what), by, why, defaultReplaysPerSecond])).rows[0]?.gone ?? 0
    },
    async discarded(limit) {
      const { rows } = await run(discardedText, [limit])
      return rows.map(({ parked_at, discarded_at, ...row }) => ({
        ...row,
        parkedAt: (parked_at as Date).toISOString(),
        discardedAt: (discarded_at as Date).toISOString(),
      }))
    },
    async trimDiscarded({ ageMs, events } = keepDiscarded) {
      return (await run(trimDiscardedText, [ageMs, events])).rowCount ?? 0
    },
    async replays(group, source, limit) {
      const text = `SELECT key, request, per_second AS "perSecond" FROM banyan.replay
        WHERE ${own} ORDER BY requested_at, key LIMIT $3`
      return (await run(text, [group, source, limit])).rows
    },
    parkedOf: (group, source, key, limit) =>
      readParked(run, `WHERE ${own} AND key = $3 ORDER BY log_offset LIMIT $4`, [group, source, key, limit]),
    async endReplay(held, key) {
      const { rows } = await run(endText, [held.group, held.source, key, held.epoch])
      assertMarked({ ...held, eventId: '', offset: 0, key }, { held: rows[0]?.held === true, marked: true })
      return rows[0]?.marked === true
    },
    async parkAgain(mark, { attempts, error }) {
      const [parked] = await readParked(run, `WHERE ${own} AND log_offset = $3`, [mark.group, mark.source, mark.offset])
      const short = error.slice(0, maxErrorLength)
      const failure = [attempts, short, fingerprintOf(parked?.type ?? '', short)]
      assertMarked(mark, (await run(againText, [...valuesOf(mark), ...failure])).rows[0])
    },
    async groups(): Promise<readonly GroupProgress[]> {
      const { rows } = await run(progressText)
      return rows.map(({ holder, ...row }) => ({ ...row, holder: holder ?? undefined }))
    },
  }
}
