/** An answer that may never come: a connection can be dead without saying so. */
import type { Timers } from '../core/environment/timers.ts'
import { BanyanError } from '../core/error.ts'

/** Settles as the work does, or rejects with UNAVAILABLE `NO_ANSWER` (outcome 'unknown') after this time. */
export function inTime<Result>(timers: Pick<Timers, 'after'>, ms: number, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = timers.after(ms, () =>
      reject(
        new BanyanError('UNAVAILABLE', `the database has not answered within ${ms} ms`, {
          reason: 'NO_ANSWER',
          outcome: 'unknown',
        }),
      ),
    )
    work.then(
      (result) => {
        timer.cancel()
        resolve(result)
      },
      (error: unknown) => {
        timer.cancel()
        reject(error)
      },
    )
  })
}
