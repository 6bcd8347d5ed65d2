// What the provider accepts, field by field. Written by hand: an external company shares no schema with the shop.

import { ProviderError } from './provider-error.ts'

export interface ChargeRequest {
  orderId: string
  amount: number
  currency: string
  token: string
}

export interface RefundRequest {
  chargeId: string
  amount: number
}

/** Above this, two amounts may no longer add up to a safe integer. */
export const maxAmount = 1_000_000_000_000
export const maxIdLength = 200
export const maxKeyLength = 255
export const maxPageSize = 1_000
export const defaultPageSize = 100

export function toChargeRequest(body: unknown): ChargeRequest {
  const fields = toObject(body, ['orderId', 'amount', 'currency', 'token', 'capture'])
  if (fields['capture'] !== undefined && fields['capture'] !== false) {
    throw invalid('capture', 'must be false: charges are authorized first and captured with POST /charges/{id}/capture')
  }
  const currency = text(fields, 'currency')
  if (!/^[A-Z]{3}$/.test(currency)) throw invalid('currency', 'must be three capital letters, such as EUR')
  return { orderId: text(fields, 'orderId'), amount: amount(fields), currency, token: text(fields, 'token') }
}

export function toRefundRequest(body: unknown): RefundRequest {
  const fields = toObject(body, ['chargeId', 'amount'])
  return { chargeId: text(fields, 'chargeId'), amount: amount(fields) }
}

/** Capture and void act on the whole charge: nothing, or an empty object. */
export function assertEmptyBody(body: unknown): void {
  if (body !== undefined) toObject(body, [])
}

export function toIdempotencyKey(header: string | string[] | undefined): string {
  if (typeof header !== 'string' || header === '') {
    throw new ProviderError(400, 'idempotency_key_missing', 'send an Idempotency-Key header, one per attempt group')
  }
  if (header.length > maxKeyLength) {
    const message = `Idempotency-Key must have at most ${maxKeyLength} characters, has ${header.length}`
    throw new ProviderError(400, 'idempotency_key_too_long', message)
  }
  return header
}

export function toPageSize(limit: string | null): number {
  if (limit === null) return defaultPageSize
  const size = /^\d{1,6}$/.test(limit) ? Number(limit) : 0
  if (size < 1 || size > maxPageSize) throw invalid('limit', `must be an integer from 1 to ${maxPageSize}`)
  return size
}

export function invalid(field: string, rule: string): ProviderError {
  return new ProviderError(400, 'invalid_request', `${field} ${rule}`, field)
}

function toObject(body: unknown, known: readonly string[]): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid('body', 'must be a JSON object')
  }
  for (const name of Object.keys(body)) {
    if (!known.includes(name)) throw invalid(name.slice(0, 50), 'is not a field of this request')
  }
  return body as Record<string, unknown>
}

function text(fields: Record<string, unknown>, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string' || value === '' || value.length > maxIdLength) {
    throw invalid(name, `must be a string of 1 to ${maxIdLength} characters`)
  }
  return value
}

function amount(fields: Record<string, unknown>): number {
  const value = fields['amount']
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1 || value > maxAmount) {
    throw invalid('amount', `must be an integer from 1 to ${maxAmount}, in minor units`)
  }
  return value
}
