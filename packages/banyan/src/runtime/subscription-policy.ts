/** What a subscription's options mean for the consumer that delivers to it. */
import { type DeliveryPolicy, isOutage } from '../bus/delivery-policy.ts'
import { isBanyanError } from '../core/error.ts'
import type { AnySubscriptionOptions } from './subscribe.ts'

/** How long a batch that is not full waits when its subscription does not say, in milliseconds. */
export const defaultBatchMs = 5

/** From options that have passed their checks. */
export function toPolicy(options: AnySubscriptionOptions): DeliveryPolicy {
  const { batch, batchMs = defaultBatchMs, maxAttempts } = options
  const retry = { ...(maxAttempts === undefined ? {} : { maxAttempts }), ...options.retry }
  return {
    // A first wait beyond the default ceiling lifts it.
    retry:
      retry.maxMs === undefined && (retry.firstMs ?? 0) > 30_000 ? { ...retry, maxMs: retry.firstMs as number } : retry,
    isTerminal: (error) => isNamed(error, options.terminal) || isRefused(error, options.retryable),
    ...(batch === undefined ? {} : { batch: { size: batch, waitMs: batchMs } }),
  }
}

function isNamed(error: unknown, terminal: readonly string[] = []): boolean {
  if (!isBanyanError(error)) return false
  return terminal.includes(error.code) || (error.reason !== undefined && terminal.includes(error.reason))
}

function isRefused(error: unknown, retryable: AnySubscriptionOptions['retryable']): boolean {
  if (retryable === undefined || isOutage(error)) return false
  try {
    return !retryable(error)
  } catch {
    return false
  }
}
