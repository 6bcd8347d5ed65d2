/**
 * One attempt of a reader that has the lease: connect, make sure that nothing is missing, take the snapshot if one is due, and
 * stream until something ends it. Every attempt checks everything again: what was true before a restart of the source need
 * not be true after it.
 */
import { applyStream } from '../apply/apply-stream.ts'
import { createMapping } from '../apply/mapping.ts'
import type { Progress } from '../apply/progress.ts'
import { Relations } from '../apply/relations.ts'
import { copyTables, enterSnapshot } from '../apply/snapshot.ts'
import { TypeCatalog } from '../decode/types.ts'
import { outage, refuse } from '../errors.ts'
import { qualified, type ResolvedOptions } from '../options.ts'
import { type ConnectOptions, openSql, type SqlConnection } from '../protocol/connect.ts'
import { type Lsn, toLsnText } from '../protocol/lsn.ts'
import { ReplicationConnection } from '../protocol/replication-connection.ts'
import { createSlot, dropSlot, freeSlot, slotExists } from '../source/claim-slot.ts'
import { ensurePublication, type PublishedTable, readPublication } from '../source/publication.ts'
import { assertOwnKind, assertSlotContinues } from '../source/slot.ts'
import { assertSameHistory, readSystem, type SystemFacts } from '../source/system.ts'
import { readTables } from '../source/tables.ts'
import { readSkips } from '../state/faults.ts'
import type { SourceState } from '../state/position.ts'
import type { SourceStateTable } from '../state/source-state.ts'

export interface AttemptContext {
  readonly options: ResolvedOptions
  readonly table: SourceStateTable
  readonly progress: Progress
  readonly onPhase: (phase: 'snapshot' | 'streaming') => void
}

/** What the source is, as this attempt found it. */
interface Prepared {
  readonly system: SystemFacts
  readonly tables: readonly PublishedTable[]
  /** Of the source's wal_sender_timeout; 0 for none. */
  readonly senderTimeoutMs: number
}

/** The name under which our readers are seen at the source. */
export function applicationNameOf(options: ResolvedOptions): string {
  return `banyan cdc ${options.name}`
}

/** How to reach the source. */
export function toConnect(options: ResolvedOptions, signal?: AbortSignal): ConnectOptions {
  const { currentUrl, connectTimeoutMs } = options
  const base = { url: currentUrl(), connectTimeoutMs, applicationName: applicationNameOf(options) }
  return signal === undefined ? base : { ...base, signal }
}

/** Looks at everything that can be wrong with the source, and makes the publication. Changes nothing else. */
export async function prepare(
  options: ResolvedOptions,
  connection: ReplicationConnection,
  sql: SqlConnection,
): Promise<Prepared> {
  const system = await readSystem(connection, sql)
  const found = await readTables(sql, options.tables)
  if (await ensurePublication(sql, options.publication, found))
    options.log(`publication ${options.publication} created`)
  const tables = await readPublication(sql, options.publication, found, system.serverVersion)
  const [row] = await sql.ask(
    "SELECT setting AS ms FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout' AND unit = 'ms'",
  )
  return { system, tables, senderTimeoutMs: Number(row?.['ms'] ?? 0) }
}

/** Opens the connections of one attempt, and closes them whatever happens. */
export async function withSource<Result>(
  options: ResolvedOptions,
  signal: AbortSignal,
  work: (connection: ReplicationConnection, sql: SqlConnection) => Promise<Result>,
): Promise<Result> {
  const connect = toConnect(options, signal)
  const { environment, bufferBytes } = options
  const connection = await ReplicationConnection.open({ ...connect, environment, bufferBytes })
  try {
    const sql = await openSql(connect)
    try {
      return await work(connection, sql)
    } finally {
      await sql.close()
    }
  } finally {
    await connection.close()
  }
}

/** Runs until the signal is aborted or something fails. Returns also when a snapshot is complete: the next attempt streams. */
export function runAttempt(context: AttemptContext, state: SourceState, signal: AbortSignal): Promise<void> {
  return withSource(context.options, signal, async (connection, sql) => {
    const prepared = await prepare(context.options, connection, sql)
    if (state.phase !== 'streaming') return takeSnapshot(context, state, prepared, connection, sql, signal)
    const position = await assertContinues(context, state, prepared, connection, sql)
    return stream(context, state, position, prepared, connection, signal)
  })
}

