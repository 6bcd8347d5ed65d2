/** Fields of requests to the control port, checked by name. */
import { BanyanError } from '../core/error.ts'

/** A text of 1 to 500 characters, or nothing. */
export function toText(given: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = given[name]
  if (value === undefined) return undefined
  if (typeof value === 'string' && value !== '' && value.length <= 500) return value
  throw badRequest(`${name} must be a text of 1 to 500 characters`)
}

/** A whole number up to a bound. */
export function toCount(name: string, text: string | null, max: number): number {
  const value = /^\d{1,16}$/.test(text ?? '') ? Number(text) : Number.NaN
  if (value <= max) return value
  throw badRequest(`${name} must be a whole number up to ${max}`)
}

/** INVALID_ARGUMENT `BAD_REQUEST`. */
export function badRequest(message: string): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', message, { reason: 'BAD_REQUEST', httpStatus: 400 })
}
