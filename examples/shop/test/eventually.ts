// Waiting for a real process, with a bound: asks again until the answer is the wanted one, and says what it saw last.

import { setTimeout as sleep } from 'node:timers/promises'

export interface EventuallyOptions {
  timeoutMs?: number
  intervalMs?: number
}

export const defaultWaitMs = 30_000

/** Reads until `until` holds. A reading that throws counts as "not yet"; it is reported when time is over. */
export async function eventually<T>(
  what: string,
  read: () => Promise<T>,
  until: (value: T) => boolean,
  { timeoutMs = defaultWaitMs, intervalMs = 50 }: EventuallyOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const attempt = await read().then(
      (value) => ({ value, error: undefined }),
      (error: unknown) => ({ value: undefined, error }),
    )
    if (attempt.error === undefined && until(attempt.value as T)) return attempt.value as T
    if (performance.now() >= deadline) {
      const last = attempt.error === undefined ? JSON.stringify(attempt.value) : String(attempt.error)
      throw new Error(`waited ${timeoutMs} ms for ${what}; last: ${last.slice(0, 1_000)}`)
    }
    await sleep(intervalMs)
  }
}
