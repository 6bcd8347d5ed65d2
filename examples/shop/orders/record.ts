/** Takes a fact about an order into its row, and tells the others what follows, in one transaction. */
import type { ContextOf, Transaction } from 'banyan'
import type { Catalog } from '../catalog/contract.ts'
import type { Shipping } from '../shipping/contract.ts'
import { Orders } from './contract.ts'
import { append, type Fact, next, type Status } from './order.ts'
import type { OrdersTables } from './tables.ts'

export type Ctx = ContextOf<typeof Orders, typeof Catalog.price | typeof Shipping.stop, OrdersTables>
type Tx = Transaction<'orders', OrdersTables>

function publish(tx: Tx, orderId: string, status: Status, fact: Fact): void {
  if (status === 'confirmed') tx.publish(Orders.events.confirmed, { orderId })
  if (status === 'cancelled') tx.publish(Orders.events.cancelled, { orderId })
  if (status === 'rejected' && fact.type === 'refused')
    tx.publish(Orders.events.rejected, { orderId, reason: fact.reason })
}

/** The status after the fact; undefined when there is no such order. */
export function record(ctx: Pick<Ctx, 'transact' | 'now'>, orderId: string, fact: Fact): Promise<Status | undefined> {
  return ctx.transact(async (tx) => {
    const row = await tx.db
      .selectFrom('customer_order')
      .selectAll()
      .where('order_id', '=', orderId)
      .forUpdate()
      .executeTakeFirst()
    if (row === undefined) return undefined
    const status = next(row.status, fact)
    if (status === undefined) return row.status
    const history = append(row.history, ctx.now(), status, fact.type === 'refused' ? fact.reason : undefined)
    const changes = { status, history: JSON.stringify(history) }
    await tx.db.updateTable('customer_order').set(changes).where('order_id', '=', orderId).execute()
    const { customer_id: customerId, items, total_amount: amount, total_currency: currency } = row
    tx.publish(Orders.events.changed, { orderId, customerId, status, items, total: { amount, currency }, history })
    publish(tx, orderId, status, fact)
    return status
  })
}
