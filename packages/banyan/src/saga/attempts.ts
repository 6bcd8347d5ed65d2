/**
 * Attempts of one thing (a step, a transaction, an undo) until one succeeds, fails for good, or there were enough. Short waits are
 * spent here; before a long one the run is let go, and how many attempts there were is kept beside it.
 */
import { equalJitterMs } from '../bus/backoff.ts'
import { sleep } from '../core/environment/timers.ts'
import { type BanyanError, fromUnknown, type Outcome, toErrorDocument } from '../core/error.ts'
import type { Attempt } from './host.ts'
import type { CallNote, SagaNote, Settled } from './journal.ts'
import type { UndoRecord } from './operation.ts'
import { type ResolvedRetry, shortWaitMs } from './options.ts'
import { attemptTimedOut } from './refusals.ts'
import type { SagaRun } from './run.ts'
import { joinOutcomes } from './step-policy.ts'

/** What is attempted. */
export interface Attempting {
  /** `3` for an operation, `u3` for its undo: by which its attempts are kept. */
  readonly label: string
  readonly name: string
  readonly seq: number
  readonly retry: ResolvedRetry
  readonly timeoutMs: number
  readonly isTerminal: (error: unknown) => boolean
  readonly idempotencyKey: string
  /** Of an undo: what is undone. */
  readonly undoOf?: UndoRecord
  readonly signal: AbortSignal
  /** It may have been done before this host knew of it. */
  readonly mayHaveBegun: boolean
  readonly once: (attempt: Attempt) => Promise<unknown>
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
export async function attemptAll(run: SagaRun, what: Attempting): Promise<Attempted> {
  const before = run.note.retries?.[what.label]
  let attempts = before?.attempts ?? 0
  let outcome: Outcome = what.mayHaveBegun || before !== undefined ? 'unknown' : 'none'
  for (;;) {
    attempts += 1
    const calls: CallNote[] = []
    const startMs = run.shared.host.environment.clock.monotonic()
    try {
      const value = await once(run, what, attempts, calls)
      const tookMs = run.shared.host.environment.clock.monotonic() - startMs
      forget(run, what.label)
      return { did: 'succeed', value, attempts, calls, tookMs }
    } catch (thrown) {
      const error = fromUnknown(thrown)
      outcome = joinOutcomes(outcome, error.outcome)
      const isOver = what.isTerminal(thrown) || (!isEndless(run, what) && attempts >= what.retry.maxAttempts)
      if (what.signal.aborted || isOver) {
        forget(run, what.label)
        return { did: 'fail', error, outcome, attempts, calls }
      }
      const { environment } = run.shared.host
      const waitMs = Math.max(
        error.retryAfterMs ?? 0,
        equalJitterMs(what.retry, Math.min(attempts, 64), environment.random),
      )
      remember(run, what.label, attempts, run.shared.now() + waitMs, error)
      if (waitMs > shortWaitMs) return { did: 'wait', dueMs: run.shared.now() + waitMs }
      await sleep(environment.timers, waitMs, what.signal).catch(() => undefined)
    }
  }
}

/** After the point of no return a step is tried until it is done. */
const isEndless = (run: SagaRun, { undoOf }: Attempting): boolean => run.isPast && undoOf === undefined

async function once(run: SagaRun, what: Attempting, attempt: number, calls: CallNote[]): Promise<unknown> {
  const { environment } = run.shared.host
  const late = new AbortController()
  const { promise, reject } = Promise.withResolvers<never>()
  const expire = (error: unknown): void => {
    late.abort(error)
    reject(error)
  }
  const timer = environment.timers.after(what.timeoutMs, () => expire(attemptTimedOut(what.name, what.timeoutMs)))
  const stop = (): void => expire(what.signal.reason)
  if (what.signal.aborted) stop()
  else what.signal.addEventListener('abort', stop, { once: true })
  promise.catch(() => undefined)
  const { undoOf } = what
  try {
    const work = what.once({
      wire: `${run.shape.name}/${what.name}`,
      idempotencyKey: what.idempotencyKey,
      forwardIdempotencyKey: undoOf?.forwardKey,
      outcome:
        undoOf === undefined
          ? undefined
          : undoOf.settled?.error === undefined && undoOf.settled !== undefined
            ? 'done'
            : 'unknown',
      attempt,
      timeoutMs: what.timeoutMs,
      traceparent: run.record.traceparent,
      signal: late.signal,
      onCall: (call) => void calls.push(call),
    })
    return await Promise.race([work, promise])
  } finally {
    timer.cancel()
    what.signal.removeEventListener('abort', stop)
  }
}

function remember(run: SagaRun, label: string, attempts: number, dueMs: number, error: BanyanError): void {
  const said = `${error.reason ?? error.code}: ${error.message}`.slice(0, maxErrorShown)
  const retries: Retries = { ...run.note.retries, [label]: { attempts, dueMs, error: said } }
  run.note = { ...run.note, retries }
}

function forget(run: SagaRun, label: string): void {
  if (run.note.retries?.[label] === undefined) return
  const { [label]: _, ...retries } = run.note.retries
  run.note = { ...run.note, retries }
}

/** How a round of attempts stands in the journal. */
export function toSettled(attempted: Exclude<Attempted, { readonly did: 'wait' }>): Settled {
  const { attempts, calls } = attempted
  const more = { attempts, ...(calls.length > 0 && { calls }) }
  if (attempted.did === 'succeed') return { ok: attempted.value, ...more, tookMs: Math.round(attempted.tookMs) }
  return { error: toErrorDocument(attempted.error), outcome: attempted.outcome, ...more }
}
