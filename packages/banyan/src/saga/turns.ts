/**
 * Turns of all runs of a host: those that are wanted come together, when everything that can run has run. One callback of the event
 * loop serves them all, so 256 runs that are ready cost one.
 */
import type { Timers } from '../core/environment/timers.ts'

/** Whoever has turns. */
export interface TurnTaker {
  turn(): void
}

export class Turns {
  readonly #timers: Pick<Timers, 'soon'>
  #wanted: TurnTaker[] = []

  constructor(timers: Pick<Timers, 'soon'>) {
    this.#timers = timers
  }

  /** A turn for it, once; it asks again for another. */
  want(taker: TurnTaker): void {
    this.#wanted.push(taker)
    if (this.#wanted.length > 1) return
    this.#timers.soon(() => {
      const now = this.#wanted
      this.#wanted = []
      for (const one of now) one.turn()
    })
  }
}
