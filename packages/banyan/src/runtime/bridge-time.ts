/** Waiting for something for a bounded time. */
import type { Timers } from '../core/environment/timers.ts'

/** What the work gives, or undefined when it takes longer. Rejects with it. */
export async function within<Result>(
  timers: Timers,
  withinMs: number,
  work: Promise<Result>,
): Promise<Result | undefined> {
  const late = Promise.withResolvers<undefined>()
  const timer = timers.after(withinMs, () => late.resolve(undefined))
  try {
    return await Promise.race([work, late.promise])
  } finally {
    timer.cancel()
  }
}
