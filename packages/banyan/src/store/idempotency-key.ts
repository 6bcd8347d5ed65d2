/** What every store says about an idempotency key it cannot serve. In one place, so that all stores give the same answer. */
import { BanyanError } from '../core/error.ts'
import type { IdempotencyStep } from './idempotency.ts'

/** Throws INVALID_ARGUMENT `IDEMPOTENCY_KEY_INVALID` unless the key has 1 to 255 characters. For implementations of {@link Idempotency}. */
export function assertIdempotencyKey(key: string): void {
  if (key.length >= 1 && key.length <= 255) return
  throw new BanyanError('INVALID_ARGUMENT', `an idempotency key has 1 to 255 characters, this one has ${key.length}`, {
    reason: 'IDEMPOTENCY_KEY_INVALID',
  })
}

/** The ABORTED error (HTTP 409, may be tried again) while another transaction serves the key. For implementations of {@link Idempotency}. */
export function idempotencyKeyInUse(): BanyanError {
  return new BanyanError('ABORTED', 'another call with this idempotency key is under way', {
    reason: 'IDEMPOTENCY_KEY_IN_USE',
    retryable: true,
    httpStatus: 409,
    hint: 'Send it again a little later: the first answer will be there.',
  })
}

/** The INVALID_ARGUMENT error (HTTP 422) for a key that came with another input before. For implementations of {@link Idempotency}. */
export function idempotencyKeyReused(): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', 'this idempotency key came with another input before', {
    reason: 'IDEMPOTENCY_KEY_REUSED',
    httpStatus: 422,
    hint: 'A new request needs a new key.',
  })
}

/** The fingerprint of a step that was taken back. */
export const tombstone = 'undone'

/** The name under which tombstones are kept, beside those of calls. */
export function tombstoneOf({ scope, key }: IdempotencyStep): { readonly scope: string; readonly key: string } {
  return { scope: `${scope} undone`, key }
}

/** The FAILED_PRECONDITION error for a call that arrives after it was taken back. For implementations of {@link Idempotency}. */
export function idempotencyKeyUndone(): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', 'this call was taken back before it arrived', {
    reason: 'UNDONE',
    hint: 'A saga has undone this step: it must not be done any more.',
  })
}