async function takeSnapshot(
  context: AttemptContext,
  found: SourceState,
  { system, tables }: Prepared,
  connection: ReplicationConnection,
  sql: SqlConnection,
  signal: AbortSignal,
): Promise<void> {
  const { options, table, progress } = context
  context.onPhase('snapshot')
  const slot = await freeSlot(sql, options.slot, applicationNameOf(options), options.environment)
  if (slot !== undefined && found.phase === 'new') throw slotExists(options.slot)
  if (slot !== undefined) assertOwnKind(options.slot, slot, system.database)
  const begun = await table.beginSnapshot(found, system, options.tables.map(qualified))
  await dropSlot(sql, options.slot)
  const exported = await createSlot(connection, options.slot, options.failover, system.serverVersion).catch(
    async (error) => {
      if (found.phase === 'new') await table.giveUpSnapshot(begun)
      throw error
    },
  )
  const timeMs = await enterSnapshot(sql, exported)
  const parts = { options, table, sql, progress, signal, store: options.into, types: new TypeCatalog() }
  const mapping = createMapping(options, originOf(system, begun), await readSkips(options.into, options.name))
  const wanted = options.snapshot ? tables : []
  const done = await copyTables({ ...parts, mapping }, begun, wanted, exported, timeMs)
  progress.state = await table.finishSnapshot(done, exported.point)
  options.log(`snapshot complete: ${progress.snapshotRows} rows as of ${toLsnText(exported.point)}`)
}

/** The position from which the stream goes on with nothing missing, or a refusal that says what is. */
async function assertContinues(
  { options, table }: AttemptContext,
  state: SourceState,
  { system }: Prepared,
  connection: ReplicationConnection,
  sql: SqlConnection,
): Promise<Lsn> {
  const { position, systemId, timeline, database } = state
  if (position === undefined || systemId === undefined || timeline === undefined || database === undefined)
    throw refuse('CDC_CHANGED', 'the stored position of the source is incomplete', 'Take a new snapshot (resnapshot).')
  assertUnchanged(options, state)
  await assertSameHistory({ position, systemId, timeline, database }, system, connection)
  const slot = await freeSlot(sql, options.slot, applicationNameOf(options), options.environment)
  assertSlotContinues(options.slot, slot, system.database, position)
  if (timeline !== system.timeline) await table.followTimeline(state, system.timeline)
  return position
}

function assertUnchanged(options: ResolvedOptions, state: SourceState): void {
  const before = [...(state.tables ?? [])].sort().join(', ')
  const now = options.tables.map(qualified).sort().join(', ')
  const hint = 'Take a new snapshot (resnapshot), or read the new tables with a source of their own.'
  if (before !== now)
    throw refuse('CDC_CHANGED', `the source was begun with the tables ${before}; now it has ${now}`, hint)
  if (state.slot !== options.slot)
    throw refuse('CDC_CHANGED', `the source was begun with the slot ${state.slot}; now it has ${options.slot}`, hint)
}

async function stream(
  { options, table, progress, onPhase }: AttemptContext,
  state: SourceState,
  from: Lsn,
  prepared: Prepared,
  connection: ReplicationConnection,
  signal: AbortSignal,
): Promise<void> {
  const { environment, slot, publication, heartbeatMs } = options
  if (!options.trackKeys) await table.forgetKeys()
  const { senderTimeoutMs, system, tables } = prepared
  const statusEveryMs = senderTimeoutMs === 0 ? heartbeatMs : Math.min(heartbeatMs, senderTimeoutMs / 3)
  await connection.start({ slot, publication, from, statusEveryMs }).catch((error) => {
    throw outage(
      `the stream of the slot ${slot} did not start: ${error instanceof Error ? error.message : error}`,
      error,
    )
  })
  onPhase('streaming')
  progress.state = state
  const relations = new Relations(tables, new TypeCatalog(), toConnect(options, signal))
  const mapping = createMapping(options, originOf(system, state), await readSkips(options.into, options.name))
  const parts = { options, environment, store: options.into, table, connection, relations, mapping, progress, signal }
  await applyStream(parts, state, from)
}

/** One history of one slot: what ids are made from. */
function originOf(system: SystemFacts, state: SourceState): string {
  return `${system.systemId}/${system.timeline}/${system.database}/${state.generation}`
}
