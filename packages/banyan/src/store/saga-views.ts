/** What people and dashboards see of sagas. */
import type { SagaRecord, SagaState } from './saga-records.ts'

/** Which runs. */
export interface SagaFilter {
  readonly name?: string
  readonly key?: string
  readonly states?: readonly SagaState[]
  /** Not ended, and due or held for longer than this without an entry, in milliseconds. */
  readonly stuckMs?: number
  /** From where the last page ended. */
  readonly before?: string
  readonly limit: number
}

/** A run without its input and outcome. */
export type SagaSummary = Omit<SagaRecord, 'input' | 'outcome'>

/** A part of a list of runs. */
export interface SagaPage {
  readonly sagas: readonly SagaSummary[]
  /** Where the next page begins; undefined at the end. */
  readonly next: string | undefined
}

/** How many runs of a name and version stand where. */
export interface SagaCounts {
  readonly name: string
  readonly version: number
  readonly state: SagaState
  /** Of them, held by a host; waiting; due now. */
  readonly held: number
  readonly waiting: number
  readonly due: number
}

/** The state of all. */
export interface SagaAudit {
  /** Runs that have not ended, by name, version and state. */
  readonly counts: readonly SagaCounts[]
  /** How long the one that is due longest waits, in milliseconds; 0 when none is. */
  readonly overdueMs: number
  readonly locks: number
  /** Runs that wait for a lock. */
  readonly lockWaits: number
}
