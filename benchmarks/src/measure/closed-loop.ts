/**
 * So many workers, each with one call under way at a time: the next begins when the last has been answered. A slow answer
 * therefore holds its worker back, so the highest latencies are seen less often than an open load would see them.
 */
import { percentile } from './statistics.ts'

/** What a run of the loop gave; latencies in microseconds. */
export interface Load {
  readonly calls: number
  readonly perSecond: number
  readonly p50Us: number
  readonly p99Us: number
}

const maxLatencies = 1_000_000

/** Runs `workers` workers for `ms` milliseconds. A call that fails ends the run with its error. */
export async function closedLoop(
  workers: number,
  ms: number,
  call: (index: number) => Promise<unknown>,
): Promise<Load> {
  const latencies = new Float64Array(maxLatencies)
  const startMs = performance.now()
  const endMs = startMs + ms
  let calls = 0
  const work = async (): Promise<void> => {
    for (let beforeMs = performance.now(); beforeMs < endMs; ) {
      const index = calls++
      await call(index)
      const nowMs = performance.now()
      latencies[index % maxLatencies] = (nowMs - beforeMs) * 1_000
      beforeMs = nowMs
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  const seconds = (performance.now() - startMs) / 1_000
  const seen = latencies.subarray(0, Math.min(calls, maxLatencies))
  return { calls, perSecond: calls / seconds, p50Us: percentile(seen, 0.5), p99Us: percentile(seen, 0.99) }
}

const maxWarmUpMs = 20_000

/** Runs loads until there were so many calls, for 20 s at most. */
export async function warmUp(calls: number, load: (ms: number) => Promise<Load>): Promise<void> {
  const endMs = performance.now() + maxWarmUpMs
  for (let made = 0; made < calls && performance.now() < endMs; ) made += (await load(1_000)).calls
}
