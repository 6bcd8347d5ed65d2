/**
 * A swap of projections in Postgres.
 *
 * It locks the assignments of the version that is live, FOR UPDATE: every effect's transaction holds its assignment FOR KEY
 * SHARE, so the lock waits for those under way and lets none begin. What the old version has shown by then lies at or before the
 * end of the log as asked afterwards, and the new version is waited for until it is there; then the number that readers go
 * by changes, and the lock is let go. The new version's own assignments are not locked, so it goes on meanwhile.
 */
import {
  compareVersions,
  type ProjectionPhase,
  type ProjectionProgress,
  type ProjectionVersion,
  projectionGroup,
  type StoreTransaction,
  type SwapOptions,
  type SwapOutcome,
} from 'banyan/store'
import { type Delay, pause } from '../client/timing.ts'

/** With nothing left open but what is optional. */
type SwapHow = SwapOptions & { readonly withinMs: number; readonly after: Delay }

const pollMs = 25

async function reaches(tx: StoreTransaction, of: ProjectionVersion, options: SwapHow): Promise<boolean> {
  let ends = await options.ends()
  for (let turn = 0; turn <= options.withinMs / pollMs; turn += 1) {
    // In this order: what has left the outbox by now is in the log by now.
    const sent = await hasOutbox(tx, of, options.inlineTypes)
    if (options.inlineTypes !== undefined) ends = await options.ends()
    const done = new Map((await progressIn(tx, projectionGroup(of))).map((one) => [one.source, one.done]))
    if (sent && [...ends].every(([source, end]) => (done.get(source) ?? 0) >= end)) return true
    await pause(options.after, pollMs)
  }
  return false
}
/** Swaps, or says why not; see the top of the file. */
export async function swap(tx: StoreTransaction, of: ProjectionVersion, options: SwapHow): Promise<SwapOutcome> {
  const { name, version, build = 1 } = of
  const [books] = await tx.sql<{
    live: number | null
    live_build: number
  }>`SELECT live, live_build FROM banyan.projection WHERE name = ${name} FOR UPDATE`
  const [record] = await tx.sql<{ phase: ProjectionPhase }>`
    SELECT phase FROM banyan.projection_version WHERE name = ${name} AND version = ${version} AND build = ${build}`
  if (books === undefined || record === undefined || record.phase === 'dropped' || record.phase === 'wanted')
    return 'unknown'
  const live = books.live === null ? undefined : { name, version: books.live, build: books.live_build }
  const order = live === undefined ? -1 : compareVersions(live, of)
  if (order >= 0) return order === 0 ? 'live already' : 'older'
  if (live !== undefined)
    await tx.sql`SELECT FROM banyan.consumer WHERE consumer_group = ${projectionGroup(live)}
      ORDER BY source FOR UPDATE`
  if (options.inlineTypes !== undefined)
    await tx.sql`
      SELECT FROM banyan.projection_version
      WHERE name = ${name} AND version = ${version} AND build = ${build} FOR UPDATE`
  if (!(await reaches(tx, of, options))) return 'late'
  if (live !== undefined && (await hasParked(tx, projectionGroup(of)))) return 'parked'
  await tx.sql`UPDATE banyan.projection_version SET phase = 'retired', retired_at = banyan.now()
    WHERE name = ${name} AND phase = 'live'`
  await tx.sql`UPDATE banyan.projection_version SET phase = 'live', live_at = banyan.now(), inline = ${options.inlineTypes !== undefined}
    WHERE name = ${name} AND version = ${version} AND build = ${build}`
  await tx.sql`UPDATE banyan.projection SET live = ${version}, live_build = ${build} WHERE name = ${name}`
  return 'swapped'
}

async function progressIn(tx: StoreTransaction, group: string): Promise<readonly ProjectionProgress[]> {
  return tx.sql<{ source: string; done: number }>`
    SELECT source, low_water::float8 AS done FROM banyan.consumer WHERE consumer_group = ${group}`
}

/** Whether everything of these types that was committed here, and may not be in the log yet, has its mark. */
async function hasOutbox(
  tx: StoreTransaction,
  of: ProjectionVersion,
  types: readonly string[] | undefined,
): Promise<boolean> {
  if (types === undefined) return true
  const [missing] = await tx.sql`
    SELECT FROM banyan.outbox o WHERE o.type = ANY (${types}::text[]) AND NOT EXISTS (
      SELECT FROM banyan.mark m WHERE m.consumer_group = ${projectionGroup(of)} AND m.event_id = o.event_id) LIMIT 1`
  return missing === undefined
}

async function hasParked(tx: StoreTransaction, group: string): Promise<boolean> {
  return (await tx.sql`SELECT FROM banyan.parked WHERE consumer_group = ${group} LIMIT 1`).length > 0
}
