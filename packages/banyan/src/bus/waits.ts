/**
 * The waits of a loop: one that a hint ends early, one that it does not (a back-off that every hint cuts short is a busy
 * loop), and a way to end whichever is going on.
 */
import type { Timers } from '../core/environment/timers.ts'

export interface Waits {
  /** Until woken, interrupted, or the time is over. A wake that came since the last idle ends it at once. */
  idle(ms: number): Promise<void>
  /** Until interrupted or the time is over. */
  pause(ms: number): Promise<void>
  wake(): void
  /** Ends the wait that is going on, of either kind. */
  interrupt(): void
}

/** The waits of one loop: one wait at a time. */
export function createWaits(timers: Timers): Waits {
  let woken = false
  let idling = false
  let end: (() => void) | undefined

  async function wait(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = timers.after(ms, resolve)
    end = resolve
    await promise
    timer.cancel()
    end = undefined
  }

  return {
    async idle(ms) {
      if (!woken) {
        idling = true
        await wait(ms)
        idling = false
      }
      woken = false
    },
    pause: wait,
    wake() {
      woken = true
      if (idling) end?.()
    },
    interrupt: () => end?.(),
  }
}
