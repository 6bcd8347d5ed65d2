/**
 * The environment of tests: virtual time, seeded randomness, a network and files in memory. A program runs in it to
 * quiescence with no real waiting, and one seed is one schedule.
 */
import type { Environment } from '../environment.ts'
import type { Files } from '../files.ts'
import { createVirtualNetwork, type VirtualNetwork } from './network.ts'
import { createSeededRandom } from './random.ts'
import { Scheduler } from './scheduler.ts'

export type { VirtualNetwork } from './network.ts'

/** An {@link Environment} whose time the test drives. */
export interface VirtualEnvironment extends Environment {
  readonly network: VirtualNetwork
  /**
   * Runs until the promise settles, jumping from timer to timer. Rejects when it can never settle (nothing waits any more)
   * or not within `limitMs` of virtual time (default: a day).
   */
  run<Result>(work: Promise<Result>, limitMs?: number): Promise<Result>
  /** Runs until no timer is left. Rejects when timers are still set after `limitMs` of virtual time (default: a day). */
  quiesce(limitMs?: number): Promise<void>
  /** Lets this much virtual time pass, firing what falls due. */
  advance(ms: number): Promise<void>
  /**
   * Lets time pass in one go, as if the machine had slept: what falls due meanwhile fires once, at the end. For days, in which a
   * program that polls would have millions of turns.
   */
  skip(ms: number): Promise<void>
  /** Moves the calendar clock alone. */
  skewClock(ms: number): void
}

const dayMs = 86_400_000

/** All promise jobs that can run have run when a macrotask gets its turn. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function createMemoryFiles(): Files {
  const texts = new Map<string, string>()
  return {
    readText: async (path) => texts.get(path),
    writeText: async (path, text) => void texts.set(path, text),
    remove: async (path) => void texts.delete(path),
    list: async (path) => {
      const prefix = path.endsWith('/') ? path : `${path}/`
      return [...texts.keys()]
        .filter((name) => name.startsWith(prefix))
        .map((name) => name.slice(prefix.length))
        .sort()
    },
  }
}

/** Creates one. `startMs` is the calendar time it begins at (default: 2026-01-01T00:00:00Z). */
export function createVirtualEnvironment(
  options: { readonly seed?: number; readonly startMs?: number } = {},
): VirtualEnvironment {
  const scheduler = new Scheduler(options.startMs ?? 1_767_225_600_000)
  const random = createSeededRandom(options.seed ?? 1, () => scheduler.now())
  const network = createVirtualNetwork(scheduler, random)

  async function run<Result>(work: Promise<Result>, limitMs: number = dayMs): Promise<Result> {
    const endMs = scheduler.monotonic() + limitMs
    let settled = false
    const note = (): void => {
      settled = true
    }
    work.then(note, note)
    for (;;) {
      await settle()
      if (settled) return work
      const dueMs = scheduler.nextDueMs()
      if (dueMs === undefined) throw new Error('deadlock: the work has not settled and no timer is left to wait for')
      if (dueMs > endMs) throw new Error(`the work has not settled within ${limitMs} ms of virtual time`)
      scheduler.step()
    }
  }

  return {
    clock: scheduler,
    timers: scheduler,
    random,
    network,
    files: createMemoryFiles(),
    run,
    async quiesce(limitMs = dayMs) {
      const endMs = scheduler.monotonic() + limitMs
      for (await settle(); scheduler.pending > 0; await settle()) {
        if ((scheduler.nextDueMs() ?? endMs) > endMs)
          throw new Error(`timers are still set after ${limitMs} ms of virtual time`)
        scheduler.step()
      }
    },
    async advance(ms) {
      const endMs = scheduler.monotonic() + ms
      await settle()
      while ((scheduler.nextDueMs() ?? Number.POSITIVE_INFINITY) <= endMs) {
        scheduler.step()
        await settle()
      }
      scheduler.moveTo(endMs)
      await settle()
    },
    async skip(ms) {
      await settle()
      scheduler.moveTo(scheduler.monotonic() + ms)
      await settle()
    },
    skewClock: (ms) => scheduler.skew(ms),
  }
}
