/** What has happened to a payment, and how it stood after each of it. */
import type { PastFact, StoredOf } from 'banyan'
import { evolve, nothing, type Payment, type PaymentLife } from './payment.ts'

/** How a payment stands, as the contract tells it. */
export function toView(orderId: string, { state, authorized, captured, refunded }: Payment) {
  // Asked only of payments to which something has happened.
  if (state === 'none') throw new Error(`nothing is known of the payment of ${orderId}`)
  return { orderId, state, authorized, captured, refunded }
}

/** One entry for each thing that happened, oldest first. */
export function toHistory(orderId: string, past: readonly PastFact<StoredOf<typeof PaymentLife>>[]) {
  let payment = nothing
  return past.map((event) => {
    payment = evolve(payment, event)
    const { orderId: _same, ...view } = toView(orderId, payment)
    return { version: event.version, at: new Date(event.timeMs).toISOString(), event: event.type, ...view }
  })
}
