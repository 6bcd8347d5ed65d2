/**
 * Timers on one shared wheel. A call needs a deadline, and a timer of the operating system for each would cost more than
 * the call; so deadlines are nodes that are linked into a slot and out of it again, and one tick serves them all.
 *
 * Source: Varghese & Lauck, "Hashed and Hierarchical Timing Wheels" (1987), scheme 6.
 */

/** A node of the wheel. Hot objects (a call's context) implement it themselves and so need no allocation. */
export interface TimerNode {
  /** When it is due, on the monotonic clock, in milliseconds. */
  dueMs: number
  /** Links; owned by the wheel, null while not on it. */
  nextTimer: TimerNode | null
  previousTimer: TimerNode | null
  /** Called once, never before `dueMs`; at most one tick (10 ms) after it when the process is not busy. */
  expire(): void
}

/** A timer that can be taken back. */
export interface Timer {
  cancel(): void
}

/** The shared wheel. */
export interface Timers {
  /** The monotonic clock as of the last tick or reading: cheap, at most one tick old while timers are pending. */
  coarseMs(): number
  /** Puts a node on the wheel; it must not be on it already. */
  add(node: TimerNode): void
  /** Takes a node off; nothing happens when it is not on. */
  remove(node: TimerNode): void
  /** Calls back once after `delayMs` or a little later. Does not keep the process alive. */
  after(delayMs: number, callback: () => void): Timer
  /** Calls back once everything that can run now has run: all settled promises have been seen by who waits for them. */
  soon(callback: () => void): void
}

/** Waits; rejects with the signal's reason when it is aborted first. */
export function sleep(timers: Timers, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const timer = timers.after(delayMs, () => {
      signal?.removeEventListener('abort', abort)
      resolve()
    })
    const abort = (): void => {
      timer.cancel()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', abort, { once: true })
  })
}
