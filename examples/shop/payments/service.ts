/** Payments. */
import { defineDatabase, defineService } from 'banyan'
import { Payments } from './contract.ts'
import { onAuthorized, onCancelled, onRejected, onReleaseDue, onReserved } from './steps.ts'
import type { PaymentsTables } from './tables.ts'

export const payments = defineService(Payments, {
  database: defineDatabase<PaymentsTables>({ migrations: new URL('./migrations/', import.meta.url) }),
  operations: {
    async get({ orderId }, ctx) {
      const row = await ctx.db.selectFrom('payment').selectAll().where('order_id', '=', orderId).executeTakeFirst()
      if (row === undefined) throw ctx.fail('UNKNOWN_PAYMENT')
      const { state, authorized, captured, refunded } = row
      return { orderId, state, authorized, captured, refunded }
    },
  },
  on: () => [onReserved, onAuthorized, onReleaseDue, onCancelled, onRejected],
})
