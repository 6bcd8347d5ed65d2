/** What becomes of a failure: counted, and then once more after a wait, or parked. The same for deliveries and for replays. */
import type { Assignment } from '../store/inbox.ts'
import { fullJitterMs } from './backoff.ts'
import type { LoggedEvent } from './bus.ts'
import type { ResolvedConsumerOptions } from './consumer-options.ts'
import type { ResolvedPolicy } from './delivery-policy.ts'
import { toOneLine } from './operator-log.ts'
import type { SessionReport } from './session-report.ts'

/** How often an event was tried, here. */
export interface Tries {
  /** Failures of the handler. */
  failures: number
  /** Failures of what it needs, and of our own work about it. */
  outages: number
}

/** Parked, and why. */
export interface Verdict {
  readonly attempts: number
  readonly error: string
}

export interface Judge {
  /** Counts the failure; the verdict, or undefined to try again. Rejects with `Fenced` under an older epoch. */
  judge(event: Pick<LoggedEvent, 'id' | 'type'>, tries: Tries, error: unknown): Promise<Verdict | undefined>
  /** How long to wait before the next try. */
  waitMs(type: string, tries: Tries): number
}

export function createJudge(
  options: ResolvedConsumerOptions,
  assignment: Assignment,
  policyOf: (type: string) => ResolvedPolicy,
  report: SessionReport,
): Judge {
  async function count(eventId: string, tries: Tries, error: unknown): Promise<void> {
    if (options.isOutage(error)) tries.outages += 1
    else tries.failures = await options.inbox.failed(assignment, eventId, toOneLine(error))
  }

  return {
    async judge(event, tries, error) {
      const { retry, isTerminal } = policyOf(event.type)
      report.counts.failed += 1
      await count(event.id, tries, error).catch((failure: unknown) => {
        if (isFenced(failure)) throw failure
        report.note(failure)
        tries.outages += 1
      })
      const over = tries.failures >= retry.maxAttempts || tries.outages >= retry.maxOutageAttempts
      if (!over && !isTerminal(error)) return undefined
      return { attempts: tries.failures + tries.outages, error: toOneLine(error) }
    },
    waitMs: (type, tries) =>
      fullJitterMs(policyOf(type).retry, tries.failures + tries.outages, options.environment.random),
  }
}

const isFenced = (error: unknown): boolean => (error as { reason?: unknown } | undefined)?.reason === 'FENCED'
