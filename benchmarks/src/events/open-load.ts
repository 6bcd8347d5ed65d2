/** An open load: so many calls a second at random moments (Poisson), so that a slow answer does not hold back what comes next. */
import { setTimeout as sleep } from 'node:timers/promises'

/** What a producer is asked for. */
export interface OpenLoad {
  readonly perSecond: number
  readonly ms: number
}

/** Sends until the time is over, waits for all of it; gives how many were sent. */
export async function openLoad({ perSecond, ms }: OpenLoad, send: (index: number) => Promise<void>): Promise<number> {
  const pending: Promise<void>[] = []
  const startMs = performance.now()
  for (let atMs = 0; atMs < ms; atMs += (-Math.log(1 - Math.random()) * 1_000) / perSecond) {
    const waitMs = startMs + atMs - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    pending.push(send(pending.length))
  }
  await Promise.all(pending)
  return pending.length
}
