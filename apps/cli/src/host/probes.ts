/** Asks the databases of a host every second whether they answer, so that a probe can be answered at once and from memory. */
import { type Environment, sleep } from 'banyan/core'
import type { Readiness } from 'banyan/runtime'

/** Something that answers or does not. */
export interface Probed {
  readonly name: string
  ping(signal: AbortSignal): Promise<void>
}

/** How often, and how long an answer may take. */
export const probeEveryMs = 1_000
export const probeWithinMs = 2_000

/** See the top of the file. */
export interface Probes {
  readiness(): Readiness
  stop(): void
}

/** Starts asking; ready until something was found not to answer. */
export function startProbes(environment: Environment, probed: readonly Probed[]): Probes {
  const { timers } = environment
  const ended = new AbortController()
  let reasons: readonly string[] = []

  async function ask({ name, ping }: Probed): Promise<string | undefined> {
    const late = new AbortController()
    const timer = timers.after(probeWithinMs, () => late.abort(new Error(`no answer within ${probeWithinMs} ms`)))
    const given = new Promise<never>((_, reject) =>
      late.signal.addEventListener('abort', () => reject(late.signal.reason as Error)),
    )
    try {
      await Promise.race([ping(late.signal), given])
      return undefined
    } catch (error) {
      return `${name} does not answer: ${error instanceof Error ? error.message : String(error)}`
    } finally {
      timer.cancel()
    }
  }

  async function loop(): Promise<void> {
    while (!ended.signal.aborted) {
      const found = await Promise.all(probed.map(ask))
      reasons = found.filter((reason) => reason !== undefined)
      await sleep(timers, probeEveryMs, ended.signal).catch(() => undefined)
    }
  }
  void loop()
  return {
    readiness: () => ({ ready: reasons.length === 0, reasons }),
    stop: () => ended.abort(),
  }
}
