/**
 * One attempt at one delivery: the handler under a deadline and an abort signal.
 *
 * An attempt whose time is over is given up at once, whether or not its handler listens to the signal. That is safe because
 * the signal is aborted first, and a transaction under an aborted signal does not commit; and should it have committed, the
 * next attempt finds its mark.
 */
import type { Timers } from '../core/environment/timers.ts'
import { BanyanError } from '../core/error.ts'

/** The reason of an attempt that took too long. */
export const handlerTimeout = 'HANDLER_TIMEOUT'

/** Attempts that are running, so that all of them can be ended. */
export interface Attempts {
  /** Runs one; rejects with DEADLINE_EXCEEDED after `timeoutMs`, or with the reason of {@link abort}. */
  run(work: (signal: AbortSignal) => Promise<void>, timeoutMs: number): Promise<void>
  /** Ends all that run. */
  abort(reason: unknown): void
}

export function createAttempts(timers: Timers): Attempts {
  const running = new Set<(reason: unknown) => void>()
  return {
    async run(work, timeoutMs) {
      const controller = new AbortController()
      const { promise, reject } = Promise.withResolvers<never>()
      const end = (reason: unknown): void => {
        controller.abort(reason)
        reject(reason)
      }
      const timer = timers.after(timeoutMs, () => end(tooSlow(timeoutMs)))
      running.add(end)
      try {
        await Promise.race([begin(work, controller.signal), promise])
      } finally {
        timer.cancel()
        running.delete(end)
      }
    },
    abort(reason) {
      for (const end of running) end(reason)
    },
  }
}

/** A handler that throws before its first await rejects like any other. */
async function begin(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
  return work(signal)
}

function tooSlow(timeoutMs: number): BanyanError {
  const message = `the handler of the event took longer than ${timeoutMs} ms (handlerTimeoutMs)`
  return new BanyanError('DEADLINE_EXCEEDED', message, { reason: handlerTimeout, outcome: 'unknown' })
}
