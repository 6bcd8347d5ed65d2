/** A participant of sagas in tests: keeps answers by key and tombstones, or neither, so that tests can be seen to bite. */
import { BanyanError } from '../core/error.ts'

export class Participant {
  readonly #isIdempotent: boolean
  readonly #answers = new Map<string, number>()
  readonly #undone = new Set<string>()
  readonly #net = new Map<string, number>()

  constructor(isIdempotent = true) {
    this.#isIdempotent = isIdempotent
  }

  /** How often something is done, net of what was undone. */
  get net(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#net].toSorted(([one], [other]) => (one < other ? -1 : 1)))
  }

  async do(what: string, key: string): Promise<number> {
    if (this.#isIdempotent && this.#undone.has(key))
      throw new BanyanError('FAILED_PRECONDITION', 'it was undone before', { reason: 'UNDONE' })
    return this.#once(key, what, 1)
  }

  /** Takes back what was done under a key, if it was; what comes under it later is refused. */
  async undo(what: string, key: string, forwardKey: string): Promise<void> {
    const wasDone = this.#answers.has(forwardKey)
    this.#undone.add(forwardKey)
    if (wasDone || !this.#isIdempotent) this.#once(key, what, -1)
  }

  #once(key: string, what: string, by: number): number {
    const before = this.#answers.get(key)
    if (this.#isIdempotent && before !== undefined) return before
    const net = (this.#net.get(what) ?? 0) + by
    this.#net.set(what, net)
    this.#answers.set(key, net)
    return net
  }
}
