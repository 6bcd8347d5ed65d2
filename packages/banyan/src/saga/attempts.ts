/**
 * Attempts of one thing (a step, a transaction, an undo) until one succeeds, fails for good, or there were enough. Short waits are
 * spent here; before a long one the run is let go, and how many attempts there were is kept beside it.
 */
import { equalJitterMs } from '../bus/backoff.ts'
import { sleep } from '../core/environment/timers.ts'
import { type BanyanError, fromUnknown, type Outcome } from '../core/error.ts'
import { attemptOnce, type Once, type Traces } from './attempt-once.ts'
import { cut, toKeptError } from './bounds.ts'
import type { CallNote, SagaNote, Settled } from './journal.ts'
import type { LiveRun } from './live-run.ts'
import { maxCallsNoted, type ResolvedRetry, shortWaitMs } from './options.ts'
import { joinOutcomes } from './step-policy.ts'

/** What is attempted. */
export interface Attempting extends Once {
  /** `3` for an operation, `u3` for its undo, `p3` for its probe: by which its attempts are kept. */
  readonly label: string
  readonly retry: ResolvedRetry
  readonly isTerminal: (error: unknown) => boolean
  /** It may have been done before this host knew of it. */
  readonly mayHaveBegun: boolean
}

/** What came of one round of attempts. */
export type Attempted =
  | {
      readonly did: 'succeed'
      readonly value: unknown
      readonly attempts: number
      readonly calls: readonly CallNote[]
      readonly tookMs: number
    }
  | {
      readonly did: 'fail'
      readonly error: BanyanError
      readonly outcome: Outcome
      readonly attempts: number
      readonly calls: readonly CallNote[]
    }
  /** To be tried again then. */
  | { readonly did: 'wait'; readonly dueMs: number }

type Retries = NonNullable<SagaNote['retries']>

const maxErrorShown = 500

/** See the top of the file. */
export async function attemptAll(run: LiveRun, what: Attempting): Promise<Attempted> {
  const { clock } = run.shared.host.environment
  const before = run.note.retries?.[what.label]
  // Woken by something else, or taken over meanwhile: it is not its time yet.
  if (before !== undefined && before.dueMs > run.shared.now() && what.stoppable.stoppedBy === undefined)
    return { did: 'wait', dueMs: before.dueMs }
  let attempts = before?.attempts ?? 0
  let outcome: Outcome = what.mayHaveBegun ? 'unknown' : (before?.outcome ?? 'none')
  for (;;) {
    const { stoppedBy } = what.stoppable
    if (stoppedBy !== undefined) return failed(run, what, { error: stoppedBy, outcome, attempts, calls: [] })
    attempts += 1
    const traces: Traces = { calls: [], done: 0 }
    const startMs = clock.monotonic()
    try {
      const value = await attemptOnce(run, what, attempts, traces)
      forget(run, what.label)
      return { did: 'succeed', value, attempts, calls: traces.calls, tookMs: clock.monotonic() - startMs }
    } catch (thrown) {
      const error = fromUnknown(thrown)
      outcome = isPartly(traces) ? 'unknown' : joinOutcomes(outcome, error.outcome)
      const waitMs = isOver(run, what, thrown, attempts) ? undefined : waitOf(run, what, error, attempts)
      if (waitMs === undefined) return failed(run, what, { error, outcome, attempts, calls: traces.calls })
      const dueMs = run.shared.now() + waitMs
      remember(run, what.label, { attempts, dueMs, error: toShort(error), outcome })
      if (waitMs > shortWaitMs) return { did: 'wait', dueMs }
      await pause(run, what, waitMs)
    }
  }
}

/** One of several calls was made before it failed: part of it may have been done. */
function isPartly({ calls, done }: Traces): boolean {
  return done > 0 || calls.length > 1
}

function isOver(run: LiveRun, what: Attempting, thrown: unknown, attempts: number): boolean {
  // After the point of no return a step is tried until it is done.
  const isEndless = run.isPast && what.undoOf === undefined
  return (
    what.stoppable.stoppedBy !== undefined ||
    what.isTerminal(thrown) ||
    (!isEndless && attempts >= what.retry.maxAttempts)
  )
}

function waitOf(run: LiveRun, { retry }: Attempting, { retryAfterMs = 0 }: BanyanError, attempts: number): number {
  const { random } = run.shared.host.environment
  return Math.min(maxRetryAfterMs, Math.max(retryAfterMs, equalJitterMs(retry, Math.min(attempts, 64), random)))
}

/** The longest that a participant may ask us to wait, in milliseconds: a day. */
const maxRetryAfterMs = 86_400_000

/** A short wait; ended when it is to stop. */
async function pause(run: LiveRun, { stoppable }: Attempting, ms: number): Promise<void> {
  const early = new AbortController()
  stoppable.onStop = (error) => early.abort(error)
  await sleep(run.shared.host.environment.timers, ms, early.signal).catch(() => undefined)
  stoppable.onStop = undefined
}

const toShort = (error: BanyanError): string => cut(`${error.reason ?? error.code}: ${error.message}`, maxErrorShown)

function failed(run: LiveRun, what: Attempting, how: Omit<Extract<Attempted, { did: 'fail' }>, 'did'>): Attempted {
  forget(run, what.label)
  return { did: 'fail', ...how }
}

function remember(run: LiveRun, label: string, retry: Retries[string]): void {
  run.note = { ...run.note, retries: { ...run.note.retries, [label]: retry } }
}

/** What it waits for has come: it is tried again at once. */
export function hurry(run: LiveRun, label: string): void {
  const retry = run.note.retries?.[label]
  if (retry !== undefined) remember(run, label, { ...retry, dueMs: 0 })
}

function forget(run: LiveRun, label: string): void {
  if (run.note.retries?.[label] === undefined) return
  const { [label]: _, ...retries } = run.note.retries
  run.note = { ...run.note, retries }
}

/** How a round stands in the journal. */
export function toSettled(tried: Exclude<Attempted, { readonly did: 'wait' }>): Settled {
  if (tried.did === 'fail') return toFailure(tried)
  const { value, attempts, calls, tookMs } = tried
  return { ok: value, attempts, ...toCalls(calls), tookMs: Math.round(tookMs) }
}

/** How a round that failed stands in the journal. */
export function toFailure({ error, outcome, attempts, calls }: Extract<Attempted, { did: 'fail' }>): Settled {
  return { error: toKeptError(error), outcome, attempts, ...toCalls(calls) }
}

/** The calls that are kept. */
export function toCalls(calls: readonly CallNote[]): { readonly calls?: readonly CallNote[] } {
  return calls.length === 0 ? {} : { calls: calls.slice(0, maxCallsNoted) }
}
