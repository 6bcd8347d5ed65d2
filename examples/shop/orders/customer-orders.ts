/**
 * The orders of each customer as a read model: one row an order, made of `changed` events alone. It is kept inline, in the
 * transaction that changes the order, so that a customer who has just ordered sees it, whoever asks and without a token.
 */
import { type DatabaseTx, defineProjection, ownDatabase } from 'banyan'
import type { JSONColumnType } from 'kysely'
import { Orders } from './contract.ts'
import type { Entry, Status } from './order.ts'

/** Its tables; they lie in a schema for each version. */
export interface CustomerOrdersTables {
  entry: {
    order_id: string
    customer_id: string
    status: Status
    items: JSONColumnType<{ sku: string; quantity: number }[]>
    total_amount: number
    total_currency: string
    history: JSONColumnType<Entry[]>
  }
}

export const CustomerOrders = defineProjection('customer-orders', {
  version: 1,
  mode: 'inline',
  target: ownDatabase<CustomerOrdersTables>(),
  create: [
    `create table entry (
      order_id text primary key,
      customer_id text not null,
      status text not null,
      items jsonb not null,
      total_amount integer not null,
      total_currency text not null,
      history jsonb not null
    )`,
    // Ids are made in the order of time, so they page "newest first" too.
    'create index entry_by_customer on entry (customer_id, order_id desc)',
  ],
  on: (on) => [on(Orders.events.changed, ({ data }, tx) => put(tx, data))],
})

type Changed = (typeof Orders.events.changed)['~types']['received']

async function put(tx: DatabaseTx<CustomerOrdersTables>, order: Changed): Promise<void> {
  const { orderId, customerId, status, items, total, history } = order
  const changing = { status, history: JSON.stringify(history) }
  await tx.db
    .insertInto('entry')
    .values({
      order_id: orderId,
      customer_id: customerId,
      items: JSON.stringify(items),
      total_amount: total.amount,
      total_currency: total.currency,
      ...changing,
    })
    .onConflict((conflict) => conflict.column('order_id').doUpdateSet(changing))
    .execute()
}
