/**
 * How deliveries of one event type are made: what counts as a failure, how often and when it is tried again, and whether its
 * handler takes many events at once. A consumer has one policy, and event types may depart from it.
 */
import type { Code } from '../core/code.ts'
import { isBanyanError } from '../core/error.ts'
import { handlerTimeout } from './attempt.ts'
import type { Backoff } from './backoff.ts'
import { Unretryable } from './unretryable.ts'

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

/** 8 failures or 50 outages; waits of 50 ms, doubling, up to 30 s. */
export const defaultRetry: RetryPolicy = {
  maxAttempts: 8,
  maxOutageAttempts: 50,
  firstMs: 50,
  factor: 2,
  maxMs: 30_000,
}

/** A handler that takes many events in one call and one transaction. */
export interface BatchPolicy {
  /** Events of one call, at most. */
  readonly size: number
  /** How long a batch that is not full waits for more, in milliseconds; 0 takes what is there. */
  readonly waitMs: number
}

/** What one event type has of its own; what is left out is the consumer's. */
export interface DeliveryPolicy {
  readonly retry?: Partial<RetryPolicy>
  /** Parks at once. The consumer's own test is asked besides. */
  readonly isTerminal?: (error: unknown) => boolean
  /** Given, the events go to the consumer's `handleBatch`. */
  readonly batch?: BatchPolicy
}

/** A policy with nothing left open. */
export interface ResolvedPolicy {
  readonly retry: RetryPolicy
  readonly isTerminal: (error: unknown) => boolean
  readonly batch: BatchPolicy | undefined
}

/** Looks policies up by event type; each is made once. */
export function createPolicies(options: {
  readonly retry: RetryPolicy
  readonly isTerminal: (error: unknown) => boolean
  readonly policyOf: (type: string) => DeliveryPolicy | undefined
}): (type: string) => ResolvedPolicy {
  const resolved = new Map<string, ResolvedPolicy>()

  function resolve(type: string): ResolvedPolicy {
    const { retry, isTerminal, batch } = options.policyOf(type) ?? {}
    return {
      retry: { ...options.retry, ...retry },
      isTerminal:
        isTerminal === undefined ? options.isTerminal : (error) => options.isTerminal(error) || isTerminal(error),
      batch,
    }
  }
  return (type) => {
    const known = resolved.get(type) ?? resolve(type)
    resolved.set(type, known)
    return known
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

/** An envelope that cannot be read, and what a handler threw as {@link Unretryable}. */
export function isTerminal(error: unknown): boolean {
  if (!isBanyanError(error)) return false
  return error instanceof Unretryable || error.reason === 'BAD_ENVELOPE' || error.reason === 'EVENT_TOO_LARGE'
}
