/** Virtual time: a heap of timers, and a clock that jumps to the next one whenever the program has nothing left to do. */
import type { Clock } from '../environment.ts'
import type { Timer, TimerNode, Timers } from '../timers.ts'

interface Entry {
  readonly node: TimerNode
  readonly dueMs: number
  readonly sequence: number
  removed: boolean
}

const before = (a: Entry, b: Entry): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence)

/** See {@link Clock} and {@link Timers}; time moves only by {@link Scheduler.step}. */
export class Scheduler implements Clock, Timers {
  readonly #startMs: number
  readonly #heap: Entry[] = []
  readonly #entries = new Map<TimerNode, Entry>()
  #elapsedMs = 0
  #skewMs = 0
  #sequence = 0
  constructor(startMs: number) {
    this.#startMs = startMs
  }

  now(): number {
    return this.#startMs + this.#elapsedMs + this.#skewMs
  }
  monotonic(): number {
    return this.#elapsedMs
  }
  coarseMs(): number {
    return this.#elapsedMs
  }
  /** Moves the calendar clock alone, as an operator or NTP would. */
  skew(ms: number): void {
    this.#skewMs += ms
  }

  add(node: TimerNode): void {
    const entry: Entry = {
      node,
      dueMs: Math.max(node.dueMs, this.#elapsedMs),
      sequence: this.#sequence++,
      removed: false,
    }
    this.#entries.set(node, entry)
    this.#push(entry)
  }
  remove(node: TimerNode): void {
    const entry = this.#entries.get(node)
    if (entry === undefined) return
    entry.removed = true
    this.#entries.delete(node)
  }
  after(delayMs: number, callback: () => void): Timer {
    const node: TimerNode = {
      dueMs: this.#elapsedMs + Math.max(0, delayMs),
      nextTimer: null,
      previousTimer: null,
      expire: callback,
    }
    this.add(node)
    return { cancel: () => this.remove(node) }
  }

  soon(callback: () => void): void {
    this.after(0, callback)
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#entries.size
  }
  /** When the next timer is due, on the monotonic clock; undefined when none waits. */
  nextDueMs(): number | undefined {
    while (this.#heap[0]?.removed === true) this.#pop()
    return this.#heap[0]?.dueMs
  }
  /** Goes to the next timer and fires it; false when there is none. */
  step(): boolean {
    const dueMs = this.nextDueMs()
    if (dueMs === undefined) return false
    this.#elapsedMs = Math.max(this.#elapsedMs, dueMs)
    const { node } = this.#pop() as Entry
    this.#entries.delete(node)
    node.expire()
    return true
  }
  /** Goes forward without firing anything that is due later. */
  moveTo(elapsedMs: number): void {
    this.#elapsedMs = Math.max(this.#elapsedMs, elapsedMs)
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let index = heap.push(entry) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!before(entry, heap[parent] as Entry)) break
      heap[index] = heap[parent] as Entry
      index = parent
    }
    heap[index] = entry
  }
  #pop(): Entry | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (heap.length === 0 || last === undefined) return top
    let index = 0
    for (;;) {
      let child = index * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) child++
      if (!before(heap[child] as Entry, last)) break
      heap[index] = heap[child] as Entry
      index = child
    }
    heap[index] = last
    return top
  }
}
