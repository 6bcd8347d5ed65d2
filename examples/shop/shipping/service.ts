/** Shipping. */
import { defineDatabase, defineService } from 'banyan'
import { isChoreographed } from '../flow.ts'
import { Shipping } from './contract.ts'
import { returnLabel, sendBackDue, voidLabel } from './returns.ts'
import { claim, deliverDue, onConfirmed, prepare, shipDue } from './steps.ts'
import type { ShippingTables } from './tables.ts'

export const shipping = defineService(Shipping, {
  database: defineDatabase<ShippingTables>({ migrations: new URL('./migrations/', import.meta.url) }),
  operations: {
    async get({ orderId }, ctx) {
      const row = await ctx.db.selectFrom('shipment').selectAll().where('order_id', '=', orderId).executeTakeFirst()
      if (row === undefined) throw ctx.fail('UNKNOWN_SHIPMENT')
      return {
        orderId,
        status: row.status,
        ...(row.shipped_at && { shippedAt: row.shipped_at.toISOString() }),
        ...(row.delivered_at && { deliveredAt: row.delivered_at.toISOString() }),
      }
    },
    stop: ({ orderId }, ctx) =>
      ctx.transact(async (tx) => {
        // Also when the order's confirmation is not here yet: then this row keeps the parcel from being packed.
        const [stopped] = await tx.sql`insert into shipment (order_id, status) values (${orderId}, 'cancelled')
          on conflict (order_id) do update set status = 'cancelled' where shipment.status = 'preparing' returning order_id`
        if (stopped !== undefined) tx.publish(Shipping.events.stopped, { orderId })
        const row = await tx.db
          .selectFrom('shipment')
          .select('status')
          .where('order_id', '=', orderId)
          .executeTakeFirst()
        if (row?.status !== 'cancelled') throw ctx.fail('TOO_LATE')
        return { orderId }
      }),
    prepare,
    claim,
    returnLabel,
    voidLabel,
  },
  on: () => (isChoreographed ? [onConfirmed] : []),
  jobs: [
    { name: 'ship', everyMs: 100, run: shipDue },
    { name: 'deliver', everyMs: 200, run: deliverDue },
    { name: 'send-back', everyMs: 250, run: sendBackDue },
  ],
})
