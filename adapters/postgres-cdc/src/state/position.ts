/** Where a source stands, as it is stored. */
import { fromLsnOrNull, type Lsn } from '../protocol/lsn.ts'

/** `new`: never begun. `snapshot`: one is being taken, or has to be. `streaming`: goes on at the position. */
export type Phase = 'new' | 'snapshot' | 'streaming'

/** The transaction that is in the outbox in part, because it is larger than one transaction here may be. */
export interface Partial {
  readonly commitLsn: Lsn
  /** How many of its changes are done; the first so many are skipped when it comes again. */
  readonly changes: number
}

/** What is stored of a source. */
export interface SourceState {
  readonly epoch: bigint
  readonly revision: bigint
  readonly phase: Phase
  readonly generation: number
  readonly slot: string
  readonly systemId: string | undefined
  readonly timeline: number | undefined
  readonly database: string | undefined
  readonly tables: readonly string[] | undefined
  readonly position: Lsn | undefined
  readonly partial: Partial | undefined
}

/** A row of banyan.change_source, with positions and bigints as texts. */
export interface StateRow {
  readonly epoch: string
  readonly revision: string
  readonly phase: Phase
  readonly generation: number
  readonly slot: string
  readonly system_id: string | null
  readonly timeline: number | null
  readonly database: string | null
  readonly tables: readonly string[] | null
  readonly position: string | null
  readonly partial_commit: string | null
  readonly partial_changes: string
  readonly holder: string | null
}

export function toState(row: StateRow): SourceState {
  const commitLsn = fromLsnOrNull(row.partial_commit)
  return {
    epoch: BigInt(row.epoch),
    revision: BigInt(row.revision),
    phase: row.phase,
    generation: row.generation,
    slot: row.slot,
    systemId: row.system_id ?? undefined,
    timeline: row.timeline ?? undefined,
    database: row.database ?? undefined,
    tables: row.tables ?? undefined,
    position: fromLsnOrNull(row.position),
    partial: commitLsn === undefined ? undefined : { commitLsn, changes: Number(row.partial_changes) },
  }
}
