/**
 * How a handler says "never": trying again cannot help, so the event is parked at once, with everything behind it on its key.
 * Skipping an event is something else: for that a handler returns.
 */
import { BanyanError } from '../core/error.ts'

/**
 * Thrown by a handler of events to have its event parked now, without another attempt.
 *
 * Code FAILED_PRECONDITION, reason `UNRETRYABLE`. Recognised by its reason, also in another copy of this package. What it says
 * is what a person sees in the list of dead letters, so it should say what to do.
 *
 * @example
 * const rates: Record<string, number> = { EUR: 1, USD: 0.5 }
 * const toEuros = (amount: number, currency: string): number => {
 *   const rate = rates[currency]
 *   if (rate === undefined) throw new Unretryable(`no rate for ${currency}: add it, then replay`)
 *   return amount * rate
 * }
 * toEuros(4, 'USD') // 2
 */
export class Unretryable extends BanyanError {
  constructor(why: string, options: { readonly cause?: unknown } = {}) {
    super('FAILED_PRECONDITION', why, { reason: 'UNRETRYABLE', ...options })
  }
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof BanyanError && value.reason === 'UNRETRYABLE'
  }
}
