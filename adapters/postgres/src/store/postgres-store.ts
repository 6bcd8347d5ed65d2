/** `createPostgresStore`: a service's own database on Postgres 15 to 18. */
import type { Migration, MigrationStatus, Store } from 'banyan/store'
import type { Kysely } from 'kysely'
import { createBuilder } from '../client/kysely.ts'
import { Pool, type PoolState } from '../client/pool.ts'
import { type SessionOptions, toAnswerTimeout } from '../client/session.ts'
import { toSqlText } from '../client/template.ts'
import { type Delay, processTimers } from '../client/timing.ts'
import { migrate, readStatus } from '../migration/migrate.ts'
import { storeMigrations } from '../migration/store-schema.ts'
import { alone, createRunner } from './alone.ts'
import { readIncarnation } from './incarnation.ts'
import { createOutboxPlace } from './outbox-place.ts'
import { createPostgresBridges } from './postgres-bridges.ts'
import { createPostgresEventStore } from './postgres-event-store.ts'
import { createPostgresIdempotency } from './postgres-idempotency.ts'
import { createPostgresInbox } from './postgres-inbox.ts'
import { createPostgresOutbox } from './postgres-outbox.ts'
import { createPostgresProjections } from './postgres-projections.ts'
import { createPostgresSagas } from './postgres-sagas.ts'
import { createPostgresScheduled } from './postgres-scheduled.ts'
import { type TransactContext, transact } from './transact.ts'

/** What a store on Postgres is made of; times in milliseconds. */
export interface PostgresStoreOptions {
  /** Connection string of the service's own role and database. */
  readonly url: string
  readonly service: string
  /** Connections at a time. Default 8. */
  readonly maxConnections?: number
  /** Longest wait for a connection; then UNAVAILABLE `POOL_TIMEOUT`. Default 5 000. */
  readonly acquireTimeoutMs?: number
  /** Callers that may wait for one; then RESOURCE_EXHAUSTED `POOL_QUEUE_FULL`. Default 1 000. */
  readonly queueLimit?: number
  /** A connection unused for so long is closed. Default 60 000. */
  readonly idleTimeoutMs?: number
  /** Default 5 000. */
  readonly connectTimeoutMs?: number
  /** Longest time of one statement; 0 for no limit. Default 30 000. */
  readonly statementTimeoutMs?: number
  /** Longest time between two statements of a transaction. Must be below the lease of consumers. Default 15 000. */
  readonly idleInTransactionMs?: number
  /** How long to wait for another host that migrates. Default 60 000. */
  readonly migrationLockTimeoutMs?: number
  /** How long to look into a COMMIT whose answer was lost. Default 10 000. */
  readonly commitLookupMs?: number
  /** Set to false behind a pooler that cannot keep prepared statements. Default true. */
  readonly prepareStatements?: boolean
  readonly log?: (message: string) => void
  /** Timers; those of the process unless given. */
  readonly after?: Delay
  /** Randomness of back-offs, at least 0 and less than 1. */
  readonly random?: () => number
}

/** A store on Postgres: the port, and what only a database has. */
export interface PostgresStore extends Store {
  /** Where migrations stand, without applying any. */
  status(migrations: readonly Migration[]): Promise<readonly MigrationStatus[]>
  /**
   * After a restore or a move: declares that the outbox as it is now belongs to this cluster and is to be read from its
   * beginning. The log then has to forget its old position (`forgetCursor` of the Postgres bus).
   */
  adopt(): Promise<void>
  /** What the pool is doing. */
  readonly pool: PoolState
}

/**
 * Opens a service's database; connects when it is first needed.
 *
 * Guarantees, errors: those of the Store port; UNAVAILABLE (retryable, nothing was done) when the database cannot be reached.
 *
 * @example
 * const store = await createPostgresStore({ url: 'postgresql://shop__orders:…@127.0.0.1/shop__orders', service: 'orders' })
 * await store.migrate(await loadMigrations(new URL('./migrations/', import.meta.url)))
 * await store.transact(async (tx) => tx.sql`update item set on_hand = on_hand - 1 where sku = ${sku}`)
 */
export async function createPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const session = toSessionOptions(options)
  const after = options.after ?? processTimers
  const pool = new Pool({
    ...session,
    incarnation: readIncarnation,
    maxConnections: options.maxConnections ?? 8,
    acquireTimeoutMs: options.acquireTimeoutMs ?? 5_000,
    queueLimit: options.queueLimit ?? 1_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
    after,
  })
  const run = createRunner(pool)
  const outbox = createPostgresOutbox(run)
  const scheduled = createPostgresScheduled(run, outbox.committed)
  const withinMs = options.commitLookupMs ?? 10_000
  const streams = createPostgresEventStore(run, { after, withinMs })
  const context: TransactContext = {
    pool,
    after,
    random: options.random ?? Math.random,
    outbox: createOutboxPlace(),
    withinMs,
    published: outbox.committed,
    scheduled: scheduled.committed,
    appended: streams.committed,
    sagas: (hints) => sagas.committed(hints),
  }
  const sagas = createPostgresSagas({ pool, run, after, random: context.random })
  const db = createBuilder(run)
  const migrating = { after, lockTimeoutMs: options.migrationLockTimeoutMs ?? 60_000, ...pick(options.log) }

  return {
    // biome-ignore lint/suspicious/noExplicitAny: the tables are known only to the service's own types
    db: db as Kysely<any>,
    sql: async <Row>(text: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row[]> =>
      (await run(toSqlText(text), values)).rows,
    transact: (work, given = {}) => transact(context, work, given),
    migrate: (migrations) =>
      alone({ ...session, answerTimeoutMs: 0 }, (own) => migrate(own, storeMigrations, migrations, migrating)),
    status: (migrations) => alone(session, (own) => readStatus(own, migrations)),
    outbox,
    inbox: createPostgresInbox(run),
    idempotency: createPostgresIdempotency(run),
    scheduled,
    bridges: createPostgresBridges(run),
    projections: createPostgresProjections({ run, after, transact: (work) => transact(context, work, {}) }),
    streams,
    sagas,
    async adopt() {
      // The outbox's part declares the database to be this cluster's, so it comes last.
      await streams.adopt()
      await outbox.adopt()
    },
    async ping(signal) {
      await run('SELECT 1', [], signal)
    },
    close: (withinMs = 5_000) => pool.close(withinMs),
    get pool() {
      return pool.state
    },
  }
}

function pick(log: ((message: string) => void) | undefined): { readonly log?: (message: string) => void } {
  return log === undefined ? {} : { log }
}

function toSessionOptions(options: PostgresStoreOptions): SessionOptions {
  const statementTimeoutMs = options.statementTimeoutMs ?? 30_000
  return {
    url: options.url,
    applicationName: `banyan ${options.service}`,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    statementTimeoutMs,
    answerTimeoutMs: toAnswerTimeout(statementTimeoutMs),
    after: options.after ?? processTimers,
    idleInTransactionMs: options.idleInTransactionMs ?? 15_000,
    prepareStatements: options.prepareStatements ?? true,
  }
}
