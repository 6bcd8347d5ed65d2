/** The calls under way: bounded, counted, and waited for when the gateway is on its way out. */
import type { Environment } from '../core/environment/environment.ts'
import { BanyanError } from '../core/error.ts'
import { notNow } from './refusal.ts'

/** A call under way, and a link of the list of them: entering and leaving then costs no allocation. */
export interface InFlightCall {
  nextCall: InFlightCall | undefined
  previousCall: InFlightCall | undefined
  stop(reason: BanyanError): void
}

/** The calls under way in one gateway. */
export class InFlight {
  readonly #environment: Environment
  readonly #max: number
  #first: InFlightCall | undefined
  #size = 0
  readonly #waiting: (() => void)[] = []
  #draining = false

  constructor(environment: Environment, max: number) {
    this.#environment = environment
    this.#max = max
  }
  get size(): number {
    return this.#size
  }
  get draining(): boolean {
    return this.#draining
  }
  /** Takes a call in, which then has to leave exactly once; throws what answers 503. */
  enter(call: InFlightCall): void {
    if (this.#draining) throw notNow('DRAINING', 'this gateway is stopping')
    if (this.#size >= this.#max) throw notNow('OVERLOADED', `this gateway has ${this.#max} calls under way`)
    call.nextCall = this.#first
    if (this.#first !== undefined) this.#first.previousCall = call
    this.#first = call
    this.#size++
  }
  leave(call: InFlightCall): void {
    if (call.previousCall === undefined) this.#first = call.nextCall
    else call.previousCall.nextCall = call.nextCall
    if (call.nextCall !== undefined) call.nextCall.previousCall = call.previousCall
    call.nextCall = undefined
    call.previousCall = undefined
    this.#size--
    if (this.#size === 0 && this.#draining) for (const done of this.#waiting.splice(0)) done()
  }
  /** Refuses new calls and waits for those under way; stops what is left after `withinMs`. */
  drain(withinMs: number): Promise<void> {
    this.#draining = true
    if (this.#size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#environment.timers.after(withinMs, () => {
        const reason = new BanyanError('UNAVAILABLE', 'this gateway stopped before the call was done', {
          reason: 'DRAINING',
          outcome: 'unknown',
        })
        // A call that is stopped may leave at once: its next one is read first.
        for (let call = this.#first, next = call?.nextCall; call !== undefined; call = next, next = call?.nextCall)
          call.stop(reason)
        resolve()
      })
      this.#waiting.push(() => {
        timer.cancel()
        resolve()
      })
    })
  }
}
