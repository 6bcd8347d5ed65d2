/**
 * The keys of a session's group that are parked. A key leaves when all of its parked events were replayed, and at that moment
 * no event of it may be on its way behind them: it would stay parked alone while its successors are applied. So whoever parks
 * says so, and the one who gives the key back waits for them and keeps new ones out meanwhile.
 */

export class ParkedKeys {
  readonly #keys = new Set<string>()
  readonly #parking = new Map<string, Set<Promise<unknown>>>()
  readonly #leaving = new Map<string, Promise<void>>()

  get size(): number {
    return this.#keys.size
  }
  has(key: string): boolean {
    return this.#keys.has(key)
  }
  add(key: string): void {
    this.#keys.add(key)
  }

  /** Parks behind what is parked of the key; false, and nothing done, when the key is not parked any more. */
  async behind(key: string, park: () => Promise<void>): Promise<boolean> {
    await this.#leaving.get(key)
    if (!this.#keys.has(key)) return false
    await this.#track(key, park())
    return true
  }

  /** Parks the first event of a key. */
  async first(key: string, park: () => Promise<void>): Promise<void> {
    await this.#leaving.get(key)
    await this.#track(key, park())
  }

  /** Lets a key go if nothing of it is parked, asked when nobody is parking. */
  async leave(key: string, isEmpty: () => Promise<boolean>): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#leaving.set(key, promise)
    try {
      await Promise.allSettled(this.#parking.get(key) ?? [])
      const left = await isEmpty()
      if (left) this.#keys.delete(key)
      return left
    } finally {
      this.#leaving.delete(key)
      resolve()
    }
  }

  async #track(key: string, parking: Promise<void>): Promise<void> {
    const under = this.#parking.get(key) ?? new Set()
    this.#parking.set(key, under.add(parking))
    try {
      await parking
      this.#keys.add(key)
    } finally {
      under.delete(parking)
      if (under.size === 0) this.#parking.delete(key)
    }
  }
}
