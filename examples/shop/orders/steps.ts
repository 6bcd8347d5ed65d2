/** What orders hears from the others. */
import { subscribe } from 'banyan'
import { Inventory } from '../inventory/contract.ts'
import { Payments } from '../payments/contract.ts'
import { Shipping } from '../shipping/contract.ts'
import { type Ctx, record } from './record.ts'

export const onRefused = subscribe(Inventory.events.refused, ({ data }, ctx: Ctx) =>
  record(ctx, data.orderId, { type: 'refused', reason: data.reason }),
)
export const onFailed = subscribe(Payments.events.failed, ({ data }, ctx: Ctx) =>
  record(ctx, data.orderId, { type: 'refused', reason: data.reason }),
)
export const onCaptured = subscribe(Payments.events.captured, ({ data }, ctx: Ctx) =>
  record(ctx, data.orderId, { type: 'captured' }),
)
export const onShipped = subscribe(Shipping.events.shipped, ({ data }, ctx: Ctx) =>
  record(ctx, data.orderId, { type: 'shipped' }),
)
export const onDelivered = subscribe(Shipping.events.delivered, ({ data }, ctx: Ctx) =>
  record(ctx, data.orderId, { type: 'delivered' }),
)
export const onStopped = subscribe(Shipping.events.stopped, ({ data }, ctx: Ctx) =>
  record(ctx, data.orderId, { type: 'stopped' }),
)
