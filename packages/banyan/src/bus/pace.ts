/** The pace of replays: events of one request keep a distance, so that a replay does not push everything else aside. */
import type { Clock } from '../core/environment/environment.ts'
import type { Timers } from '../core/environment/timers.ts'
import { sleep } from '../core/environment/timers.ts'

export interface Pace {
  /** Waits for the next place of this request; false when it was closed meanwhile. */
  next(request: string, perSecond: number): Promise<boolean>
  /** Waits so long, or until it is closed. */
  pause(ms: number): Promise<void>
  /** Ends all waits, those to come too. */
  close(): void
}

/** Requests whose places are remembered; the oldest is forgotten first, and may then be early once. */
const maxRequests = 1_000

export function createPace(clock: Clock, timers: Timers): Pace {
  const places = new Map<string, number>()
  const closing = new AbortController()

  async function pause(ms: number): Promise<void> {
    if (ms > 0) await sleep(timers, ms, closing.signal).catch(() => undefined)
  }
  function take(request: string, perSecond: number): number {
    const now = clock.monotonic()
    const place = Math.max(now, places.get(request) ?? 0)
    places.delete(request)
    places.set(request, place + 1_000 / perSecond)
    const oldest = places.size > maxRequests ? places.keys().next().value : undefined
    if (oldest !== undefined) places.delete(oldest)
    return place - now
  }

  return {
    async next(request, perSecond) {
      await pause(take(request, perSecond))
      return !closing.signal.aborted
    },
    pause,
    close: () => closing.abort(),
  }
}
