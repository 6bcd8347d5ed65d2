/**
 * What the function of a saga is given. Types only; the run implements them (run.ts).
 *
 * The function is ordinary async TypeScript that is run again from its beginning after a crash, with every operation that has
 * ended giving what it gave before. So it must be deterministic between operations: no clock, no randomness, no I/O but through
 * what stands here.
 */
import type { Event } from '../contract/event.ts'
import type { Owned } from '../contract/operation.ts'
import type { ExternalStep } from './external.ts'
import type { LockOptions, StepOptions, TxOptions, WaitOptions } from './options.ts'
import type { Query, Signal, Update, UpdateRequest } from './signals.ts'

/** What a step knows of itself. */
export interface StepFacts {
  /** The same at every attempt, after every crash, on every host. Calls made through `ctx.call` carry keys made from it. */
  readonly idempotencyKey: string
  /** 1 at the first try. */
  readonly attemptNumber: number
}

/** What an undo knows of itself. */
export interface UndoFacts extends StepFacts {
  /** The key of what is undone: ask a participant by it what became of an attempt whose answer was lost. */
  readonly forwardIdempotencyKey: string
  /** `unknown`: it may have been done, and its result is not known. */
  readonly outcome: 'done' | 'unknown'
}

/** The context of a step: that of a handler, without `transact` (that is {@link Saga.tx}). */
export type StepContext<Ctx> = Omit<Ctx, 'transact' | 'fail' | 'idempotencyKey'> & StepFacts
/** The context of an undo. */
export type UndoContext<Ctx> = Omit<Ctx, 'transact' | 'fail' | 'idempotencyKey'> & UndoFacts

/** The transaction that a context has. */
export type TransactionOf<Ctx> = Ctx extends {
  // biome-ignore lint/suspicious/noExplicitAny: only its transaction is looked at
  transact(work: (tx: infer Tx) => Promise<any>, ...rest: any): any
}
  ? Tx
  : never

/** An event that a saga has waited for. */
export interface SagaEvent<Data = unknown> {
  readonly id: string
  /** `<contract>.<event>.v<major>` */
  readonly type: string
  readonly key: string
  readonly data: Data
  /** The service that published it. */
  readonly source: string
  /** When it was published, in milliseconds since 1970. */
  readonly timeMs: number
  /** The event that its publisher was handling. */
  readonly causationId?: string | undefined
}

