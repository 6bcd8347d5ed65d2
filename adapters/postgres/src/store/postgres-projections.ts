/** The books of projections in Postgres; projection-swap.ts has the one thing in them that is not a statement or two. */
import {
  type InlineEvents,
  nextBuild,
  type ProjectionPhase,
  type ProjectionProgress,
  type ProjectionRecord,
  type Projections,
  type ProjectionVersion,
  projectionGroup,
  projectionLive,
  type StoreTransaction,
} from 'banyan/store'
import type { Delay } from '../client/timing.ts'
import { advisoryLock } from './advisory-lock.ts'
import type { RunAlone } from './alone.ts'
import { swap } from './projection-swap.ts'

/** What the books stand on. */
export interface PostgresProjectionsOptions {
  readonly run: RunAlone
  readonly transact: <Result>(work: (tx: StoreTransaction) => Promise<Result>) => Promise<Result>
  readonly after: Delay
}

interface Row {
  readonly name: string
  readonly version: number
  readonly build: number
  readonly target: string
  readonly phase: ProjectionPhase
  readonly created_at: Date
  readonly live_at: Date | null
  readonly retired_at: Date | null
}

const markBatch = 10_000

/** The books of one service's database. */
export function createPostgresProjections({ run, transact, after }: PostgresProjectionsOptions): Projections {
  /** Marks are many, and nobody asks for them any more: they go in batches, after the fact. */
  async function forgetMarks(group: string): Promise<void> {
    for (;;) {
      const text = `DELETE FROM banyan.mark WHERE (consumer_group, event_id) IN (
        SELECT consumer_group, event_id FROM banyan.mark WHERE consumer_group = $1 LIMIT ${markBatch})`
      if (((await run(text, [group])).rowCount ?? 0) < markBatch) return
    }
  }

  return {
    register: (of, target, create) => transact((tx) => register(tx, of, target, create)),
    async live(name) {
      const { rows } = await run('SELECT live, live_build FROM banyan.projection WHERE name = $1', [name])
      const [row] = rows as { live: number | null; live_build: number }[]
      return row === undefined || row.live === null ? undefined : { name, version: row.live, build: row.live_build }
    },
    rebuild: (of) => transact((tx) => rebuild(tx, of)),
    async list() {
      const { rows } = await run('SELECT * FROM banyan.projection_version ORDER BY name COLLATE "C", version, build')
      return (rows as Row[]).map(toRecord)
    },
    async progress(of) {
      const text = `SELECT source, low_water::float8 AS done FROM banyan.consumer WHERE consumer_group = $1 ORDER BY source`
      return (await run(text, [projectionGroup(of)])).rows as ProjectionProgress[]
    },
    swap: (of, { withinMs = 5_000, ...given }) => transact((tx) => swap(tx, of, { after, withinMs, ...given })),
    async lockKeys(tx, of, events) {
      await tx.sql`SELECT pg_advisory_xact_lock(lock) FROM unnest(${locksOf(of, events)}::bigint[]) AS lock`
    },
    async applyInline(tx, of, { eventIds, ...events }) {
      const [row] = await tx.sql<{ open: boolean }>`
        WITH held AS MATERIALIZED (
          -- Asked for inline only behind the lock: a condition on it would be looked at first, and would not wait for a swap.
          SELECT inline FROM banyan.projection_version WHERE name = ${of.name} AND version = ${of.version}
            AND build = ${of.build ?? 1} FOR SHARE
        ),
        open AS MATERIALIZED (SELECT FROM held WHERE inline),
        -- After the row: a swap that holds it waits for the consumer, which may need these.
        locked AS MATERIALIZED (
          SELECT pg_advisory_xact_lock(lock) FROM open, unnest(${locksOf(of, events)}::bigint[]) AS lock
        ),
        marked AS (
          INSERT INTO banyan.mark (consumer_group, event_id, source, log_offset)
          SELECT ${projectionGroup(of)}, id, ${events.source}, 0 FROM open, unnest(${eventIds}::uuid[]) AS id
        )
        SELECT EXISTS (SELECT FROM open) AS open, (SELECT count(*) FROM locked)`
      return row?.open === true
    },
    async drop(of, options = {}) {
      const dropped = await transact((tx) => drop(tx, of, options))
      if (dropped) await forgetMarks(projectionGroup(of))
      return dropped
    },
  }
}

