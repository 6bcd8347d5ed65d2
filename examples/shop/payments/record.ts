/** Takes a fact about a payment into its row, and tells the world what follows, in one transaction. */
import type { ContextOf, Transaction } from 'banyan'
import { Payments } from './contract.ts'
import { advance, type Effect, type Fact, type Payment } from './payment.ts'
import type { PaymentsTables } from './tables.ts'

export type Ctx = ContextOf<typeof Payments, never, PaymentsTables>
type Tx = Transaction<'payments', PaymentsTables>
type Row = PaymentsTables['payment']

export const toPayment = (row: Row): Payment => ({
  state: row.state,
  unsettled: row.unsettled,
  chargeId: row.charge_id,
  authorized: row.authorized,
  captured: row.captured,
  refunded: row.refunded,
})

const toRow = (orderId: string, { chargeId, ...payment }: Payment): Row => ({
  order_id: orderId,
  charge_id: chargeId,
  ...payment,
})

function publish(tx: Tx, orderId: string, effect: Effect, payment: Payment): void {
  switch (effect) {
    case 'authorized':
      return tx.publish(Payments.events.authorized, { orderId })
    case 'captured':
      return tx.publish(Payments.events.captured, { orderId, amount: payment.captured })
    case 'declined':
      return tx.publish(Payments.events.failed, { orderId, reason: 'PAYMENT_DECLINED' })
    case 'timed-out':
      return tx.publish(Payments.events.failed, { orderId, reason: 'PAYMENT_TIMEOUT' })
    case 'release-due':
      return tx.publish(Payments.events.releaseDue, { orderId })
  }
}

/** The row as it is now, outside of any transaction. */
export async function find(ctx: Pick<Ctx, 'db'>, orderId: string): Promise<Payment | undefined> {
  const row = await ctx.db.selectFrom('payment').selectAll().where('order_id', '=', orderId).executeTakeFirst()
  return row && toPayment(row)
}

/** Two facts about one order may come at once, also the first two: the key is locked, not only the row. */
export async function record(ctx: Ctx, orderId: string, fact: Fact): Promise<void> {
  await ctx.transact(async (tx) => {
    await tx.sql`select pg_advisory_xact_lock(hashtextextended(${orderId}, 0))`
    const row = await tx.db.selectFrom('payment').selectAll().where('order_id', '=', orderId).executeTakeFirst()
    const { payment, effects } = advance(row && toPayment(row), fact)
    const next = toRow(orderId, payment)
    await tx.db
      .insertInto('payment')
      .values(next)
      .onConflict((conflict) => conflict.column('order_id').doUpdateSet(next))
      .execute()
    for (const effect of effects) publish(tx, orderId, effect, payment)
  })
}
