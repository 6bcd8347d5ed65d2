/** The service of orders over a map. */
import { defineDatabase, defineService } from 'banyan'
import { Catalog } from '../../catalog/contract.ts'
import { Inventory } from '../../inventory/contract.ts'
import { Payments } from '../../payments/contract.ts'
import { Shipping } from '../../shipping/contract.ts'
import { defineCheckout, type OrderBooks } from '../checkout.ts'
import { Orders } from '../contract.ts'
import { next, onCancel } from '../order.ts'
import { defineReturns } from '../returns.ts'
import type { OrdersTables } from '../tables.ts'
import { fates, type Kept, type Of, untouched, unused } from './kept.ts'

/** The rows of orders, as a map. */
function createBooks(of: Of): OrderBooks {
  return {
    status: async (_, orderId) => of(orderId).status,
    async learn(_, orderId, fact) {
      const kept = of(orderId)
      const status = next(kept.status, fact)
      if (status === undefined) return kept.status
      kept.status = status
      kept.statuses.push(status)
      if (fact.type === 'refused') kept.reason = fact.reason
      return status
    },
    async accept(_, orderId, accepted) {
      const kept = of(orderId)
      if (kept.status !== 'pending') return false
      kept.accepted = accepted
      return true
    },
  }
}

/** Orders with the real sagas; its commands decide by the real rules. */
export function createOrders(orders: Map<string, Kept>, of: Of) {
  const books = createBooks(of)
  const [checkout, returns] = [defineCheckout(books), defineReturns(books)]
  return defineService(Orders, {
    calls: [Catalog.price, Inventory, Payments, Shipping],
    // The sagas are those of the real service; its rows are not there.
    database: defineDatabase<OrdersTables>({ migrations: new URL('./', import.meta.url) }),
    sagas: [checkout, returns],
    operations: {
      listByCustomer: unused,
      dashboard: unused,
      get: unused,
      place: ({ customerId, items, payment }, ctx) =>
        ctx.transact(async (tx) => {
          const orderId = ctx.newId()
          const total = { amount: 1, currency: 'EUR' }
          orders.set(orderId, { ...untouched, fate: customerId, statuses: ['pending'] })
          tx.publish(Orders.events.placed, { orderId, customerId, items, total, paymentToken: payment.token })
          return { orderId, status: 'pending', total }
        }),
      async cancel({ orderId }, ctx) {
        const { status, accepted, fate } = of(orderId)
        if (fate === fates.byHand) {
          await ctx.sagas.cancel(checkout, orderId)
          return { orderId, status }
        }
        const verdict = onCancel(status, accepted)
        if (verdict === 'too late') throw ctx.fail('TOO_LATE', { status })
        if (verdict === 'give up') {
          await books.learn(undefined as never, orderId, { type: 'cancel' }, ctx.now())
          await ctx.sagas.cancel(checkout, orderId).catch(() => undefined)
        }
        if (verdict === 'ask shipping' && !(await ctx.attempt(Shipping.stop, { orderId })).ok)
          throw ctx.fail('TOO_LATE', { status })
        return { orderId, status: of(orderId).status }
      },
      async return({ orderId }, ctx) {
        await ctx.sagas.start(returns, { orderId })
        return { orderId, status: of(orderId).status }
      },
      async keep({ orderId }, ctx) {
        await ctx.sagas.cancel(returns, orderId)
        return { orderId, status: of(orderId).status }
      },
    },
  })
}
