/** Payments. */
import { defineDatabase, defineService } from 'banyan'
import { isChoreographed } from '../flow.ts'
import { authorization, givingUp } from './at-the-provider.ts'
import { authorize, capture, refund, release } from './commands.ts'
import { Payments } from './contract.ts'
import { toHistory, toView } from './history.ts'
import { PaymentLife } from './payment.ts'
import { onAuthorized, onCancelled, onRejected, onReleaseDue, onReserved } from './steps.ts'
import type { PaymentsTables } from './tables.ts'

export const payments = defineService(Payments, {
  database: defineDatabase<PaymentsTables>({ migrations: new URL('./migrations/', import.meta.url) }),
  aggregates: [PaymentLife],
  operations: {
    async get({ orderId, asOf }, ctx) {
      const then = asOf === undefined ? {} : { asOf: { timeMs: Date.parse(asOf) } }
      const { state, version } = await ctx.load(PaymentLife, orderId, then)
      if (version === 0) throw ctx.fail('UNKNOWN_PAYMENT')
      return toView(orderId, state)
    },
    async history({ orderId }, ctx) {
      const { events } = await ctx.history(PaymentLife, orderId)
      if (events.length === 0) throw ctx.fail('UNKNOWN_PAYMENT')
      return { items: toHistory(orderId, events) }
    },
    authorize,
    capture,
    release,
    refund,
  },
  on: () => (isChoreographed ? [onReserved, onAuthorized, onReleaseDue, onCancelled, onRejected] : []),
  sagas: [authorization, givingUp],
})
