/** The sagas of orders, over the rows of orders: what checkout.ts and returns.ts leave open, so that they run without a database. */
import { defineCheckout, type OrderBooks } from './checkout.ts'
import { learn, lockOrder } from './record.ts'
import { defineReturns } from './returns.ts'

export const rows: OrderBooks = {
  status: async (tx, orderId) => (await lockOrder(tx, orderId))?.status,
  learn: (tx, orderId, fact, atMs) => learn(tx, atMs, orderId, fact),
  async accept(tx, orderId, accepted) {
    const row = await lockOrder(tx, orderId)
    if (row?.status !== 'pending') return false
    await tx.db.updateTable('customer_order').set({ accepted }).where('order_id', '=', orderId).execute()
    return true
  },
}

export const checkout = defineCheckout(rows)
export const returns = defineReturns(rows)
