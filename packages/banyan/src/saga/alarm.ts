/** One call back at a time that may be moved. */
import type { Timer, Timers } from '../core/environment/timers.ts'

export class Alarm {
  readonly #timers: Pick<Timers, 'after'>
  readonly #ring: () => void
  #timer: Timer | undefined
  #dueMs: number | undefined

  constructor(timers: Pick<Timers, 'after'>, ring: () => void) {
    this.#timers = timers
    this.#ring = ring
  }

  /** Rings at that time, or not at all. */
  set(dueMs: number | undefined, nowMs: () => number): void {
    if (this.#dueMs === dueMs) return
    this.#timer?.cancel()
    this.#dueMs = dueMs
    if (dueMs === undefined) return
    this.#timer = this.#timers.after(Math.max(1, dueMs - nowMs()), () => {
      this.#dueMs = undefined
      this.#ring()
    })
  }
}
