/** What a source says of itself, for status pages, the command line and alarms. */
import type { Progress } from '../apply/progress.ts'
import type { ResolvedOptions } from '../options.ts'
import { withSql } from '../protocol/connect.ts'
import { toLsnText } from '../protocol/lsn.ts'
import { readSlot } from '../source/slot.ts'
import { type SlotHealth, toSlotHealth } from '../source/slot-health.ts'
import type { SourceStateTable } from '../state/source-state.ts'
import { toConnect } from './attempt.ts'

/**
 * `idle`: not started. `waiting`: another reader has the lease. `connecting`, `snapshot`, `streaming`: at work. `retrying`: an
 * outage, it goes on by itself. `failed`: refused, somebody has to look (`lastError`). `stopped`.
 */
export type ChangeSourceState =
  | 'idle'
  | 'waiting'
  | 'connecting'
  | 'snapshot'
  | 'streaming'
  | 'retrying'
  | 'failed'
  | 'stopped'

/** Status of a source; sizes in bytes, times in milliseconds since 1970. */
export interface ChangeSourceStatus {
  readonly name: string
  readonly state: ChangeSourceState
  /** Of the last error, also when it has passed. */
  readonly lastError: string | undefined
  readonly hint: string | undefined
  /** Which run of the source holds the lease; undefined for nobody. */
  readonly holder: string | undefined
  readonly epoch: string | undefined
  /** How many snapshots were begun. */
  readonly generation: number
  /** Everything below is in the outbox. */
  readonly position: string | undefined
  readonly snapshotRows: number
  readonly changes: number
  readonly events: number
  readonly commits: number
  readonly lastCommitMs: number | undefined
  readonly bufferedBytes: number
  /** Undefined when the source cannot be reached. */
  readonly slot: SlotHealth | undefined
}

/** Asks the service's database and the source. What cannot be reached is left out; it never rejects. */
export async function readStatus(
  options: ResolvedOptions,
  table: SourceStateTable,
  progress: Progress,
  now: { readonly state: ChangeSourceState; readonly lastError: Error | undefined },
): Promise<ChangeSourceStatus> {
  const [stored, slot] = await Promise.all([
    table.read().catch(() => undefined),
    readHealth(options).catch(() => undefined),
  ])
  const state = stored?.state ?? progress.state
  return {
    name: options.name,
    state: now.state,
    lastError: now.lastError?.message,
    hint: (now.lastError as { hint?: string } | undefined)?.hint,
    holder: stored?.holder ?? undefined,
    epoch: state?.epoch.toString(),
    generation: state?.generation ?? 0,
    position: state?.position === undefined ? undefined : toLsnText(state.position),
    snapshotRows: progress.snapshotRows,
    changes: progress.changes,
    events: progress.events,
    commits: progress.commits,
    lastCommitMs: progress.lastCommitMs,
    bufferedBytes: progress.bufferedBytes(),
    slot,
  }
}

/** The address may be one that cannot be asked for now. */
async function readHealth(options: ResolvedOptions): Promise<SlotHealth> {
  const row = await withSql(toConnect(options), (sql) => readSlot(sql, options.slot))
  return toSlotHealth(options.slot, row, options.alarmRetainedBytes)
}