/**
 * The advisory locks of keys of a version, in one order for everybody. Two keys with the same hash wait for each other, which does
 * no harm.
 */
function locksOf(of: ProjectionVersion, { source, keys }: Omit<InlineEvents, 'eventIds'>): readonly string[] {
  const locks = keys.map((key) => advisoryLock('banyan.projection', projectionGroup(of), source, key))
  return [...new Set(locks)].toSorted()
}

async function register(
  tx: StoreTransaction,
  { name, version, build = 1 }: ProjectionVersion,
  target: string,
  create: ((tx: StoreTransaction) => Promise<void>) | undefined,
): Promise<ProjectionRecord> {
  await tx.sql`INSERT INTO banyan.projection (name) VALUES (${name}) ON CONFLICT DO NOTHING`
  await tx.sql`SELECT FROM banyan.projection WHERE name = ${name} FOR UPDATE`
  const [known] = await tx.sql<Row>`
    SELECT * FROM banyan.projection_version WHERE name = ${name} AND version = ${version} AND build = ${build}`
  if (known !== undefined && known.phase !== 'wanted') return toRecord(known)
  if (create !== undefined) await create(tx)
  const [made] = await tx.sql<Row>`
    INSERT INTO banyan.projection_version (name, version, build, target) VALUES (${name}, ${version}, ${build}, ${target})
    ON CONFLICT (name, version, build) DO UPDATE SET phase = 'building' RETURNING *`
  return toRecord(made as Row)
}

async function rebuild(
  tx: StoreTransaction,
  of: { readonly name: string; readonly version?: number },
): Promise<ProjectionRecord> {
  await tx.sql`SELECT FROM banyan.projection WHERE name = ${of.name} FOR UPDATE`
  const known = await tx.sql<Row>`SELECT * FROM banyan.projection_version WHERE name = ${of.name}`
  const { name, version, build, target } = nextBuild(of, known.map(toRecord))
  const [made] = await tx.sql<Row>`
    INSERT INTO banyan.projection_version (name, version, build, target, phase)
    VALUES (${name}, ${version}, ${build}, ${target}, 'wanted') RETURNING *`
  return toRecord(made as Row)
}

async function drop(
  tx: StoreTransaction,
  of: ProjectionVersion,
  { forget = false, destroy }: Parameters<Projections['drop']>[1] & object,
): Promise<boolean> {
  const { name, version, build = 1 } = of
  const [books] = await tx.sql<{
    live: number | null
    live_build: number
  }>`SELECT live, live_build FROM banyan.projection WHERE name = ${name} FOR UPDATE`
  if (books?.live === version && books.live_build === build) throw projectionLive(of)
  const known = await tx.sql`
    SELECT FROM banyan.projection_version WHERE name = ${name} AND version = ${version} AND build = ${build}`
  if (known.length === 0) return false
  const group = projectionGroup(of)
  await tx.sql`UPDATE banyan.consumer SET epoch = epoch + 1, holder = NULL, low_water = 0, horizon = NULL
    WHERE consumer_group = ${group}`
  if (destroy !== undefined) await destroy(tx)
  await tx.sql`DELETE FROM banyan.passage WHERE consumer_group = ${group}`
  await tx.sql`DELETE FROM banyan.parked WHERE consumer_group = ${group}`
  await tx.sql`DELETE FROM banyan.replay WHERE consumer_group = ${group}`
  await tx.sql`DELETE FROM banyan.attempt WHERE consumer_group = ${group}`
  if (forget)
    await tx.sql`
      DELETE FROM banyan.projection_version WHERE name = ${name} AND version = ${version} AND build = ${build}`
  else
    await tx.sql`UPDATE banyan.projection_version SET phase = 'dropped'
      WHERE name = ${name} AND version = ${version} AND build = ${build}`
  return true
}

function toRecord(row: Row): ProjectionRecord {
  return {
    name: row.name,
    version: row.version,
    build: row.build,
    target: row.target,
    phase: row.phase,
    createdAt: row.created_at.toISOString(),
    liveAt: row.live_at?.toISOString(),
    retiredAt: row.retired_at?.toISOString(),
  }
}
