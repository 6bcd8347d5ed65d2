/** The wait of one loop: until it is woken or a time is over. Without a time it sets no timer, so an idle loop costs nothing. */
import type { Timers } from '../core/environment/timers.ts'

export class Wake {
  readonly #timers: Pick<Timers, 'after'>
  #woken = false
  #end: (() => void) | undefined

  constructor(timers: Pick<Timers, 'after'>) {
    this.#timers = timers
  }

  /** Until woken or the time is over; a wake since the last wait ends it at once. */
  async idle(ms: number | undefined): Promise<void> {
    if (!this.#woken) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = ms === undefined ? undefined : this.#timers.after(ms, resolve)
      this.#end = resolve
      await promise
      this.#end = undefined
      timer?.cancel()
    }
    this.#woken = false
  }

  wake(): void {
    this.#woken = true
    this.#end?.()
  }
}
