/**
 * The inbox in Postgres. Every write that counts is one statement that reads the assignment FOR KEY SHARE under its epoch: a
 * take-over changes the epoch, which is part of a unique index, so it waits for effects that are being applied, and effects
 * that come after it find no assignment. Keeping the lease and moving the low-water mark do not touch the epoch and so wait
 * for nobody.
 */
import { AlreadyApplied, type Assignment, type DeliveryMark, Fenced, type Inbox, type ParkedEvent } from 'banyan/store'
import type { Statement, StatementResult } from '../client/exchange.ts'
import type { RunAlone } from './alone.ts'

const assignment = (group: string, source: string, epoch: string): string => `
  SELECT FROM banyan.consumer
  WHERE consumer_group = ${group} AND source = ${source} AND epoch = ${epoch} AND holder IS NOT NULL
  FOR KEY SHARE`

/** One mark of a delivery ($1 group, $2 event, $3 source, $4 offset, $5 epoch), while its assignment is held. */
const heldAndMarked = `
  WITH held AS MATERIALIZED (${assignment('$1', '$3', '$5')}),
  marked AS (
    INSERT INTO banyan.mark (consumer_group, event_id, source, log_offset)
    SELECT $1, $2::uuid, $3, $4::bigint FROM held
    ON CONFLICT DO NOTHING RETURNING 1
  )`

const markText = `${heldAndMarked}
  SELECT EXISTS (SELECT FROM held) AS held, EXISTS (SELECT FROM marked) AS marked,
         pg_current_xact_id_if_assigned()::text AS xid`

const parkText = `${heldAndMarked},
  parked AS (
    INSERT INTO banyan.parked (consumer_group, event_id, source, log_offset, key, type, envelope, attempts, error)
    SELECT $1, $2::uuid, $3, $4::bigint, $6, $7, $8, $9, $10 FROM marked
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

const trimText = `
  DELETE FROM banyan.mark m USING banyan.consumer c
  WHERE c.consumer_group = $1 AND c.source = $2 AND c.epoch = $3 AND c.holder IS NOT NULL
    AND m.consumer_group = c.consumer_group AND m.source = c.source AND m.log_offset <= c.low_water
    AND m.applied_at <= banyan.now() - make_interval(secs => $4::float8 / 1000)`

const parkedColumns = `consumer_group AS "group", source, key, log_offset::float8 AS "offset", event_id AS "eventId", type,
  envelope, attempts, error, parked_at`

/** The longest error text that is kept, in characters. */
const maxErrorLength = 2_000

/** The statement that begins a delivery's transaction, after BEGIN. */
export function markStatement(mark: DeliveryMark): Statement {
  return { text: markText, values: [mark.group, mark.eventId, mark.source, mark.offset, mark.epoch] }
}

/** Reads the answer to {@link markStatement}: throws, or gives the transaction's id. */
export function readMark(mark: DeliveryMark, result: StatementResult | undefined): string | undefined {
  const row = result?.rows[0] as { held: boolean; marked: boolean; xid: string | null } | undefined
  assertMarked(mark, row)
  return row?.xid ?? undefined
}

function assertMarked(mark: DeliveryMark, row: { held: boolean; marked: boolean } | undefined): void {
  if (row?.held !== true) throw new Fenced(`group '${mark.group}' on '${mark.source}' (epoch ${mark.epoch})`)
  if (!row.marked) throw new AlreadyApplied(mark)
}

/** The inbox of one service's database. */
export function createPostgresInbox(run: RunAlone): Inbox {
  return {
    async claim(group, source, holder, leaseMs, startAt): Promise<Assignment | undefined> {
      const kept = await run(keepText, [group, source, holder, leaseMs])
      const { rows } = kept.rows.length > 0 ? kept : await run(takeText, [group, source, holder, leaseMs, startAt])
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
      const text = 'SELECT event_id FROM banyan.mark WHERE consumer_group = $1 AND event_id = ANY ($2::uuid[])'
      const { rows } = await run(text, [group, eventIds])
      return new Set(rows.map((row) => row.event_id as string))
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
      const { text, values = [] } = { ...markStatement(mark), text: parkText }
      const error = event.error.slice(0, maxErrorLength)
      const { rows } = await run(text, [...values, mark.key, event.type, event.envelope, event.attempts, error])
      assertMarked(mark, rows[0])
    },
    async parkedKeys(group, source) {
      const text = 'SELECT DISTINCT key FROM banyan.parked WHERE consumer_group = $1 AND source = $2'
      return new Set((await run(text, [group, source])).rows.map((row) => row.key as string))
    },
    async parked(limit): Promise<readonly ParkedEvent[]> {
      const text = `SELECT ${parkedColumns} FROM banyan.parked ORDER BY consumer_group COLLATE "C", source COLLATE "C", log_offset LIMIT $1`
      const { rows } = await run(text, [limit])
      return rows.map(({ parked_at, ...row }) => ({ ...row, parkedAt: (parked_at as Date).toISOString() }))
    },
    async trim({ group, source, epoch }, keepMs) {
      return (await run(trimText, [group, source, epoch, keepMs])).rowCount ?? 0
    },
  }
}
