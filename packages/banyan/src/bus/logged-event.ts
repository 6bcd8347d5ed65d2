/** An event as it lies in the log. */
import type { NewEvent } from '../store/outbox.ts'

/** An event in the log. */
export interface LoggedEvent extends NewEvent {
  readonly source: string
  /** 1, 2, 3 … per source. */
  readonly offset: number
}
