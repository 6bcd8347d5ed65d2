/**
 * The log on Postgres: one database for a system, a row per source that holds its lease, its position and its last offset.
 *
 * An append is one statement: it moves the source's row under the epoch, which serialises appends of one source and makes
 * offsets visible in their order, and inserts the events with the next offsets into the open segment. The relay's cursor commits with them, so an
 * append whose answer was lost is never repeated: who asks for the lease again is told where the log really stands.
 */

import type { Bus, LoggedEvent, LogKeeping, RelayLease } from 'banyan/bus'
import { BanyanError } from 'banyan/core'
import type { OutboxCursor } from 'banyan/store'
import { Pool, type PoolState } from '../client/pool.ts'
import { toAnswerTimeout } from '../client/session.ts'
import { type Delay, processTimers } from '../client/timing.ts'
import { migrate } from '../migration/migrate.ts'
import { busMigrations } from '../migration/store-schema.ts'
import { alone, createRunner, type RunAlone } from '../store/alone.ts'
import { createPostgresKeeping } from './postgres-keeping.ts'
import { eventColumns, eventRows, rowsUpTo } from './row-shapes.ts'
import { createSegmentedLog, type SegmentLimits } from './segmented-log.ts'
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
  /** Events of a source that lie in one table, and go together when they are past their retention. Default 65 536. */
  readonly segmentEvents?: number
  readonly log?: (message: string) => void
  /** Timers; those of the process unless given. */
  readonly after?: Delay
}

/** A log on Postgres: the port, and what only a database has. */
export interface PostgresBus extends Bus {
  readonly keeping: LogKeeping
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

/** A segment is closed early when so much was appended to it. */
const segmentBytes = 128 * 1_024 * 1_024

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
    ...createLog(run, { events: options.segmentEvents ?? 65_536, bytes: segmentBytes }, waker.appended),
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
  limits: SegmentLimits,
  appended: (source: string) => void,
): Omit<PostgresBus, 'onAppend' | 'close' | 'pool'> {
  const log = createSegmentedLog(run, limits)
  return {
    keeping: createPostgresKeeping(run, log),
    async lease(source, holder, leaseMs): Promise<RelayLease | undefined> {
      const kept = await run(keep, [source, holder, leaseMs])
      const { rows } = kept.rows.length > 0 ? kept : await run(take, [source, holder, leaseMs])
      const [row] = rows as { epoch: string; cursor: OutboxCursor | null }[]
      return row === undefined ? undefined : { source, epoch: Number(row.epoch), cursor: row.cursor ?? undefined }
    },
    async append(lease, events, cursor) {
      await log.append(lease, events, cursor)
      if (events.length > 0) appended(lease.source)
    },
    async release({ source, epoch }) {
      await run('UPDATE banyan.source SET holder = NULL WHERE name = $1 AND epoch = $2', [source, epoch])
    },
    async read(source, afterOffset, limit): Promise<readonly LoggedEvent[]> {
      return log.read(source, afterOffset, limit, limit > rowsUpTo ? eventColumns : eventRows)
    },
    async end(source) {
      const { rows } = await run('SELECT last_offset::float8 AS last FROM banyan.source WHERE name = $1', [source])
      return rows[0]?.last ?? 0
    },
    async forgetCursor(source) {
      const { rowCount } = await run('UPDATE banyan.source SET cursor = NULL, baseline = NULL WHERE name = $1', [
        source,
      ])
      if (rowCount === 0) throw new BanyanError('NOT_FOUND', `the log knows no source '${source}'`)
    },
    async ping() {
      await run('SELECT 1')
    },
  }
}
