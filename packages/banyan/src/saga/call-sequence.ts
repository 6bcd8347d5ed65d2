/** The operations that the function has begun, in order: their numbers, and whether they are those of the journal. */
import type { BanyanError } from '../core/error.ts'
import { type History, toTitle } from './history.ts'
import { maxParallel, maxSteps } from './options.ts'
import { nonDeterministic, tooManySteps, tooParallel } from './refusals.ts'

export class CallSequence {
  readonly #history: History
  readonly #limit: number
  readonly #begun: { readonly kind: string; readonly name: string }[] = []

  constructor(history: History, limit: number = maxSteps) {
    this.#history = history
    this.#limit = limit
  }

  /** The number of the last. */
  get last(): number {
    return this.#begun.length
  }

  /** The number of the next, or why there may be none. */
  next(kind: string, name: string, underWay: number): number | BanyanError {
    if (this.last >= this.#limit) return tooManySteps(this.#limit)
    if (underWay >= maxParallel) return tooParallel()
    this.#begun.push({ kind, name })
    const known = this.#history.of(this.last)
    if (known === undefined || (known.kind === kind && known.name === name)) return this.last
    const was = toTitle(known.kind, known.name)
    return this.differs(`operation ${this.last} was ${was} and is ${toTitle(kind, name)} now`)
  }

  /** Code and journal do not agree; both are shown. */
  differs(what: string): BanyanError {
    const code = this.#begun.map(({ kind, name }, index) => `${index + 1} ${toTitle(kind, name)}`)
    return nonDeterministic(this.#history.lines(), code, what)
  }
}
