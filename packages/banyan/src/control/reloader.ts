/**
 * Turns a flurry of changes (an editor that saves, a checkout, a formatter) into few reloads: one after a moment of quiet,
 * at the latest after a while, never two at once. What changes during a reload is reloaded after it.
 */
import type { Environment } from '../core/environment/environment.ts'
import type { Timer } from '../core/environment/timers.ts'

/** What {@link createReloader} takes; times in milliseconds. */
export interface ReloaderOptions {
  readonly environment: Environment
  /** Must not reject. Gets what changed, at most `maxNames` of it. */
  readonly reload: (changed: readonly string[]) => Promise<void>
  /** Quiet that ends a flurry. Default 150. */
  readonly quietMs?: number
  /** Longest a change waits while others follow. Default 2 000. */
  readonly mostMs?: number
}

/** See the top of the file. */
export interface Reloader {
  changed(name: string): void
  /** Nothing is reloaded any more. */
  close(): void
}

/** Names kept of one flurry; they are for a message. */
export const maxNames = 100

/** Creates it. */
export function createReloader(options: ReloaderOptions): Reloader {
  const { environment, reload, quietMs = 150, mostMs = 2_000 } = options
  const { clock, timers } = environment
  let names = new Set<string>()
  let firstMs = 0
  let timer: Timer | undefined
  let busy = false
  let closed = false

  function wait(): void {
    timer?.cancel()
    const delayMs = Math.max(0, Math.min(quietMs, firstMs + mostMs - clock.monotonic()))
    timer = timers.after(delayMs, () => void run())
  }

  async function run(): Promise<void> {
    timer = undefined
    if (busy || closed || names.size === 0) return
    const changed = [...names]
    names = new Set()
    busy = true
    await reload(changed)
    busy = false
    if (names.size > 0 && !closed) wait()
  }

  return {
    changed(name) {
      if (closed) return
      if (names.size === 0) firstMs = clock.monotonic()
      if (names.size < maxNames) names.add(name)
      if (!busy) wait()
    },
    close() {
      closed = true
      timer?.cancel()
    },
  }
}
