/** What a reader has done since it was made, and what it knows of itself right now; read by `status`. */
import type { SourceState } from '../state/position.ts'

export interface Progress {
  /** As last committed. */
  state: SourceState | undefined
  /** Changes that went through toEvent and were committed. */
  changes: number
  /** Events committed. */
  events: number
  /** Transactions committed at the service. */
  commits: number
  /** Rows of the snapshot that is being taken, so far. */
  snapshotRows: number
  /** When the last applied change was committed at the source, in milliseconds since 1970. */
  lastCommitMs: number | undefined
  /** Bytes received and not applied. */
  bufferedBytes: () => number
}

export function emptyProgress(): Progress {
  return {
    state: undefined,
    changes: 0,
    events: 0,
    commits: 0,
    snapshotRows: 0,
    lastCommitMs: undefined,
    bufferedBytes: () => 0,
  }
}
