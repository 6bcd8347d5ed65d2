// The provider's rules: what may be charged, captured, voided and refunded, and what a repeated request gets.
//
// State moves in memory in the same turn as the rule is checked, the entry goes to the ledger, and the answer waits for
// the disk. So two requests never act on the same old state, and whatever is answered, reads included, survives.
//
// Refusals that changed nothing (409, a refund that is too big) are not kept under their key: the next attempt is judged
// anew. A declined card is an outcome and is kept.

import { createHash } from 'node:crypto'
import { type Charge, createBooks } from './books.ts'
import type { Authorized, Declined, Entry, Refunded } from './entries.ts'
import type { Ledger } from './ledger.ts'
import { ProviderError } from './provider-error.ts'
import { type ChargeRequest, invalid, type RefundRequest } from './requests.ts'

export interface Answer {
  status: number
  body: unknown
  /** The answer to an earlier request with the same key. */
  replayed?: boolean
  /** End the connection instead of answering: what was asked for has been done all the same (`tok_unknown`). */
  dropped?: boolean
}

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

interface InFlight {
  fingerprint: string
  answer: Promise<Answer>
}

export function createCharges(options: ChargesOptions): Charges {
  const { ledger, newId, sleep, slowMs = defaultSlowMs, maxInFlight = defaultMaxInFlight } = options
  const books = createBooks(options.entries)
  const inFlight = new Map<string, InFlight>()
  const at = (): string => options.now().toISOString()

  async function record(entry: Entry): Promise<void> {
    if (!ledger.hasRoom) throw overloaded()
    books.apply(entry)
    await ledger.append(entry)
  }

  async function decide(request: ChargeRequest, key: string, fingerprint: string): Promise<Answer> {
    const { token, ...rest } = request
    if (token === 'tok_slow') await sleep(slowMs)
    const refusal = refusalOf(token)
    const entry: Authorized | Declined = refusal
      ? { type: 'declined', at: at(), key, fingerprint, ...refusal }
      : { type: 'authorized', at: at(), key, fingerprint, chargeId: newId('ch'), ...rest, token }
    await record(entry)
    return chargeAnswer(entry)
  }

  async function authorize(request: ChargeRequest, key: string): Promise<Answer> {
    const fingerprint = toFingerprint(request)
    const known = books.chargeAnswer(key)
    const running = inFlight.get(key)
    assertSameBody(known ?? running, fingerprint)
    if (running) return { ...(await running.answer), replayed: true }
    if (known) {
      await ledger.settled()
      return { ...chargeAnswer(known), replayed: true }
    }
    if (inFlight.size >= maxInFlight) throw overloaded()
    const answer = decide(request, key, fingerprint).finally(() => inFlight.delete(key))
    inFlight.set(key, { fingerprint, answer })
    return answer
  }

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
    authorize,
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

function chargeAnswer(entry: Authorized | Declined): Answer {
  if (entry.type === 'declined') return { status: 402, body: { code: entry.code, message: entry.message } }
  const { chargeId, orderId, amount } = entry
  const body: Charge = { chargeId, orderId, authorized: amount, captured: 0, refunded: 0, voided: false }
  return { status: 201, body, dropped: entry.token === 'tok_unknown' }
}

function refundAnswer(entry: Refunded): Answer {
  const { refundId, chargeId, amount } = entry
  return { status: 201, body: { refundId, chargeId, amount } }
}

function refusalOf(token: string): { code: string; message: string } | undefined {
  if (token === 'tok_ok' || token === 'tok_slow' || token === 'tok_unknown') return undefined
  if (token === 'tok_declined') return { code: 'card_declined', message: 'the card was declined' }
  return { code: 'invalid_token', message: 'there is no such payment token' }
}

function assertRefundable(charge: Charge, amount: number): void {
  const rest = charge.captured - charge.refunded
  if (amount <= rest) return
  const message = `at most ${rest} of the captured ${charge.captured} can still be refunded, not ${amount}`
  throw new ProviderError(409, 'refund_exceeds_captured', message)
}

function assertSameBody(earlier: { fingerprint: string } | undefined, fingerprint: string): void {
  if (!earlier || earlier.fingerprint === fingerprint) return
  throw new ProviderError(422, 'idempotency_key_reused', 'this Idempotency-Key was used with another body')
}

function overloaded(): ProviderError {
  return new ProviderError(503, 'overloaded', 'too many requests are waiting: try again in a second')
}

/** Requests arrive here with their fields in a fixed order, so equal requests give equal text. */
function toFingerprint(request: ChargeRequest | RefundRequest): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('hex')
}
