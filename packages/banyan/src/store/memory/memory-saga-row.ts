/** One run as it is kept in memory. */
import type { NewSaga, SagaEntry, SagaMessage, SagaState } from '../sagas.ts'

/** One run. */
export interface SagaRow {
  readonly start: NewSaga
  readonly startedMs: number
  readonly entries: SagaEntry[]
  /** Unread, in order. */
  messages: SagaMessage[]
  /** The ids of all messages that ever came. */
  readonly seen: Set<string>
  readonly correlations: Set<string>
  state: SagaState
  epoch: number
  holder: string | undefined
  mail: number
  dueMs: number | undefined
  note: string
  changedMs: number
  endedMs: number | undefined
  outcome: string | undefined
  next: string | undefined
}
