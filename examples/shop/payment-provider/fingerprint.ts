// Whether a request that comes under a known Idempotency-Key is the same one again.

import { createHash } from 'node:crypto'
import { ProviderError } from './provider-error.ts'
import type { ChargeRequest, RefundRequest } from './requests.ts'

/** Requests arrive here with their fields in a fixed order, so equal requests give equal text. */
export function toFingerprint(request: ChargeRequest | RefundRequest): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('hex')
}

export function assertSameBody(earlier: { fingerprint: string } | undefined, fingerprint: string): void {
  if (!earlier || earlier.fingerprint === fingerprint) return
  throw new ProviderError(422, 'idempotency_key_reused', 'this Idempotency-Key was used with another body')
}
