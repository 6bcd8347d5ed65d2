/**
 * One thing that is asked of a database for `/metrics`: asked at most so often however many ask, never twice at a time, and not
 * waited for longer than a scrape may take. What does not answer is missing from the numbers, and that it is missing is a number.
 */
import type { Environment } from '../core/environment/environment.ts'

/** Answers are as old as this at most, in milliseconds, unless they take long. */
export const partFreshMs = 2_000
/** Of a question that takes long no more than this part of the time goes into asking; its answers may be so old for that, at most. */
export const partShare = 0.02
export const partStaleMs = 30_000
/** How long an answer is waited for, in milliseconds. Prometheus gives a scrape ten seconds. */
export const partWithinMs = 1_500

/** Gives what was asked for, or undefined when nobody answers. */
export type Part<Answer> = () => Promise<Answer | undefined>

/** Makes it; nothing is asked yet. */
export function createPart<Answer>({ clock, timers }: Environment, ask: () => Promise<Answer>): Part<Answer> {
  let running: Promise<Answer | undefined> | undefined
  let askedMs = Number.NEGATIVE_INFINITY
  let freshMs = partFreshMs
  let open = false

  return async () => {
    if (running === undefined || clock.monotonic() - askedMs > freshMs) running = start(running)
    const late = Promise.withResolvers<undefined>()
    const timer = timers.after(partWithinMs, () => late.resolve(undefined))
    try {
      return await Promise.race([running, late.promise])
    } finally {
      timer.cancel()
    }
  }

  /** A question that is still open is not asked again: a database that hangs is not helped by more of them. */
  function start(before: typeof running): Promise<Answer | undefined> {
    if (before !== undefined && open) return before
    askedMs = clock.monotonic()
    open = true
    return ask()
      .catch(() => undefined)
      .finally(() => {
        open = false
        freshMs = Math.min(partStaleMs, Math.max(partFreshMs, (clock.monotonic() - askedMs) / partShare))
      })
  }
}
