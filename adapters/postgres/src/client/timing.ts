/** The one place where this package waits. Injected wherever a test may want to decide when time is up. */

/** Calls back once after a delay, unless cancelled. */
export type Delay = (delayMs: number, callback: () => void) => { cancel(): void }

/** Timers of the process. They do not keep it alive: sockets do that. */
export const processTimers: Delay = (delayMs, callback) => {
  const timer = setTimeout(callback, delayMs)
  timer.unref()
  return { cancel: () => clearTimeout(timer) }
}

/** Waits. */
export function pause(after: Delay, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    after(delayMs, resolve)
  })
}
