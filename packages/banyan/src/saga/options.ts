/** What steps, transactions, waits and locks may say of themselves, and what holds when they do not. */
import type { Backoff } from '../bus/backoff.ts'

/** How a step is tried again. */
export interface StepRetry {
  /** Attempts in all, 1 to 1 000; not counted after the point of no return. Default 10. */
  readonly maxAttempts?: number
  /** The longest wait after the first failure, 1 to 3 600 000 ms; waits are equal jitter. Default 100. */
  readonly firstMs?: number
  /** By what it grows with each failure, 1 to 10. Default 2. */
  readonly factor?: number
  /** The longest wait of all, up to 86 400 000 ms. Default 30 000. */
  readonly maxMs?: number
}

/** What a probe found out. */
export type Probed<Result> =
  | { readonly happened: 'yes'; readonly result: Result }
  | { readonly happened: 'no' }
  | { readonly happened: 'unknown' }

/** Options of a step. */
export interface StepOptions<Ctx, Result> {
  readonly retry?: StepRetry
  /** How long one attempt may take, 1 to 3 600 000 ms; then its signal is aborted and its outcome is unknown. Default 30 000. */
  readonly timeoutMs?: number
  /** Errors after which trying again cannot help, by code or reason. What a contract declares is terminal anyway. */
  readonly terminal?: readonly string[]
  /** The same as a question; asked for errors that neither the contract declares nor `terminal` names. */
  readonly retryable?: (error: unknown) => boolean
  /** Finds out whether an attempt without an answer has happened: asked before an undo that would not know. */
  readonly probe?: (ctx: Ctx) => Promise<Probed<Result>> | Probed<Result>
  /** How the undo is tried again. Default: as the step, with 20 attempts. */
  readonly undoRetry?: StepRetry
}

/** Options of a transaction. */
export interface TxOptions {
  readonly retry?: StepRetry
  readonly terminal?: readonly string[]
  readonly undoRetry?: StepRetry
}

/** What events are waited for. */
export interface WaitOptions<Event> {
  /** The correlation key: the value of the event's key field. Default: the saga's own key. */
  readonly key?: string
  /** Only those; pure. */
  readonly where?: (event: Event) => boolean
  /** What people are shown while it waits. Default: the events and the key. */
  readonly says?: string
  readonly timeoutMs?: number | undefined
}

/** How a lock is asked for. */
export interface LockOptions {
  /** Default 'wait'. */
  readonly ifHeld?: 'wait' | 'fail'
  /** How long to wait, in milliseconds. Default 60 000. */
  readonly timeoutMs?: number
}

/** A retry policy with nothing left open. */
export interface ResolvedRetry extends Backoff {
  readonly maxAttempts: number
}

export const stepRetry: ResolvedRetry = { maxAttempts: 10, firstMs: 100, factor: 2, maxMs: 30_000 }
export const undoRetry: ResolvedRetry = { ...stepRetry, maxAttempts: 20 }

/** How long one attempt of a step may take, in milliseconds. */
export const stepTimeoutMs = 30_000
/** How long a lock is waited for, in milliseconds. */
export const lockWaitMs = 60_000
/** Operations of one run; more park it. An endless saga continues as a new run. */
export const maxSteps = 10_000
/** Operations of one run that are under way at a time. */
export const maxParallel = 64
/** The longest input, result, message or outcome, in bytes of JSON. */
export const maxResultBytes = 262_144
/** Calls of one attempt that are noted in the journal. */
export const maxCallsNoted = 100
/** Waits below this are spent in memory; longer ones as rows. In milliseconds. */
export const shortWaitMs = 250
/** The longest sleep, in milliseconds: ten years. */
export const maxSleepMs: number = 3_650 * 86_400_000

/** Fills in what a policy leaves out. */
export function resolveRetry(given: StepRetry | undefined, defaults: ResolvedRetry): ResolvedRetry {
  return { ...defaults, ...given }
}
