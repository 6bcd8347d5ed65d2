/**
 * The checkout without a conductor, made visible: which event is to follow which, and by when. Nothing is done by it. An order that
 * hangs is found by what is missing (`banyan saga list --late`), as a hanging run of the orchestrated checkout is.
 */
import { defineFlow } from 'banyan'
import { Inventory } from '../inventory/contract.ts'
import { Payments } from '../payments/contract.ts'
import { Shipping } from '../shipping/contract.ts'
import { deliveryMs } from './checkout.ts'
import { Orders } from './contract.ts'

const { placed, confirmed, rejected, cancelled } = Orders.events
const { reserved, refused } = Inventory.events
const { authorized, captured, failed } = Payments.events
const { shipped, stopped, delivered } = Shipping.events

/** Our own services answer at once; this is much longer than a host takes to be replaced by another. */
const soonMs = 30_000
/** The provider is asked until it answers; longer than this it should not be away. */
const providerMs = 60_000

export const checkoutFlow = defineFlow('checkout-flow', {
  about: 'An order from placed to delivered, rejected or cancelled, by events alone.',
  starts: placed,
  key: ({ orderId }) => orderId,
  expects: [
    { after: placed, any: [reserved, refused], withinMs: soonMs },
    { after: refused, any: [rejected], withinMs: soonMs },
    { after: reserved, any: [authorized, failed], withinMs: providerMs },
    { after: failed, any: [rejected], withinMs: soonMs },
    { after: authorized, any: [captured], withinMs: providerMs },
    { after: captured, any: [confirmed], withinMs: soonMs },
    { after: confirmed, any: [shipped, stopped], withinMs: soonMs },
    { after: stopped, any: [cancelled], withinMs: soonMs },
    { after: shipped, any: [delivered], withinMs: deliveryMs },
  ],
  ends: [delivered, rejected, cancelled],
})
