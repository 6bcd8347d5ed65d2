/** What can be wrong with the options of a subscription: all of it at once, each with the rule it breaks. */
import { contractName } from '../contract/contract-faults.ts'
import type { AnySubscriptionOptions, RetryOptions } from './subscribe.ts'

/** Keys that one subscription may handle at the same time. */
export const maxConcurrency = 256
/** Tries that a subscription may ask for. */
export const maxDeliveryAttempts = 100
/** Events of one batch, and how long it may wait for them, in milliseconds. */
export const batchBounds = { size: 1_000, waitMs: 1_000 } as const
/** Bounds of retry waits, in milliseconds. */
export const retryBounds = { firstMs: 3_600_000, factor: 10, maxMs: 86_400_000 } as const

/** All faults, a line each; empty when they are good. */
export function subscriptionOptionFaults(options: AnySubscriptionOptions): readonly string[] {
  const { group, concurrency, maxAttempts, retry } = options
  const faults: string[] = []
  if (group !== undefined && !contractName.test(group))
    faults.push(`group '${group}' must be lower case letters, digits and '-', a letter first`)
  whole(faults, 'concurrency', concurrency, 1, maxConcurrency)
  whole(faults, 'maxAttempts', maxAttempts, 1, maxDeliveryAttempts)
  if (maxAttempts !== undefined && retry?.maxAttempts !== undefined)
    faults.push('maxAttempts and retry.maxAttempts are the same thing: give one')
  if (retry !== undefined) faults.push(...retryFaults(retry))
  return [...faults, ...terminalFaults(options), ...batchFaults(options)]
}

function retryFaults(retry: RetryOptions): readonly string[] {
  if (typeof retry !== 'object' || retry === null)
    return ['retry must be like { maxAttempts: 8, firstMs: 50, factor: 2, maxMs: 30_000 }']
  const faults: string[] = []
  const { firstMs = 50, factor = 2, maxMs = Math.max(firstMs, 30_000) } = retry
  whole(faults, 'retry.maxAttempts', retry.maxAttempts, 1, maxDeliveryAttempts)
  whole(faults, 'retry.firstMs', firstMs, 1, retryBounds.firstMs)
  if (!(factor >= 1 && factor <= retryBounds.factor))
    faults.push(`retry.factor ${factor} must be from 1 to ${retryBounds.factor}`)
  whole(faults, 'retry.maxMs', maxMs, 1, retryBounds.maxMs)
  if (maxMs < firstMs) faults.push(`retry.maxMs ${maxMs} must not be less than retry.firstMs ${firstMs}`)
  const known = ['maxAttempts', 'firstMs', 'factor', 'maxMs']
  for (const name of Object.keys(retry))
    if (!known.includes(name)) faults.push(`retry.${name} is not known: use ${known.join(', ')}`)
  return faults
}

function terminalFaults({ terminal, retryable }: AnySubscriptionOptions): readonly string[] {
  const faults: string[] = []
  const isList = Array.isArray(terminal) && terminal.every((one) => typeof one === 'string' && one !== '')
  if (terminal !== undefined && !isList)
    faults.push("terminal must be a list of codes or reasons, like ['INVALID_ARGUMENT', 'OUT_OF_STOCK']")
  if (retryable !== undefined && typeof retryable !== 'function')
    faults.push('retryable must be a function of the error that says whether to try again')
  return faults
}

function batchFaults({ batch, batchMs }: AnySubscriptionOptions): readonly string[] {
  const faults: string[] = []
  whole(faults, 'batch', batch, 1, batchBounds.size)
  whole(faults, 'batchMs', batchMs, 0, batchBounds.waitMs)
  if (batchMs !== undefined && batch === undefined) faults.push('batchMs is for subscriptions with a batch')
  return faults
}

function whole(faults: string[], name: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return
  faults.push(`${name} ${value} must be a whole number from ${min} to ${max}`)
}
