/** How many runs one host may have in its hands, in all and of each saga. */
import type { TakeRequest } from '../store/sagas.ts'
import type { SagaShape } from './shape.ts'

/** Runs at a time, of one service on one host. */
export const maxActive = 256

export class Room {
  /** Starts under way that will be held here. */
  readonly beginning: Map<string, SagaShape> = new Map()
  readonly #shapes: readonly SagaShape[]
  readonly #most: number
  readonly #perName = new Map<string, number>()
  #active = 0

  constructor(shapes: readonly SagaShape[], most: number) {
    this.#shapes = shapes
    this.#most = most
  }

  get isFull(): boolean {
    return this.#active >= this.#most
  }

  enter({ name }: SagaShape): void {
    this.#active += 1
    this.#perName.set(name, (this.#perName.get(name) ?? 0) + 1)
  }
  /** True when there was no room for another of it. */
  leave(shape: SagaShape): boolean {
    const wasFull = this.isFull || this.#roomOf(shape) <= 0
    this.#active -= 1
    this.#perName.set(shape.name, (this.#perName.get(shape.name) ?? 1) - 1)
    return wasFull
  }

  hasFor(shape: SagaShape): boolean {
    return this.#active + this.beginning.size < this.#most && this.#roomOf(shape) > this.#beginningOf(shape)
  }
  #roomOf({ name, concurrency = this.#most }: SagaShape): number {
    return concurrency - (this.#perName.get(name) ?? 0)
  }
  #beginningOf({ name, concurrency }: SagaShape): number {
    if (concurrency === undefined || this.beginning.size === 0) return 0
    return [...this.beginning.values()].filter((one) => one.name === name).length
  }

  /** What may be taken; a saga whose own bound is reached is left out. Undefined when there is no room. */
  toRequest(): Pick<TakeRequest, 'kinds' | 'limit'> | undefined {
    const kinds: SagaShape[] = []
    let limit = this.#most - this.#active - this.beginning.size
    for (const shape of this.#shapes) {
      const room = shape.concurrency === undefined ? limit : this.#roomOf(shape)
      if (room <= 0) continue
      kinds.push(shape)
      limit = Math.min(limit, room)
    }
    if (kinds.length === 0 || limit <= 0) return undefined
    return { kinds: kinds.map(({ name, version }) => ({ name, version })), limit }
  }
}
