/** How handlers reach the sagas of their service: started, told, asked, looked at. Types only. */
import type { SagaDefinition } from '../saga/define-saga.ts'
import type { Query, Signal, Update } from '../saga/signals.ts'
import type { SagaState } from '../store/sagas.ts'

/** What came of a start. */
export interface StartedSaga {
  /** Of the run, a UUID. */
  readonly id: string
  /** False when it had been started by this key before, with the same input. */
  readonly isNew: boolean
}

/** A run, as handlers see it. */
export interface SagaView {
  readonly id: string
  readonly key: string
  readonly state: SagaState
  readonly version: number
  /** Milliseconds since 1970. */
  readonly startedMs: number
  readonly endedMs: number | undefined
}

/** Who holds a lock. */
export interface HeldLock {
  readonly kind: string
  readonly key: string
  /** The run. */
  readonly owner: string
  /** `<saga> <key>` */
  readonly ownerName: string
  readonly sinceMs: number
}

/** What changes nothing. */
export interface SagaReads {
  /** The newest run of a key. */
  find(saga: SagaDefinition<unknown, unknown, never>, key: string): Promise<SagaView | undefined>
  /**
   * What the saga gave: waits for its end, at most `timeoutMs` (default 30 000) and until the deadline. Rejects with the error for
   * which it was undone, with NOT_FOUND `UNKNOWN_SAGA`, or with DEADLINE_EXCEEDED `SAGA_RUNNING` after that time.
   */
  result<Output>(
    saga: SagaDefinition<unknown, Output, never>,
    key: string,
    options?: { readonly timeoutMs?: number },
  ): Promise<Output>
  /** Asks a run what `saga.answer` gives; it is replayed for that, and nothing of it is done. */
  query<Output>(saga: SagaDefinition<unknown, unknown, never>, key: string, query: Query<Output>): Promise<Output>
}

/** What handlers of commands, events and jobs may do besides. Each commits by itself: what must commit with rows is on `tx.sagas`. */
export interface SagaCommands extends SagaReads {
  /** Starts a saga, unless there is one by this key. Rejects with ALREADY_EXISTS `SAGA_INPUT_DIFFERS` when that has another input. */
  start<Input>(saga: SagaDefinition<Input, unknown, never>, input: NoInfer<Input>): Promise<StartedSaga>
  /** Sends a signal; it is kept until the saga takes it. Rejects with UNKNOWN_SAGA, SAGA_ENDED, UNDECLARED_SIGNAL, SAGA_MAILBOX_FULL. */
  signal<Given>(
    saga: SagaDefinition<unknown, unknown, never>,
    key: string,
    signal: Signal<unknown, Given>,
    data: NoInfer<Given>,
  ): Promise<void>
  /** Sends a request and waits for its answer, at most `timeoutMs` (default 30 000) and until the deadline. */
  update<Output, Given>(
    saga: SagaDefinition<unknown, unknown, never>,
    key: string,
    update: Update<unknown, Output, Given>,
    input: NoInfer<Given>,
    options?: { readonly timeoutMs?: number },
  ): Promise<Output>
  /** Asks a saga to be undone. One that is past its point of no return goes on; look at its result. */
  cancel(saga: SagaDefinition<unknown, unknown, never>, key: string, why?: string): Promise<void>
}

/** Sagas inside a transaction: all of it commits with the rest, or not at all. */
export interface SagaWrites {
  start<Input>(saga: SagaDefinition<Input, unknown, never>, input: NoInfer<Input>): Promise<StartedSaga>
  signal<Given>(
    saga: SagaDefinition<unknown, unknown, never>,
    key: string,
    signal: Signal<unknown, Given>,
    data: NoInfer<Given>,
  ): Promise<void>
  cancel(saga: SagaDefinition<unknown, unknown, never>, key: string, why?: string): Promise<void>
  /** Who holds a lock; the answer stays true until this transaction ends. */
  heldBy(kind: string, key: string): Promise<HeldLock | undefined>
}
