/**
 * A host whose calls to its database and bus are slow, fail before or after they did their work, stall, and stop for ever when
 * it crashes. What it wraps is the real port: only the way there is bad.
 */
import type { Environment } from '../../core/environment/environment.ts'
import { sleep } from '../../core/environment/timers.ts'
import { BanyanError } from '../../core/error.ts'

/** How bad the way is. */
export interface Faults {
  /** Each way of each call takes up to so long, in milliseconds. */
  readonly maxLatencyMs?: number
  /** Share of calls that are never sent, and again of calls whose answer is lost. */
  readonly failureRate?: number
}

export interface FaultyHost {
  wrap<Port extends object>(port: Port): Port
  /** From now on nothing it sends arrives, nothing it waits for comes back, and its open transactions roll back. */
  crash(): void
  /** For so long nothing goes in or out; then all of it goes on, as after SIGSTOP and SIGCONT. */
  stall(ms: number): void
  /** No more random faults. */
  heal(): void
}

export function createFaultyHost(environment: Environment, faults: Faults = {}): FaultyHost {
  const { clock, random, timers } = environment
  let { maxLatencyMs = 0, failureRate = 0 } = faults
  let crashed = false
  let stalledUntilMs = 0

  async function cross(): Promise<void> {
    if (maxLatencyMs > 0) await sleep(timers, random.next() * maxLatencyMs)
    while (clock.monotonic() < stalledUntilMs) await sleep(timers, stalledUntilMs - clock.monotonic())
    if (crashed) await new Promise(() => undefined)
  }
  function maybeFail(outcome: 'none' | 'unknown'): void {
    if (random.next() < failureRate) throw new BanyanError('UNAVAILABLE', 'the connection broke', { outcome })
  }
  /** The work of a transaction runs in the host: when that is gone, the database rolls back. */
  function inHost(work: (tx: unknown) => Promise<unknown>): (tx: unknown) => Promise<unknown> {
    return async (tx) => {
      const result = await work(tx)
      while (clock.monotonic() < stalledUntilMs) await sleep(timers, stalledUntilMs - clock.monotonic())
      if (crashed) throw new Error('the host crashed')
      return result
    }
  }
  function throughFaults(name: string, target: object, method: (...given: unknown[]) => unknown): unknown {
    return async (...given: unknown[]) => {
      await cross()
      maybeFail('none')
      const [first, ...rest] = given
      const sent = name === 'transact' ? [inHost(first as (tx: unknown) => Promise<unknown>), ...rest] : given
      const answer = await method.apply(target, sent)
      await cross()
      maybeFail('unknown')
      return answer
    }
  }

  return {
    wrap<Port extends object>(port: Port): Port {
      return new Proxy(port, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name)
          if (typeof member !== 'function' || String(name).startsWith('on')) return member
          return throughFaults(String(name), target, member as (...given: unknown[]) => unknown)
        },
      })
    },
    crash: () => {
      crashed = true
    },
    stall: (ms) => {
      stalledUntilMs = clock.monotonic() + ms
    },
    heal: () => {
      maxLatencyMs = 0
      failureRate = 0
    },
  }
}
