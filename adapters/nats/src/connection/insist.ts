/**
 * Asking until somebody answers. While a stream has no leader nobody answers a question about it, and the client library waits
 * for its whole timeout, also when a leader is there a moment later. So what may be asked twice is asked again soon, and the
 * first answer counts, whichever question it is to: the broker's election is then all that is waited for.
 */
import type { Environment } from 'banyan/core'
import { isAway, unavailable } from './errors.ts'

/** Waits between two questions: 250 ms, then 500 ms. Some ten are open at a time, at most, with the default request timeout. */
export const insistence = { firstMs: 250, laterMs: 500 } as const

/** How it is asked. */
export interface Insistence {
  readonly environment: Pick<Environment, 'clock' | 'timers'>
  /** Given up after so long. */
  readonly withinMs: number
  /** Whether a question that is still open is asked again. If not, only one that was refused because nobody leads. */
  readonly repeatable: boolean
}

/** A question that goes on. */
export interface Insisting<Result> {
  readonly answer: Promise<Result>
  /** Asks no more. */
  stop(): void
}

/** Asks, and again; rejects at once with an error that is an answer, and with the last of those that are none in the end. */
export function insist<Result>(how: Insistence, ask: () => Promise<Result>): Insisting<Result> {
  const { timers } = how.environment
  const { promise, resolve, reject } = Promise.withResolvers<Result>()
  let open = 0
  let last: unknown
  let stopped = false

  function once(): void {
    open += 1
    ask().then(resolve, (error: unknown) => {
      open -= 1
      last = error
      if (!isAway(error, how.repeatable)) reject(error)
    })
  }
  function again(): void {
    if (stopped) return
    if (how.repeatable || open === 0) once()
    timer = timers.after(insistence.laterMs, again)
  }
  const end = timers.after(how.withinMs, () => {
    // What cannot be repeated has a time of its own, after which the client library says what is known of it.
    if (open === 0 || how.repeatable) reject(last ?? unavailable('the NATS server did not answer in time', 'none'))
  })
  let timer = timers.after(insistence.firstMs, again)
  const stop = (): void => {
    stopped = true
    timer.cancel()
    end.cancel()
  }
  once()
  void promise.then(stop, stop)
  return { answer: promise, stop }
}
