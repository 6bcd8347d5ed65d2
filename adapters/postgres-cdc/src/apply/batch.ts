/** What the next transaction at the service will hold: events, and the keys they are about. Bounded in events and bytes. */
import type { NewEvent, StoreTransaction } from 'banyan/store'
import type { Change } from '../change.ts'
import { KeyChanges } from '../state/row-keys.ts'

export interface BatchLimits {
  readonly events: number
  readonly bytes: number
}

export class Batch {
  readonly #limits: BatchLimits
  readonly #events: NewEvent[] = []
  readonly #keys: KeyChanges | undefined
  #bytes = 0
  #changes = 0
  lastCommitMs: number | undefined

  constructor(limits: BatchLimits, keepsKeys: boolean) {
    this.#limits = limits
    this.#keys = keepsKeys ? new KeyChanges() : undefined
  }

  get changes(): number {
    return this.#changes
  }

  get events(): number {
    return this.#events.length
  }

  /** Changes that make no event count too: the position has to be stored now and then. */
  get full(): boolean {
    return (
      this.#events.length >= this.#limits.events ||
      this.#bytes >= this.#limits.bytes ||
      this.#changes >= this.#limits.events * 20
    )
  }

  add(change: Change, events: readonly NewEvent[]): void {
    this.#changes += 1
    this.lastCommitMs = change.commit.timeMs
    for (const event of events) {
      this.#events.push(event)
      this.#bytes += event.envelope.length
    }
    if (this.#keys === undefined) return
    this.#keys.add(change)
    if ('key' in change) this.#bytes += 100
  }

  /** Puts all of it into a transaction. */
  async write(tx: StoreTransaction, source: string, generation: number): Promise<void> {
    if (this.#keys !== undefined && this.#keys.size > 0) await this.#keys.write(tx, source, generation)
    for (const event of this.#events) tx.publish(event)
  }
}