/** What every operation of a saga is reached by. `Ctx` is the context of its service: `ContextOf<typeof Orders, …>`. */
export interface Saga<Ctx = object> {
  /** Of this run, a UUID. */
  readonly id: string
  readonly key: string
  /** The event that has started it; empty for a call. */
  readonly startEventId: string
  /**
   * Does something that a participant must not do twice: calls through `ctx.call`, each under a key of its own. Tried again by
   * `retry`, after a crash under the same key. Rejects with the participant's error when it is terminal or the attempts are used up.
   * `undo` is run when the saga fails later: with what `act` gave, or with undefined when it is not known whether it was done.
   */
  step<Result>(
    name: string,
    act: (ctx: StepContext<Ctx>) => Promise<Result> | Result,
    undo?: (ctx: UndoContext<Ctx>, result: NoInfer<Result> | undefined) => Promise<unknown> | unknown,
    options?: StepOptions<StepContext<Ctx>, NoInfer<Result>>,
  ): Promise<Result>
  /**
   * A step at somebody else's system, over HTTP: a request under a key that is the same at every attempt and after every crash. What
   * may have been carried out is pursued (`probe`, or `repeatable`) until it is known, and never guessed; when it stays unknown for
   * `settleMs` a person is asked. `undo` is given what was done.
   */
  externalStep<Result>(name: string, step: ExternalStep<StepContext<Ctx>, UndoContext<Ctx>, Result>): Promise<Result>
  /**
   * Changes the service's own rows: they commit together with the journal, so it is done exactly once. The same for its undo.
   */
  tx<Result>(
    name: string,
    work: (tx: TransactionOf<Ctx>) => Promise<Result> | Result,
    undo?: (tx: TransactionOf<Ctx>, result: NoInfer<Result>) => Promise<unknown> | unknown,
    options?: TxOptions,
  ): Promise<Result>
  /**
   * From here on nothing is undone any more: what follows is tried until it is done. A cancellation that came before it wins, one
   * that comes after it is refused. Rejects never.
   */
  pointOfNoReturn(): Promise<void>
  /** Waits, by the clock of the database, through restarts. */
  sleep(ms: number): Promise<void>
  /** Until a time, in milliseconds since 1970. */
  sleepUntil(atMs: number): Promise<void>
  /**
   * The next event of one of these types that has come for this run, in the order in which they came; each is given once. Events
   * count from the run's start, so none is missed by being early. With `timeoutMs`, undefined when none has come by then.
   */
  waitFor<R>(
    event: SagaWaits<R>,
    options: WaitOptions<SagaEvent<R>> & { readonly timeoutMs: number },
  ): Promise<SagaEvent<R> | undefined>
  waitFor<R>(
    event: SagaWaits<R>,
    options?: WaitOptions<SagaEvent<R>> & { readonly timeoutMs?: undefined },
  ): Promise<SagaEvent<R>>
  /** The next signal of this kind. With `timeoutMs`, undefined when none has come by then. */
  receive<Data>(signal: Signal<Data>, options: { readonly timeoutMs: number }): Promise<Data | undefined>
  receive<Data>(signal: Signal<Data>, options?: { readonly timeoutMs?: undefined }): Promise<Data>
  /** The next request of this kind; whoever asked waits for its answer. */
  receive<Input, Output>(
    update: Update<Input, Output>,
    options: { readonly timeoutMs: number },
  ): Promise<UpdateRequest<Input, Output> | undefined>
  receive<Input, Output>(
    update: Update<Input, Output>,
    options?: { readonly timeoutMs?: undefined },
  ): Promise<UpdateRequest<Input, Output>>
  /** Says how a question is answered from now on; asked at any time, it must change nothing. */
  answer<Output>(query: Query<Output>, give: () => Output): void
  /**
   * Runs branches at the same time and gives what each gave. When one fails the others are told to stop (what they wait for rejects
   * with CANCELLED `BRANCH_STOPPED`, a step under way is aborted), all are waited for, and the first failure is thrown. Only what
   * a branch begins on the saga that it is given is stopped with it. After the point of no return nothing is stopped.
   */
  all<const Branches extends readonly ((saga: Saga<Ctx>) => Promise<unknown>)[]>(
    branches: Branches,
  ): Promise<{ -readonly [K in keyof Branches]: Awaited<ReturnType<Branches[K]>> }>
  /**
   * Runs branches at the same time; gives the first that ends well, or throws what the first threw. The others are told to stop as in
   * {@link all}, and what they have done is undone, their locks are let go, before it is given.
   */
  race<Result>(
    branches: readonly ((saga: Saga<Ctx>) => Promise<Result>)[],
  ): Promise<{ readonly index: number; readonly value: Result }>
  /** Starts another saga of this service and waits for its end; undone together with this one. */
  child<Input, Output>(saga: ChildSaga<Input, Output>, input: Input): Promise<Output>
  /** Ends this run and begins the next one of this key with an empty journal: for sagas without an end. Never returns. */
  continueAs(input: unknown): Promise<never>
  /**
   * Holds (kind, key) until the run's end or {@link unlock}: no other saga gets it, and whoever asks sees by whom it is held. Waits
   * for it (`ifHeld: 'wait'`, at most `timeoutMs`) or rejects with ABORTED `LOCKED`. Rejects with ABORTED `LOCK_TIMEOUT`, or
   * `LOCK_DEADLOCK` when waiting would close a circle.
   */
  lock(kind: string, key: string, options?: LockOptions): Promise<void>
  unlock(kind: string, key: string): Promise<void>
  /**
   * True in runs that have come here with this change in the code, and ever after in them; false in runs that passed here before
   * it: `if (saga.patched('two parcels')) … else …`.
   */
  patched(id: string): boolean
  /** Puts a line into the journal, for people. */
  note(name: string, facts?: object): void
  /** Milliseconds since 1970 by the clock of the database, as of the last operation that has ended. */
  now(): number
  /** At least 0 and below 1; the same again at every replay. */
  random(): number
  /** A UUIDv7; the same again at every replay. */
  newId(): string
}

/** One kind of event, or several. */
export type SagaWaits<R> = (Event<unknown, R> & Owned) | readonly (Event<unknown, R> & Owned)[]

/** A saga that another may start: what `defineSaga` gives. */
export interface ChildSaga<Input = unknown, Output = unknown> {
  readonly $banyan: 'saga'
  readonly name: string
  readonly '~types': { readonly input: Input; readonly output: Output }
}
