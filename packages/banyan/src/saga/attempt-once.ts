/** One attempt: the work, its time, and how it is told to stop. */
import type { BanyanError } from '../core/error.ts'
import type { Attempt } from './host.ts'
import type { CallNote } from './journal.ts'
import type { LiveRun } from './live-run.ts'
import type { UndoRecord } from './operation.ts'
import { attemptTimedOut } from './refusals.ts'
import { never } from './run-shared.ts'

/** How long work that was told to stop may take for it, in milliseconds; less when its own time is over before. */
export const stopGraceMs = 30_000

/** What one attempt needs to know. */
export interface Once {
  readonly name: string
  readonly timeoutMs: number
  readonly idempotencyKey: string
  /** Of an undo: what is undone. */
  readonly undoOf?: UndoRecord | undefined
  /** Told when it is to stop; undefined for what is never stopped. */
  readonly stoppable: {
    readonly stoppedBy: BanyanError | undefined
    onStop: ((error: BanyanError) => void) | undefined
  }
  /** It ends when its signal is aborted, and only then is it known what it did: it is waited for after its time, too. */
  readonly mustEnd?: boolean
  readonly work: (attempt: Attempt) => Promise<unknown>
}

/** What an attempt has called, and how far it came. */
export interface Traces {
  readonly calls: CallNote[]
  /** Calls that were answered well: something was done, whatever the attempt comes to. */
  done: number
}

/** The attempt as its work sees it; the signal is made when it is asked for. */
class OneAttempt implements Attempt {
  readonly wire: string
  readonly idempotencyKey: string
  readonly forwardIdempotencyKey: string | undefined
  readonly outcome: 'done' | 'unknown' | undefined
  readonly attempt: number
  readonly timeoutMs: number
  readonly traceparent: string | undefined
  readonly #traces: Traces
  #controller: AbortController | undefined
  #reason: unknown

  constructor(run: LiveRun, what: Once, attempt: number, traces: Traces) {
    const { undoOf } = what
    this.wire = `${run.shape.name}/${what.name}`
    this.idempotencyKey = what.idempotencyKey
    this.forwardIdempotencyKey = undoOf?.forwardKey
    this.outcome = undoOf === undefined ? undefined : isDone(undoOf) ? 'done' : 'unknown'
    this.attempt = attempt
    this.timeoutMs = what.timeoutMs
    this.traceparent = run.record.traceparent
    this.#traces = traces
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }
  abort(reason: BanyanError): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#controller?.abort(reason)
  }
  onCall = (call: CallNote): (() => void) => {
    this.#traces.calls.push(call)
    return () => {
      this.#traces.done += 1
    }
  }
}

function isDone({ settled }: UndoRecord): boolean {
  return settled !== undefined && settled.error === undefined
}

/**
 * Settles as the work does, or with DEADLINE_EXCEEDED `STEP_TIMEOUT` when it has not settled in time. Work that is told to stop is
 * waited for: what it did is known then, if it ends by itself. Never settles when this host has lost its lease: nothing is begun.
 */
export function attemptOnce(run: LiveRun, what: Once, attempt: number, traces: Traces): Promise<unknown> {
  if (!run.shared.mayAct()) {
    run.lose()
    return never()
  }
  const { timers } = run.shared.host.environment
  const one = new OneAttempt(run, what, attempt, traces)
  return new Promise((resolve, reject) => {
    const end = (): void => {
      timer.cancel()
      what.stoppable.onStop = undefined
    }
    const expire = (): void => {
      const late = what.stoppable.stoppedBy ?? attemptTimedOut(what.name, what.timeoutMs)
      one.abort(late)
      if (what.mustEnd === true) return
      end()
      reject(late)
    }
    let timer = timers.after(what.timeoutMs, expire)
    const stop = (error: BanyanError): void => {
      one.abort(error)
      timer.cancel()
      timer = timers.after(Math.min(what.timeoutMs, stopGraceMs), expire)
    }
    // Not written there at once: V8 makes a function that is assigned to a property in old space, with all that it can see.
    what.stoppable.onStop = stop
    what.work(one).then(
      (value) => {
        end()
        resolve(value)
      },
      (error: unknown) => {
        end()
        reject(error)
      },
    )
  })
}
