// What the ledger adds up to: charges with their amounts, and which Idempotency-Keys have been answered with what.
// Pure memory; the same `apply` serves new entries and the replay at start, so the two cannot differ.

import type { Authorized, Declined, Entry, Refunded } from './entries.ts'

/** A charge as the provider shows it. Amounts are integers in minor units; a charge has one currency. */
export interface Charge {
  chargeId: string
  orderId: string
  authorized: number
  captured: number
  refunded: number
  voided: boolean
}

export interface Books {
  apply(entry: Entry): void
  charge(chargeId: string): Charge | undefined
  ofOrder(orderId: string): Charge[]
  /** Charges in the order they were made, starting behind `after`; undefined when `after` is no charge. */
  page(after: string | undefined, limit: number): Charge[] | undefined
  chargeAnswer(key: string): Authorized | Declined | undefined
  refundAnswer(key: string): Refunded | undefined
}

export function createBooks(entries: Iterable<Entry> = []): Books {
  const charges: Charge[] = []
  const positions = new Map<string, number>()
  const byOrder = new Map<string, Charge[]>()
  const chargeAnswers = new Map<string, Authorized | Declined>()
  const refundAnswers = new Map<string, Refunded>()

  function known(chargeId: string): Charge {
    const charge = charges[positions.get(chargeId) ?? -1]
    if (!charge) throw new Error(`the ledger speaks of charge ${chargeId} before it was made`)
    return charge
  }

  function open(entry: Authorized): void {
    const { chargeId, orderId, amount } = entry
    const charge = { chargeId, orderId, authorized: amount, captured: 0, refunded: 0, voided: false }
    positions.set(chargeId, charges.push(charge) - 1)
    const others = byOrder.get(orderId)
    if (others) others.push(charge)
    else byOrder.set(orderId, [charge])
    chargeAnswers.set(entry.key, entry)
  }

  function apply(entry: Entry): void {
    if (entry.type === 'authorized') open(entry)
    else if (entry.type === 'declined') chargeAnswers.set(entry.key, entry)
    else if (entry.type === 'captured') known(entry.chargeId).captured += entry.amount
    else if (entry.type === 'voided') known(entry.chargeId).voided = true
    else {
      known(entry.chargeId).refunded += entry.amount
      refundAnswers.set(entry.key, entry)
    }
  }

  for (const entry of entries) apply(entry)

  return {
    apply,
    charge: (chargeId) => charges[positions.get(chargeId) ?? -1],
    ofOrder: (orderId) => byOrder.get(orderId) ?? [],
    page(after, limit) {
      const position = after === undefined ? -1 : positions.get(after)
      return position === undefined ? undefined : charges.slice(position + 1, position + 1 + limit)
    },
    chargeAnswer: (key) => chargeAnswers.get(key),
    refundAnswer: (key) => refundAnswers.get(key),
  }
}
