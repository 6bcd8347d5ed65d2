/** The calls under way: bounded, counted, and waited for when the gateway is on its way out. */
import type { Environment } from '../core/environment/environment.ts'
import { BanyanError } from '../core/error.ts'
import { notNow } from './refusal.ts'

/** Something that can be told to stop. */
export interface Stoppable {
  stop(reason: BanyanError): void
}

/** The calls under way in one gateway. */
export class InFlight {
  readonly #environment: Environment
  readonly #max: number
  readonly #calls = new Set<Stoppable>()
  readonly #waiting: (() => void)[] = []
  #draining = false

  constructor(environment: Environment, max: number) {
    this.#environment = environment
    this.#max = max
  }
  get size(): number {
    return this.#calls.size
  }
  get draining(): boolean {
    return this.#draining
  }
  /** Takes a call in; throws what answers 503. */
  enter(call: Stoppable): void {
    if (this.#draining) throw notNow('DRAINING', 'this gateway is stopping')
    if (this.#calls.size >= this.#max) throw notNow('OVERLOADED', `this gateway has ${this.#max} calls under way`)
    this.#calls.add(call)
  }
  leave(call: Stoppable): void {
    this.#calls.delete(call)
    if (this.#calls.size === 0 && this.#draining) for (const done of this.#waiting.splice(0)) done()
  }
  /** Refuses new calls and waits for those under way; stops what is left after `withinMs`. */
  drain(withinMs: number): Promise<void> {
    this.#draining = true
    if (this.#calls.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#environment.timers.after(withinMs, () => {
        const reason = new BanyanError('UNAVAILABLE', 'this gateway stopped before the call was done', {
          reason: 'DRAINING',
          outcome: 'unknown',
        })
        for (const call of [...this.#calls]) call.stop(reason)
        resolve()
      })
      this.#waiting.push(() => {
        timer.cancel()
        resolve()
      })
    })
  }
}
