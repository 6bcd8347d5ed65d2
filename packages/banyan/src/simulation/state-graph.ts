/**
 * What an exploration has found: each state once, the way to it, and every step between two states. Numbers instead of objects,
 * and arrays that grow by doubling, because there are millions of steps.
 */

/** A list of whole numbers. */
class Numbers {
  #items = new Int32Array(1_024)
  length = 0

  push(item: number): void {
    if (this.length === this.#items.length) {
      const wider = new Int32Array(this.#items.length * 2)
      wider.set(this.#items)
      this.#items = wider
    }
    this.#items[this.length++] = item
  }

  at(index: number): number {
    return this.#items[index] as number
  }
}

/** Calls with the state at the other end and the number of the action. */
export type Visit = (to: number, action: number) => void

/** States are numbered in the order in which they were found, so a smaller number is never farther from the start. */
export class StateGraph<State> {
  readonly states: State[] = []
  readonly #parents = new Numbers()
  readonly #actions = new Numbers()
  readonly #depths = new Numbers()
  // The steps of state i are those from #first[i] to #first[i + 1]: they are added state by state.
  readonly #first = new Numbers()
  readonly #to = new Numbers()
  readonly #by = new Numbers()

  /** The number of the state that was added; `parent` -1 for an initial one. */
  add(state: State, parent: number, action: number): number {
    this.#parents.push(parent)
    this.#actions.push(action)
    this.#depths.push(parent < 0 ? 0 : this.#depths.at(parent) + 1)
    return this.states.push(state) - 1
  }

  /** The steps that are added next are those of the next state. */
  open(): void {
    this.#first.push(this.#to.length)
  }

  step(to: number, action: number): void {
    this.#to.push(to)
    this.#by.push(action)
  }

  get transitions(): number {
    return this.#to.length
  }

  /** Steps from the start to the state that is farthest from it. */
  get depth(): number {
    return this.states.length === 0 ? 0 : this.#depths.at(this.states.length - 1)
  }

  /** The shortest way to a state: states from the start on, each with the action that led to it (-1 for the first). */
  path(to: number): { readonly state: number; readonly action: number }[] {
    const found: { state: number; action: number }[] = []
    for (let state = to; state >= 0; state = this.#parents.at(state))
      found.push({ state, action: this.#actions.at(state) })
    return found.reverse()
  }

  forEachStep(from: number, visit: Visit): void {
    const end = this.#endOf(from)
    for (let index = this.#first.at(from); index < end; index++) visit(this.#to.at(index), this.#by.at(index))
  }

  /** How many steps lead away from a state. */
  countOf(from: number): number {
    return this.#endOf(from) - this.#first.at(from)
  }

  /** The step of a state by its place, for walks that stop and go on. */
  stepAt(from: number, place: number): number {
    return this.#to.at(this.#first.at(from) + place)
  }

  #endOf(from: number): number {
    return from + 1 < this.#first.length ? this.#first.at(from + 1) : this.#to.length
  }
}
