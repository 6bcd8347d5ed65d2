/**
 * The timer wheel of the real environment: 512 slots of 10 ms, an intrusive list in each. Adding and removing a node is a
 * few pointer writes; one unreferenced interval serves them all, and it runs only while something waits.
 */
import { performance } from 'node:perf_hooks'
import type { Timer, TimerNode, Timers } from '../timers.ts'

const tickMs = 10
const slotCount = 512

class Head implements TimerNode {
  dueMs = Number.POSITIVE_INFINITY
  nextTimer: TimerNode | null = this
  previousTimer: TimerNode | null = this
  expire(): void {}
}

class Callback implements TimerNode, Timer {
  nextTimer: TimerNode | null = null
  previousTimer: TimerNode | null = null
  readonly dueMs: number
  readonly expire: () => void
  readonly #wheel: Wheel
  constructor(wheel: Wheel, dueMs: number, expire: () => void) {
    this.#wheel = wheel
    this.dueMs = dueMs
    this.expire = expire
  }
  cancel(): void {
    this.#wheel.remove(this)
  }
}

/** See {@link Timers}. */
export class Wheel implements Timers {
  readonly #slots: readonly Head[] = Array.from({ length: slotCount }, () => new Head())
  #nowMs = performance.now()
  #tick = Math.floor(this.#nowMs / tickMs)
  #count = 0
  #interval: NodeJS.Timeout | undefined

  coarseMs(): number {
    if (this.#count === 0) this.#nowMs = performance.now()
    return this.#nowMs
  }

  add(node: TimerNode): void {
    if (this.#count++ === 0) this.#start()
    const tick = Math.max(Math.ceil(node.dueMs / tickMs), this.#tick + 1)
    const head = this.#slots[tick & (slotCount - 1)] as Head
    const last = head.previousTimer as TimerNode
    node.previousTimer = last
    node.nextTimer = head
    last.nextTimer = node
    head.previousTimer = node
  }

  remove(node: TimerNode): void {
    const { previousTimer, nextTimer } = node
    if (previousTimer === null || nextTimer === null) return
    previousTimer.nextTimer = nextTimer
    nextTimer.previousTimer = previousTimer
    node.previousTimer = null
    node.nextTimer = null
    this.#count--
  }

  after(delayMs: number, callback: () => void): Timer {
    const node = new Callback(this, performance.now() + Math.max(0, delayMs), callback)
    this.add(node)
    return node
  }

  soon(callback: () => void): void {
    setImmediate(callback)
  }

  #start(): void {
    this.#nowMs = performance.now()
    this.#tick = Math.floor(this.#nowMs / tickMs)
    if (this.#interval !== undefined) return
    this.#interval = setInterval(() => this.#run(), tickMs)
    this.#interval.unref()
  }

  #run(): void {
    if (this.#count === 0) {
      clearInterval(this.#interval)
      this.#interval = undefined
      return
    }
    this.#nowMs = performance.now()
    const target = Math.floor(this.#nowMs / tickMs)
    // After a long pause one round over all slots finds everything that is due.
    if (target - this.#tick > slotCount) this.#tick = target - slotCount
    while (this.#tick < target) this.#sweep(this.#slots[++this.#tick & (slotCount - 1)] as Head)
  }

  /** Collects first, then fires: a callback may add to or remove from the very slot that is being swept. */
  #sweep(head: Head): void {
    const due: TimerNode[] = []
    for (let node = head.nextTimer as TimerNode; node !== head; node = node.nextTimer as TimerNode)
      if (node.dueMs <= this.#nowMs) due.push(node)
    for (const node of due) {
      if (node.previousTimer === null) continue
      this.remove(node)
      node.expire()
    }
  }
}

/** The one wheel of this process: whatever waits in the real environment waits on it. */
export const wheel: Wheel = new Wheel()
