/** A journal as a replay reads it: what settles operations, in its order, and what stands beside. */
import type { SagaEntry } from '../store/sagas.ts'
import { bodyOf, isSettling } from './journal.ts'

/** See the top of the file. */
export class History {
  /** What is given to the function, in this order; the last may be `undoing`. */
  readonly #given: SagaEntry[] = []
  readonly #settled = new Map<number, SagaEntry>()
  /** What came of undoing, by operation. */
  readonly undone: Map<number, SagaEntry> = new Map()
  /** Requests that were answered, by their ids. */
  readonly answered: Set<string> = new Set()
  /** Lines for people. */
  readonly notes: number
  #head = 0

  constructor(entries: readonly SagaEntry[]) {
    let isOver = false
    let notes = 0
    for (const entry of entries) {
      if (isSettling(entry)) this.#settled.set(entry.seq, entry)
      else if (entry.kind === 'note') notes += 1
      else if (entry.kind === 'undo') this.undone.set(entry.seq, entry)
      else if (entry.kind === 'answer') this.answered.add(bodyOf<{ id: string }>(entry).id)
      // What settled while everything was being undone was never given to the function.
      if (!isOver && (isSettling(entry) || entry.kind === 'undoing')) this.#given.push(entry)
      isOver ||= entry.kind === 'undoing'
    }
    this.notes = notes
  }

  /** The next that is given; undefined at the end, where life begins. */
  get next(): SagaEntry | undefined {
    return this.#given[this.#head]
  }
  get isLeft(): boolean {
    return this.#head < this.#given.length
  }
  /** So many outcomes were given. */
  get given(): number {
    return this.#head
  }
  step(): void {
    this.#head += 1
  }
  /** The entry that settles an operation. */
  of(seq: number): SagaEntry | undefined {
    return this.#settled.get(seq)
  }
  /** `1 step 'reserve'` and so on. */
  lines(): readonly string[] {
    return [...this.#settled.values()]
      .toSorted((one, other) => one.seq - other.seq)
      .map(({ seq, kind, name }) => `${seq} ${toTitle(kind, name)}`)
  }
}

/** How an operation is named in messages. */
export function toTitle(kind: string, name: string): string {
  return `${kind} '${name}'`
}
