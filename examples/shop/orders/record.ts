/** Takes a fact about an order into its row, and tells the others what follows, in one transaction. */
import type { ContextOf, Transaction } from 'banyan'
import type { Selectable } from 'kysely'
import type { Catalog } from '../catalog/contract.ts'
import type { Inventory } from '../inventory/contract.ts'
import type { Payments } from '../payments/contract.ts'
import type { Shipping } from '../shipping/contract.ts'
import { Orders } from './contract.ts'
import { append, type Fact, next, type Status } from './order.ts'
import type { OrdersTables } from './tables.ts'

type Called = typeof Catalog.price | typeof Inventory | typeof Payments | typeof Shipping
export type Ctx = ContextOf<typeof Orders, Called, OrdersTables>
export type Tx = Transaction<'orders', OrdersTables>
export type Row = Selectable<OrdersTables['customer_order']>

function publish(tx: Tx, orderId: string, status: Status, fact: Fact): void {
  if (status === 'confirmed') tx.publish(Orders.events.confirmed, { orderId })
  if (status === 'cancelled') tx.publish(Orders.events.cancelled, { orderId })
  if (status === 'rejected' && fact.type === 'refused')
    tx.publish(Orders.events.rejected, { orderId, reason: fact.reason })
}

/** The row of an order, locked until the transaction ends: what is decided about it is decided here. */
export function lockOrder(tx: Tx, orderId: string): Promise<Row | undefined> {
  return tx.db.selectFrom('customer_order').selectAll().where('order_id', '=', orderId).forUpdate().executeTakeFirst()
}

/** The status after the fact; undefined when there is no such order. */
export async function learn(tx: Tx, nowMs: number, orderId: string, fact: Fact): Promise<Status | undefined> {
  const row = await lockOrder(tx, orderId)
  return row && change(tx, nowMs, row, fact)
}

/** The same of a row that is locked. */
export async function change(tx: Tx, nowMs: number, row: Row, fact: Fact): Promise<Status> {
  const status = next(row.status, fact)
  if (status === undefined) return row.status
  const { order_id: orderId, customer_id: customerId, items, total_amount: amount, total_currency: currency } = row
  const history = append(row.history, nowMs, status, fact.type === 'refused' ? fact.reason : undefined)
  const changes = { status, history: JSON.stringify(history) }
  await tx.db.updateTable('customer_order').set(changes).where('order_id', '=', orderId).execute()
  tx.publish(Orders.events.changed, { orderId, customerId, status, items, total: { amount, currency }, history })
  publish(tx, orderId, status, fact)
  return status
}

/** The same in a transaction of its own. */
export function record(ctx: Pick<Ctx, 'transact' | 'now'>, orderId: string, fact: Fact): Promise<Status | undefined> {
  return ctx.transact((tx) => learn(tx, ctx.now(), orderId, fact))
}
