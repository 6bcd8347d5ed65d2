/**
 * The log on Postgres: one database for a system, a row per source that holds its lease, its position and its last offset.
 *
 * An append is one statement: it moves the source's row under the epoch, which serialises appends of one source and makes
 * offsets visible in their order, and inserts the events with the next offsets. The relay's cursor commits with them, so an
 * append whose answer was lost is never repeated: who asks for the lease again is told where the log really stands.
 */

import type { Bus, LoggedEvent, RelayLease } from 'banyan/bus'
import { BanyanError } from 'banyan/core'
import { Fenced, type NewEvent, type OutboxCursor } from 'banyan/store'
import { Pool, type PoolState } from '../client/pool.ts'
import { toAnswerTimeout } from '../client/session.ts'
import { type Delay, processTimers } from '../client/timing.ts'
import { migrate } from '../migration/migrate.ts'
import { busMigrations } from '../migration/store-schema.ts'
import { alone, createRunner, type RunAlone } from '../store/alone.ts'
import { createWaker } from './waker.ts'

/** What a log on Postgres is made of; times in milliseconds. */
export interface PostgresBusOptions {
  /** Connection string of the log's own role and database. */
  readonly url: string
  /** Connections at a time, besides one that listens. Default 4. */
  readonly maxConnections?: number
  /** Longest wait for a connection. Default 5 000. */
  readonly acquireTimeoutMs?: number
  /** Callers that may wait for one. Default 1 000. */
  readonly queueLimit?: number
  /** Default 30 000. */
  readonly statementTimeoutMs?: number
  readonly log?: (message: string) => void
  /** Timers; those of the process unless given. */
  readonly after?: Delay
}

/** A log on Postgres: the port, and what only a database has. */
export interface PostgresBus extends Bus {
  /** Removes events appended longer ago than this; returns how many. Offsets stay as they are. */
  trim(olderThanMs: number): Promise<number>
  /**
   * Forgets where a source's outbox was read up to, after its database was restored or replaced: the next relay begins at
   * the beginning of what the outbox holds. Events sent twice by that are dropped by their marks.
   */
  forgetCursor(source: string): Promise<void>
  /** What the pool is doing. */
  readonly pool: PoolState
}

const keep = `
  UPDATE banyan.source SET lease_until = banyan.now() + make_interval(secs => $3::float8 / 1000)
  WHERE name = $1 AND holder = $2
  RETURNING epoch, cursor`

const take = `
  INSERT INTO banyan.source AS s (name, epoch, holder, lease_until)
  VALUES ($1, 1, $2, banyan.now() + make_interval(secs => $3::float8 / 1000))
  ON CONFLICT (name) DO UPDATE
    SET epoch = s.epoch + 1, holder = excluded.holder, lease_until = excluded.lease_until
    WHERE s.holder IS NULL OR s.lease_until <= banyan.now()
      OR split_part(s.holder, '#', 1) = split_part(excluded.holder, '#', 1)
  RETURNING epoch, cursor`

const append = `
  WITH moved AS (
    UPDATE banyan.source SET last_offset = last_offset + cardinality($4::uuid[]), cursor = $3::jsonb
    WHERE name = $1 AND epoch = $2 AND holder IS NOT NULL
    RETURNING last_offset - cardinality($4::uuid[]) AS base, banyan.now() AS now
  ),
  appended AS (
    INSERT INTO banyan.event (source, log_offset, event_id, type, key, envelope, appended_at)
    SELECT $1, base + place, event_id, type, key, envelope, now
    FROM moved, unnest($4::uuid[], $5::text[], $6::text[], $7::text[]) WITH ORDINALITY AS e (event_id, type, key, envelope, place)
  )
  SELECT FROM moved`

const read = `
  SELECT event_id AS id, type, key, envelope, source, log_offset::float8 AS "offset" FROM banyan.event
  WHERE source = $1 AND log_offset > $2 ORDER BY log_offset LIMIT $3`

