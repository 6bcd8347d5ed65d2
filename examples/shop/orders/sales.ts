/**
 * What was sold, by day and by product: counted when an order is confirmed, taken back when a confirmed one is cancelled or returned. Sums
 * are where a read model shows whether each event is applied once. Many orders meet in one row here, so events are applied in
 * the order of the source, one after the other, instead of getting into each other's way.
 */
import { type DatabaseTx, defineProjection, ownDatabase } from 'banyan'
import { Orders } from './contract.ts'
import type { Entry } from './order.ts'

/** Its tables; bigint comes as text. */
export interface SalesTables {
  day: { day: string; currency: string; orders: number; amount: string }
  product: { sku: string; quantity: string }
}

export const Sales = defineProjection('sales', {
  version: 1,
  order: 'total',
  target: ownDatabase<SalesTables>(),
  create: [
    `create table day (
      day text not null,
      currency text not null,
      orders integer not null,
      amount bigint not null,
      primary key (day, currency)
    )`,
    'create table product (sku text primary key, quantity bigint not null)',
  ],
  on: (on) => [
    on(Orders.events.changed, async ({ data }, tx) => {
      const sign = signOf(data.status, data.history)
      if (sign !== 0) await count(tx, data, sign)
    }),
  ],
})

type Changed = (typeof Orders.events.changed)['~types']['received']

/** 1 when the order is sold by this step, -1 when that is taken back, 0 when nothing changes. */
export function signOf(status: string, history: readonly Pick<Entry, 'status'>[]): 1 | 0 | -1 {
  if (status === 'confirmed') return 1
  return (status === 'cancelled' || status === 'returned') && history.some((step) => step.status === 'confirmed')
    ? -1
    : 0
}

async function count(tx: DatabaseTx<SalesTables>, order: Changed, sign: 1 | -1): Promise<void> {
  const { total, items, history } = order
  const day = history.find(({ status }) => status === 'confirmed')?.at.slice(0, 10) ?? ''
  await tx.sql`
    insert into day values (${day}, ${total.currency}, ${sign}, ${sign * total.amount})
    on conflict (day, currency) do update set orders = day.orders + excluded.orders, amount = day.amount + excluded.amount`
  await tx.sql`
    insert into product select sku, quantity from unnest(${items.map(({ sku }) => sku)}::text[],
      ${items.map(({ quantity }) => sign * quantity)}::bigint[]) as sold (sku, quantity)
    on conflict (sku) do update set quantity = product.quantity + excluded.quantity`
}
