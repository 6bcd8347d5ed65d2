/** What payments does when something happened: the provider is asked outside of any transaction, its answer recorded in one. */
import { BanyanError, subscribe } from 'banyan'
import { Inventory } from '../inventory/contract.ts'
import { Orders } from '../orders/contract.ts'
import { Payments } from './contract.ts'
import { isUnasked } from './payment.ts'
import { authorize, capture, findCharges, release } from './provider.ts'
import { type Ctx, find, record } from './record.ts'

/** How long after an unanswered authorization its charge may still appear at the provider. */
const lateChargeMs = 60_000
/** Orders whose payment is at the provider at the same time: slow cards, 3 s each, must not hold the others up. */
const providerConcurrency = 64

export const onReserved = subscribe(
  Inventory.events.reserved,
  async ({ data }, ctx: Ctx) => {
    const { orderId, total, paymentToken } = data
    if (!isUnasked(await find(ctx, orderId))) return
    await record(ctx, orderId, await authorize(ctx.signal, { orderId, ...total, token: paymentToken }))
  },
  { concurrency: providerConcurrency },
)

export const onAuthorized = subscribe(Payments.events.authorized, async ({ data: { orderId } }, ctx: Ctx) => {
  const payment = await find(ctx, orderId)
  if (payment.state !== 'authorized' || payment.chargeId === null) return
  await capture(ctx.signal, payment.chargeId)
  await record(ctx, orderId, { type: 'captured', amount: payment.authorized })
})

export const onReleaseDue = subscribe(
  Payments.events.releaseDue,
  async ({ data: { orderId }, timeMs }, ctx: Ctx) => {
    const payment = await find(ctx, orderId)
    if (payment.state !== 'releasing') return
    const charges = await findCharges(ctx.signal, orderId)
    if (charges.length === 0 && payment.unsettled && ctx.now() - timeMs < lateChargeMs)
      throw new BanyanError('UNAVAILABLE', 'the charge may still appear at the provider', {
        reason: 'CHARGE_MAY_APPEAR',
        retryable: true,
      })
    const sum = { authorized: 0, captured: 0, refunded: 0 }
    for (const charge of charges) {
      const { authorized, captured, refunded } = await release(ctx.signal, charge)
      sum.authorized += authorized
      sum.captured += captured
      sum.refunded += refunded
    }
    await record(ctx, orderId, { type: 'released', ...sum })
  },
  { maxAttempts: 100, concurrency: providerConcurrency },
)

export const onCancelled = subscribe(Orders.events.cancelled, ({ data }, ctx: Ctx) =>
  record(ctx, data.orderId, { type: 'order-ended' }),
)
export const onRejected = subscribe(Orders.events.rejected, ({ data }, ctx: Ctx) =>
  record(ctx, data.orderId, { type: 'order-ended' }),
)
