/** The loop around every variant, the same for all: one call after the other, each awaited, its answer used. */
import { answerParent } from '../measure/peer.ts'
import { inputs } from './payloads.ts'

/** One measurement: nanoseconds per call. */
export interface Sample {
  /** CPU of the thread that runs the program. */
  readonly threadNs: number
  /** CPU of all threads: the collector and the compiler too. */
  readonly processNs: number
  readonly wallNs: number
  readonly calls: number
}

/** Calls between two looks at the clock. */
const chunk = 2_000

/** Makes so many calls and returns the sum of `total` of their answers. */
export type Run = (calls: number, ring: boolean) => Promise<number>

/** What the answers of so many calls add up to; a variant that answers anything else is not measured. */
const expected = Array.from({ length: chunk }, (_, index) => 12.5 + (index & 63) * 3.25).reduce((a, b) => a + b, 0)

/** The usual loop, for variants that are called from outside any handler. */
export const loopOver =
  (targets: readonly ((given: (typeof inputs)[number]) => PromiseLike<{ total: number }>)[]): Run =>
  async (calls, ring) => {
    let checksum = 0
    for (let index = 0; index < calls; index++) {
      const target = (ring ? targets[index % targets.length] : targets[0]) as (typeof targets)[number]
      checksum += (await target(inputs[index & 63] as (typeof inputs)[number])).total
    }
    return checksum
  }

async function measure(run: Run, ring: boolean, ms: number): Promise<Sample> {
  const thread = process.threadCpuUsage()
  const whole = process.cpuUsage()
  const startMs = performance.now()
  let calls = 0
  let nowMs = startMs
  do {
    const sum = await run(chunk, ring)
    if (Math.abs(sum - expected) > 1e-6) throw new Error(`wrong answers: ${sum} instead of ${expected}`)
    calls += chunk
    nowMs = performance.now()
  } while (nowMs - startMs < ms)
  const threadUsed = process.threadCpuUsage(thread)
  const wholeUsed = process.cpuUsage(whole)
  const perCall = (us: number): number => (us * 1_000) / calls
  return {
    threadNs: perCall(threadUsed.user + threadUsed.system),
    processNs: perCall(wholeUsed.user + wholeUsed.system),
    wallNs: ((nowMs - startMs) * 1e6) / calls,
    calls,
  }
}

/** Serves a variant to the parent. The process's first argument says whether it is for the ring or for the hot operation. */
export function serveVariant(run: Run): void {
  const ring = process.argv[2] === 'ring'
  answerParent({ measure: (ms: number) => measure(run, ring, ms) })
}
