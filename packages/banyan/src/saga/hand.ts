/** Who does something to a run and why, and what came of it. */
import type { SagaEntry, SagaState } from '../store/sagas.ts'

/** Who does it, and why: kept in the journal. */
export interface Hand {
  readonly by: string
  readonly why: string
}

/** What came of it. */
export interface MendedRun {
  readonly id: string
  readonly name: string
  readonly key: string
  readonly state: SagaState
  /** The host that had the run in its hands: it was taken out of them, and can write nothing more to it. */
  readonly takenFrom?: string
}

/** An entry without place and time. */
export type MendingEntry = Pick<SagaEntry, 'seq' | 'kind' | 'name' | 'body'>

/** What is skipped, and what it is said to have given. */
export interface Skip {
  /** The operation, or the one whose undo is skipped; that at which the run is parked when left out. */
  readonly seq?: number
  /** What the step is said to have given; JSON. */
  readonly result?: unknown
}
