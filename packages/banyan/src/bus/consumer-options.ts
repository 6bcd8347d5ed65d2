/** What a consumer is made of, with its defaults and the reasons for them. Times in milliseconds. */
import type { Code } from '../core/code.ts'
import type { Environment } from '../core/environment/environment.ts'
import { isBanyanError } from '../core/error.ts'
import type { DeliveryMark, Inbox } from '../store/inbox.ts'
import { handlerTimeout } from './attempt.ts'
import type { Backoff } from './backoff.ts'
import type { Bus, LoggedEvent } from './bus.ts'
import { type OperatorLog, silentLog } from './operator-log.ts'

/** How failed deliveries are tried again. Waits are full jitter under an exponential ceiling. */
export interface RetryPolicy extends Backoff {
  /** Failures of the handler before the event is parked; counted in the inbox, over restarts. Default 8. */
  readonly maxAttempts: number
  /**
   * Failures in a row, on one host, of what the handler needs (see {@link isOutage}) before the event is parked all the same.
   * Default 50, some ten minutes: an outage of a minute must not park every key it touched.
   */
  readonly maxOutageAttempts: number
}

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
  /** How long marks below the low-water mark are kept. Default 7 days. */
  readonly keepMarksMs?: number
  /** Parks at once. Default: an envelope that cannot be read. */
  readonly isTerminal?: (error: unknown) => boolean
  /** Says that not the handler failed but something it needs. Default: {@link isOutage}. */
  readonly isOutage?: (error: unknown) => boolean
  readonly log?: OperatorLog
}

/** The same, with nothing left open. */
export type ResolvedConsumerOptions = Required<Omit<ConsumerOptions, 'retry'>> & { readonly retry: RetryPolicy }

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
    log: silentLog,
    ...options,
    retry: { maxAttempts: 8, maxOutageAttempts: 50, firstMs: 50, factor: 2, maxMs: 30_000, ...options.retry },
  }
}

const outageCodes: ReadonlySet<Code> = new Set(['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'DEADLINE_EXCEEDED'])

/**
 * UNAVAILABLE, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED (but for the handler's own time), and whatever says that it may be tried
 * again because nothing was executed.
 */
export function isOutage(error: unknown): boolean {
  if (!isBanyanError(error) || error.reason === handlerTimeout) return false
  return error.retryable || outageCodes.has(error.code)
}

function isTerminal(error: unknown): boolean {
  return isBanyanError(error) && (error.reason === 'BAD_ENVELOPE' || error.reason === 'EVENT_TOO_LARGE')
}

/**
 * The group of a subscription: the consuming service, or what `group:` says. All subscriptions of one group on one producer
 * share a position, an order and their parked keys.
 */
export function groupOf(service: string, explicit?: string): string {
  return explicit ?? service
}
