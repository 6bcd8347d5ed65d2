/** What a consumer is made of, with its defaults and the reasons for them. Times in milliseconds. */
import type { Environment } from '../core/environment/environment.ts'
import { BanyanError } from '../core/error.ts'
import type { Assignment, DeliveryMark, Inbox } from '../store/inbox.ts'
import type { Bus, LoggedEvent } from './bus.ts'
import { type DeliveryPolicy, defaultRetry, isOutage, isTerminal, type RetryPolicy } from './delivery-policy.ts'
import { type OperatorLog, silentLog } from './operator-log.ts'
import type { ConsumerCounts } from './session-report.ts'

/** What a consumer is made of. */
export interface ConsumerOptions {
  readonly environment: Environment
  /** Who consumes; see {@link groupOf}. Progress, marks and parked keys are per (group, source). */
  readonly group: string
  /** The producing service. */
  readonly source: string
  readonly inbox: Inbox
  readonly bus: Bus
  /** `<instance>#<incarnation>`, unique to this run: a holder that comes back under its old name would not be fenced. */
  readonly holder: string
  /** The event types that are handled (a Map or Set of them); others count as done. */
  readonly subscriptions: { has(type: string): boolean }
  /**
   * Applies one event. Must write the mark in the transaction of its effects (`store.transact(…, { delivery: mark, signal })`)
   * also when there are none; that it resolves is taken as proof. `attempt` counts from 1, on this host.
   */
  readonly handle: (event: LoggedEvent, attempt: number, mark: DeliveryMark, signal: AbortSignal) => Promise<void>
  /**
   * The same for event types whose policy has a `batch`: applies all of the events or none, and marks all of them in one
   * transaction (`delivery: marks`). Called with one event when a batch has failed, and for replays.
   */
  readonly handleBatch?: (
    events: readonly LoggedEvent[],
    attempt: number,
    marks: readonly DeliveryMark[],
    signal: AbortSignal,
  ) => Promise<void>
  /** What an event type has of its own; asked once for each type. */
  readonly policyOf?: (type: string) => DeliveryPolicy | undefined
  /** Where a group begins that was never here before. Default 'start'. */
  readonly startAt?: 'start' | 'now'
  /** Handlers at a time. Default 16. */
  readonly concurrency?: number
  /** Events in memory; reading pauses at it. Default 1 000. */
  readonly maxBuffered?: number
  /** Events above the low-water mark; reading pauses at it while one key holds the mark back. Default 100 000. */
  readonly maxAhead?: number
  /** Events per read. Default 500. */
  readonly pageSize?: number
  /** How long another host waits before it takes over from a dead one. Default 30 000. */
  readonly leaseMs?: number
  readonly retry?: Partial<RetryPolicy>
  /** Time for one attempt; then its signal is aborted and it counts as failed. Default 60 000. */
  readonly handlerTimeoutMs?: number
  /** How often the low-water mark is written. What is above it is found by its marks after a crash. Default 500. */
  readonly advanceEveryMs?: number
  /** How often an idle consumer looks, when nothing wakes it; grows to four times that. Default 250. */
  readonly idlePollMs?: number
  /**
   * How long marks below the low-water mark are kept, in the time of the stream; an event older than that is parked, since it
   * cannot be known any more whether it was applied. Default 7 days.
   */
  readonly keepMarksMs?: number
  /** Parks at once. Default: an envelope that cannot be read. */
  readonly isTerminal?: (error: unknown) => boolean
  /** Says that not the handler failed but something it needs. Default: {@link isOutage}. */
  readonly isOutage?: (error: unknown) => boolean
  /** How often the holder looks for parked events that are to be replayed, while it has parked keys. Default 1 000. */
  readonly replayPollMs?: number
  /** Keys that are replayed at a time. Default 4. */
  readonly replayConcurrency?: number
  readonly log?: OperatorLog
  /** Makes what works under each new assignment before its events are delivered one by one. */
  readonly prelude?: (under: PreludeContext) => Prelude
}

/** What works under an assignment before the consumer itself does; it may move the low-water mark. */
export interface Prelude {
  /**
   * Resolves, never rejects, when it is done and nothing of it is under way any more: true when the consumer is to begin at the
   * low-water mark, false when the assignment is to be given back.
   */
  run(): Promise<boolean>
  /** Begins nothing more; what runs has `withinMs`. */
  stop(withinMs: number): void
  readonly progress: SessionProgress
}

/** What a prelude works under. */
export interface PreludeContext {
  readonly assignment: Assignment
  /** On the monotonic clock: the lease began no earlier. */
  readonly claimedMs: number
  readonly counts: ConsumerCounts
  readonly options: ResolvedConsumerOptions
}

/** Where the work under an assignment stands. */
export interface SessionProgress {
  readonly cursor: number
  readonly position: number
  readonly buffered: number
  readonly running: number
}

/** The same, with nothing left open. */
export type ResolvedConsumerOptions = Required<Omit<ConsumerOptions, 'retry' | 'prelude'>> &
  Pick<ConsumerOptions, 'prelude'> & { readonly retry: RetryPolicy }

/** Fills in the defaults. */
export function resolveConsumerOptions(options: ConsumerOptions): ResolvedConsumerOptions {
  return {
    startAt: 'start',
    concurrency: 16,
    maxBuffered: 1_000,
    maxAhead: 100_000,
    pageSize: 500,
    leaseMs: 30_000,
    handlerTimeoutMs: 60_000,
    advanceEveryMs: 500,
    idlePollMs: 250,
    keepMarksMs: 7 * 86_400_000,
    isTerminal,
    isOutage,
    policyOf: () => undefined,
    handleBatch: noBatches,
    replayPollMs: 1_000,
    replayConcurrency: 4,
    log: silentLog,
    ...options,
    retry: { ...defaultRetry, ...options.retry },
  }
}

async function noBatches(): Promise<void> {
  throw new BanyanError('INTERNAL', 'an event type has a batch policy but the consumer has no handleBatch', {
    reason: 'NO_BATCH_HANDLER',
  })
}

/**
 * The group of a subscription: the consuming service, or what `group:` says. All subscriptions of one group on one producer
 * share a position, an order and their parked keys.
 */
export function groupOf(service: string, explicit?: string): string {
  return explicit ?? service
}
