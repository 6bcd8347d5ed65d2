/** What becomes of a parcel: packed when the order is confirmed (by its event, or because a saga asks for it), shipped and delivered when it is due. */
import { type ContextOf, subscribe, type Transaction } from 'banyan'
import { Orders } from '../orders/contract.ts'
import { Shipping } from './contract.ts'
import type { ShippingTables } from './tables.ts'

export type Ctx = ContextOf<typeof Shipping, never, ShippingTables>
type Tx = Transaction<'shipping', ShippingTables>

/** Packing takes this long, then the carrier this long; both simulated. In milliseconds. */
const packingMs = 400
const carrierMs = 1_000
const batch = 200

/** A parcel that was stopped before its order was confirmed stays stopped. */
async function pack(tx: Tx, orderId: string): Promise<void> {
  await tx.sql`insert into shipment (order_id, status, due_at)
    values (${orderId}, 'preparing', banyan.now() + ${packingMs} * interval '1 millisecond') on conflict do nothing`
}

export const onConfirmed = subscribe(Orders.events.confirmed, ({ data }, ctx: Ctx) =>
  ctx.transact((tx) => pack(tx, data.orderId)),
)

export function prepare({ orderId }: { readonly orderId: string }, ctx: Ctx) {
  return ctx.transact(async (tx) => {
    await pack(tx, orderId)
    const row = await tx.db.selectFrom('shipment').select('status').where('order_id', '=', orderId).executeTakeFirst()
    return { orderId, stopped: row?.status === 'cancelled' }
  })
}

/** The carrier is simulated, and pays. */
export function claim({ orderId }: { readonly orderId: string }, ctx: Ctx) {
  return ctx.transact(async (tx) => {
    await tx.sql`update shipment set claimed_at = coalesce(claimed_at, banyan.now())
      where order_id = ${orderId} and status = 'shipped'`
    return { orderId }
  })
}

/** Hosts share the work: each takes what no other has locked. */
export async function shipDue(ctx: Ctx): Promise<void> {
  await ctx.transact(async (tx) => {
    const rows = await tx.sql<{ order_id: string }>`update shipment
      set status = 'shipped', shipped_at = banyan.now(), due_at = banyan.now() + ${carrierMs} * interval '1 millisecond'
      where order_id in (select order_id from shipment where status = 'preparing' and due_at <= banyan.now()
        order by due_at limit ${batch} for update skip locked)
      returning order_id`
    for (const row of rows) tx.publish(Shipping.events.shipped, { orderId: row.order_id })
  })
}

export async function deliverDue(ctx: Ctx): Promise<void> {
  await ctx.transact(async (tx) => {
    const rows = await tx.sql<{
      order_id: string
    }>`update shipment set status = 'delivered', delivered_at = banyan.now()
      where order_id in (select order_id from shipment where status = 'shipped' and due_at <= banyan.now()
        order by due_at limit ${batch} for update skip locked)
      returning order_id`
    for (const row of rows) tx.publish(Shipping.events.delivered, { orderId: row.order_id })
  })
}