const trimBatch = 10_000
const trim = `
  DELETE FROM banyan.event WHERE (source, log_offset) IN (
    SELECT source, log_offset FROM banyan.event
    WHERE appended_at <= banyan.now() - make_interval(secs => $1::float8 / 1000) LIMIT ${trimBatch})`

/**
 * Opens the log of a system, and makes its tables when they are not there.
 *
 * @example
 * const bus = await createPostgresBus({ url: 'postgresql://shop__bus:…@127.0.0.1/shop__bus' })
 * const events = await bus.read('orders', 0, 100)
 */
export async function createPostgresBus(options: PostgresBusOptions): Promise<PostgresBus> {
  const after = options.after ?? processTimers
  const statementTimeoutMs = options.statementTimeoutMs ?? 30_000
  const session = {
    url: options.url,
    applicationName: 'banyan bus',
    connectTimeoutMs: 5_000,
    statementTimeoutMs,
    answerTimeoutMs: toAnswerTimeout(statementTimeoutMs),
    after,
    idleInTransactionMs: 15_000,
    prepareStatements: true,
  }
  const migrating = { after, lockTimeoutMs: 60_000, ...(options.log === undefined ? {} : { log: options.log }) }
  await alone({ ...session, answerTimeoutMs: 0 }, (own) => migrate(own, busMigrations, [], migrating))
  const pool = new Pool({
    ...session,
    maxConnections: options.maxConnections ?? 4,
    acquireTimeoutMs: options.acquireTimeoutMs ?? 5_000,
    queueLimit: options.queueLimit ?? 1_000,
    idleTimeoutMs: 60_000,
    after,
  })
  const run = createRunner(pool)
  const waker = createWaker({ session, run, after })

  return {
    ...createLog(run, waker.appended),
    onAppend: waker.onAppend,
    async close() {
      waker.close()
      await pool.close(5_000)
    },
    get pool() {
      return pool.state
    },
  }
}

function createLog(
  run: RunAlone,
  appended: (source: string) => void,
): Omit<PostgresBus, 'onAppend' | 'close' | 'pool'> {
  return {
    async lease(source, holder, leaseMs): Promise<RelayLease | undefined> {
      const kept = await run(keep, [source, holder, leaseMs])
      const { rows } = kept.rows.length > 0 ? kept : await run(take, [source, holder, leaseMs])
      const [row] = rows as { epoch: string; cursor: OutboxCursor | null }[]
      return row === undefined ? undefined : { source, epoch: Number(row.epoch), cursor: row.cursor ?? undefined }
    },
    async append({ source, epoch }, events, cursor) {
      const column = (name: keyof NewEvent): readonly string[] => events.map((event) => event[name])
      const columns = [column('id'), column('type'), column('key'), column('envelope')]
      const { rows } = await run(append, [source, epoch, JSON.stringify(cursor), ...columns])
      if (rows.length === 0) throw new Fenced(`the relay of '${source}' (epoch ${epoch})`)
      if (events.length > 0) appended(source)
    },
    async release({ source, epoch }) {
      await run('UPDATE banyan.source SET holder = NULL WHERE name = $1 AND epoch = $2', [source, epoch])
    },
    async read(source, afterOffset, limit): Promise<readonly LoggedEvent[]> {
      return (await run(read, [source, afterOffset, limit])).rows
    },
    async end(source) {
      const { rows } = await run('SELECT last_offset::float8 AS last FROM banyan.source WHERE name = $1', [source])
      return rows[0]?.last ?? 0
    },
    async trim(olderThanMs) {
      let trimmed = 0
      for (;;) {
        const count = (await run(trim, [olderThanMs])).rowCount ?? 0
        trimmed += count
        if (count < trimBatch) return trimmed
      }
    },
    async forgetCursor(source) {
      const { rowCount } = await run('UPDATE banyan.source SET cursor = NULL WHERE name = $1', [source])
      if (rowCount === 0) throw new BanyanError('NOT_FOUND', `the log knows no source '${source}'`)
    },
    async ping() {
      await run('SELECT 1')
    },
  }
}
