// The provider's rules: what may be charged, captured, voided and refunded, and what a repeated request gets.
//
// State moves in memory in the same turn as the rule is checked, the entry goes to the ledger, and the answer waits for
// the disk. So two requests never act on the same old state, and whatever is answered, reads included, survives.
//
// Refusals that changed nothing (409, a refund that is too big) are not kept under their key: the next attempt is judged
// anew. A declined card is an outcome and is kept.

import { type Answer, refundAnswer } from './answer.ts'
import { createAuthorize } from './authorizations.ts'
import { type Charge, createBooks } from './books.ts'
import type { Entry, Refunded } from './entries.ts'
import { assertSameBody, toFingerprint } from './fingerprint.ts'
import type { Ledger } from './ledger.ts'
import { ProviderError } from './provider-error.ts'
import { createRecorder } from './recorder.ts'
import { type ChargeRequest, invalid, type RefundRequest } from './requests.ts'

export interface Charges {
  authorize(request: ChargeRequest, key: string): Promise<Answer>
  capture(chargeId: string): Promise<Answer>
  void(chargeId: string): Promise<Answer>
  refund(request: RefundRequest, key: string): Promise<Answer>
  ofOrder(orderId: string): Promise<Answer>
  page(after: string | undefined, limit: number): Promise<Answer>
}

export interface ChargesOptions {
  ledger: Ledger
  entries?: Iterable<Entry>
  newId: (prefix: string) => string
  now: () => Date
  sleep: (ms: number) => Promise<void>
  /** How long `tok_slow` thinks before it authorizes. */
  slowMs?: number
  /** Requests for charges that may be under way at once. */
  maxInFlight?: number
}

export const defaultSlowMs = 5_000
export const defaultMaxInFlight = 5_000

export function createCharges(options: ChargesOptions): Charges {
  const { ledger, newId, sleep, slowMs = defaultSlowMs, maxInFlight = defaultMaxInFlight } = options
  const books = createBooks(options.entries)
  const record = createRecorder(books, ledger)
  const at = (): string => options.now().toISOString()

  function existing(chargeId: string): Charge {
    const charge = books.charge(chargeId)
    if (!charge) throw new ProviderError(404, 'charge_not_found', 'there is no such charge')
    return charge
  }

  async function settle(charge: Charge, done: boolean, entry: Entry): Promise<Answer> {
    if (done) await ledger.settled()
    else await record(entry)
    return { status: 200, body: { ...charge } }
  }

  return {
    authorize: createAuthorize({ books, ledger, record, newId, at, sleep, slowMs, maxInFlight }),
    async capture(chargeId) {
      const charge = existing(chargeId)
      if (charge.voided) throw new ProviderError(409, 'charge_voided', 'a voided charge cannot be captured')
      const entry: Entry = { type: 'captured', at: at(), chargeId, amount: charge.authorized }
      return settle(charge, charge.captured > 0, entry)
    },
    async void(chargeId) {
      const charge = existing(chargeId)
      if (charge.captured > 0) {
        throw new ProviderError(409, 'charge_captured', 'a captured charge cannot be voided: refund it')
      }
      return settle(charge, charge.voided, { type: 'voided', at: at(), chargeId })
    },
    async refund(request, key) {
      const fingerprint = toFingerprint(request)
      const known = books.refundAnswer(key)
      assertSameBody(known, fingerprint)
      if (known) {
        await ledger.settled()
        return { ...refundAnswer(known), replayed: true }
      }
      assertRefundable(existing(request.chargeId), request.amount)
      const entry: Refunded = { type: 'refunded', at: at(), key, fingerprint, refundId: newId('re'), ...request }
      await record(entry)
      return refundAnswer(entry)
    },
    async ofOrder(orderId) {
      const body = books.ofOrder(orderId).map((charge) => ({ ...charge }))
      await ledger.settled()
      return { status: 200, body }
    },
    async page(after, limit) {
      const body = books.page(after, limit)?.map((charge) => ({ ...charge }))
      if (!body) throw invalid('after', 'must be the chargeId that ended the page before')
      await ledger.settled()
      return { status: 200, body }
    },
  }
}

function assertRefundable(charge: Charge, amount: number): void {
  const rest = charge.captured - charge.refunded
  if (amount <= rest) return
  const message = `at most ${rest} of the captured ${charge.captured} can still be refunded, not ${amount}`
  throw new ProviderError(409, 'refund_exceeds_captured', message)
}
