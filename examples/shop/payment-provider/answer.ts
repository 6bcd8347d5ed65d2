// What the provider answers, before HTTP. A repeated request is answered from the entry of the first one, so the same
// entry must always give the same answer.

import type { Charge } from './books.ts'
import type { Authorized, Declined, Refunded } from './entries.ts'

export interface Answer {
  status: number
  body: unknown
  /** The answer to an earlier request with the same key. */
  replayed?: boolean
  /** End the connection instead of answering: what was asked for has been done all the same (`tok_unknown`). */
  dropped?: boolean
}

export function chargeAnswer(entry: Authorized | Declined): Answer {
  if (entry.type === 'declined') return { status: 402, body: { code: entry.code, message: entry.message } }
  const { chargeId, orderId, amount } = entry
  const body: Charge = { chargeId, orderId, authorized: amount, captured: 0, refunded: 0, voided: false }
  return { status: 201, body, dropped: entry.token === 'tok_unknown' }
}

export function refundAnswer(entry: Refunded): Answer {
  const { refundId, chargeId, amount } = entry
  return { status: 201, body: { refundId, chargeId, amount } }
}
