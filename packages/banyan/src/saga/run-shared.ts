/** What the runs of one host share, and how they ask the store. */
import { equalJitterMs, loopBackoff } from '../bus/backoff.ts'
import { isOutage } from '../bus/delivery-policy.ts'
import { sleep } from '../core/environment/timers.ts'
import type { GroupWriter } from './group-writer.ts'
import type { SagaHost } from './host.ts'
import type { SagaShape } from './shape.ts'
import type { Turns } from './turns.ts'

/** See the top of the file. */
export interface RunShared {
  readonly host: SagaHost
  readonly writer: GroupWriter
  readonly turns: Turns
  /** The database's clock. */
  readonly now: () => number
  /** The lease of this host is not over, by its own monotonic clock: it may begin an effect. */
  readonly mayAct: () => boolean
  /** This host comes to its end: what is under way may end, nothing is begun. */
  readonly isDraining: () => boolean
  /** The newest version that this host has code for. */
  readonly newestOf: (name: string) => SagaShape | undefined
}

/** A promise that never settles: one of its own for each who waits, so that none is kept in memory by another. */
export function never(): Promise<never> {
  return new Promise(() => {})
}

/** Asks again as long as the database is away and this host has its lease; never settles once it has not. */
export async function untilAnswered<Result>(
  { host, mayAct }: Pick<RunShared, 'host' | 'mayAct'>,
  ask: () => Promise<Result>,
): Promise<Result> {
  const { timers, random } = host.environment
  for (let failures = 1; ; failures++) {
    try {
      return await ask()
    } catch (error) {
      if (!isOutage(error)) throw error
      if (!mayAct()) return never()
    }
    await sleep(timers, equalJitterMs(loopBackoff, failures, random))
  }
}
