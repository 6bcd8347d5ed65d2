/**
 * Takes a fact about a payment in: what follows from it is appended to the payment's stream, the row that shows how it stands
 * is written, and the world is told, in one transaction. `captured` and `releaseDue` tell themselves.
 */
import type { ContextOf, GivenOf, Transaction } from 'banyan'
import { Payments } from './contract.ts'
import { type Fact, type Payment, PaymentLife } from './payment.ts'
import type { PaymentsTables } from './tables.ts'

export type Ctx = ContextOf<typeof Payments, never, PaymentsTables>
export type Tx = Transaction<'payments', PaymentsTables>

/** How a payment stands, out of what has happened to it. */
export async function find(ctx: Pick<Ctx, 'load'>, orderId: string): Promise<Payment> {
  return (await ctx.load(PaymentLife, orderId)).state
}

/** Two facts about one order may come at once, also the first two: the second is decided on what the first has left. */
export async function record(ctx: Pick<Ctx, 'transact'>, orderId: string, fact: Fact): Promise<void> {
  await ctx.transact((tx) => take(tx, orderId, fact))
}

/** The same inside a transaction; gives what follows from it, and the payment then. */
export async function take(tx: Tx, orderId: string, fact: Fact): Promise<Taken> {
  const { state, version, events } = await tx.decide(PaymentLife, orderId, 'learn', fact)
  if (events.length > 0) await show(tx, orderId, state, version)
  for (const event of events) publish(tx, orderId, event)
  return { payment: state, isReleaseDue: events.some(({ type }) => type === 'releaseDue') }
}

/** What came of a fact. */
export interface Taken {
  readonly payment: Payment
  /** Something is to be given up at the provider from now on. */
  readonly isReleaseDue: boolean
}

/** Whoever appends holds the stream until its transaction ends, so rows are written in the order of versions. */
async function show(tx: Tx, orderId: string, payment: Payment, version: number): Promise<void> {
  const { state, chargeId, ...rest } = payment
  if (state === 'none') return
  const row = { order_id: orderId, version, state, charge_id: chargeId, ...rest }
  await tx.db
    .insertInto('payment')
    .values(row)
    .onConflict((conflict) => conflict.column('order_id').doUpdateSet(row))
    .execute()
}

function publish(tx: Tx, orderId: string, event: GivenOf<typeof PaymentLife>): void {
  switch (event.type) {
    case 'authorized':
      return tx.publish(Payments.events.authorized, { orderId })
    case 'declined':
      return tx.publish(Payments.events.failed, { orderId, reason: 'PAYMENT_DECLINED' })
    case 'timedOut':
      return tx.publish(Payments.events.failed, { orderId, reason: 'PAYMENT_TIMEOUT' })
    case 'released':
      return tx.publish(Payments.events.released, { orderId, refunded: event.data.refunded })
  }
}
