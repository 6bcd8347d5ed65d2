/** What runs of sagas need of the host they run in; the runtime is one. */
import type { Environment } from '../core/environment/environment.ts'
import type { SagaWrite } from '../store/sagas.ts'
import type { Store } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import type { CallNote } from './journal.ts'

/** One attempt of a step or an undo. */
export interface Attempt {
  /** The saga's name and its operation's: for logs and traces. */
  readonly wire: string
  /** Its calls carry keys that begin with it. */
  readonly idempotencyKey: string
  /** Of an undo: the key of what is undone; its calls tell it, so that a forward call that arrives late is refused. */
  readonly forwardIdempotencyKey: string | undefined
  readonly outcome: 'done' | 'unknown' | undefined
  readonly attempt: number
  readonly timeoutMs: number
  readonly traceparent: string | undefined
  readonly signal: AbortSignal
  /** Told of each call before it is made; gives what is to be called when it was answered well. */
  readonly onCall: (call: CallNote) => () => void
}

/** See the top of the file. */
export interface SagaHost {
  readonly environment: Environment
  readonly service: string
  readonly store: Store
  /** `<instance>#<incarnation>` */
  readonly holder: string
  readonly log: Log
  /** Runs a step's work with a context of its own. */
  perform(attempt: Attempt, work: (ctx: object) => unknown): Promise<unknown>
  /**
   * Runs it in a transaction; what it gives is written by `toWrite`, in the same transaction. Rejects with `Fenced` when the run
   * is not ours any more. When the attempt's signal is aborted it ends soon, committed or not.
   */
  transact(
    attempt: Attempt,
    work: (tx: object) => unknown,
    toWrite: (result: unknown) => Promise<SagaWrite>,
  ): Promise<unknown>
}
