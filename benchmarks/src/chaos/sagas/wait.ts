/** Bounded waiting for what other processes do. */
import { setTimeout as sleep } from 'node:timers/promises'

const everyMs = 50

/** Asks until it is so; false when it is not within the time. What throws is not so yet. */
export async function until(
  what: () => Promise<boolean> | boolean,
  withinMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const endMs = performance.now() + withinMs
  for (;;) {
    if (signal?.aborted === true) return false
    if (await isSo(what)) return true
    if (performance.now() >= endMs) return false
    await sleep(everyMs)
  }
}

async function isSo(what: () => Promise<boolean> | boolean): Promise<boolean> {
  try {
    return await what()
  } catch {
    return false
  }
}
