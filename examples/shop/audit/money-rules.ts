// Money, in the shop's own books and in the provider's: who has paid has paid exactly the total and once; who has not
// got the goods has paid nothing, and nothing of theirs stays blocked.

import { type Charge, minorUnits, type Order } from './client.ts'
import { each } from './order-rules.ts'
import { chargesByOrder, isPaid, type Rule, type Snapshot } from './snapshot.ts'

const due = (order: Order): number => (isPaid(order) ? minorUnits(order.total) : 0)
const isUnpaidEnd = (order: Order): boolean => ['rejected', 'cancelled', 'returned'].includes(order.status)
const isBlocked = (charge: Charge): boolean => !charge.voided && charge.captured === 0
const isLive = (charge: Charge): boolean => isBlocked(charge) || charge.captured > charge.refunded

function sum(charges: readonly Charge[], amount: 'authorized' | 'captured' | 'refunded'): number {
  return charges.reduce((total, charge) => total + charge[amount], 0)
}

/** A rule over one order and its charges. */
function withCharges(check: (order: Order, charges: Charge[]) => string[]): (snapshot: Snapshot) => string[] {
  return (snapshot) => {
    const charges = chargesByOrder(snapshot)
    return each(({ order }) => check(order, charges.get(order.orderId) ?? []))(snapshot)
  }
}

const providerBooks: Rule = {
  name: "provider's books",
  violations: withCharges((order, charges) => {
    const net = sum(charges, 'captured') - sum(charges, 'refunded')
    if (net === due(order)) return []
    return [`is ${order.status} and the provider keeps ${net} of it instead of ${due(order)}`]
  }),
}

const shopBooks: Rule = {
  name: "shop's books",
  violations: each(({ order, payment }) => {
    const net = (payment?.captured ?? 0) - (payment?.refunded ?? 0)
    return net === due(order) ? [] : [`is ${order.status} and payments keeps ${net} of it instead of ${due(order)}`]
  }),
}

const oneCharge: Rule = {
  name: 'one charge',
  violations: withCharges((_, charges) => {
    const live = charges.filter(isLive)
    return live.length <= 1 ? [] : [`is charged ${live.length} times: ${live.map((c) => c.chargeId).join(', ')}`]
  }),
}

const nothingBlocked: Rule = {
  name: 'nothing blocked',
  violations: withCharges((order, charges) => {
    const blocked = isUnpaidEnd(order) ? charges.filter(isBlocked) : []
    return blocked.map(({ chargeId }) => `is ${order.status} and charge ${chargeId} is neither captured nor voided`)
  }),
}

/** What a voided charge once authorized may or may not still show in the shop: both are true. */
const sameView: Rule = {
  name: 'same view',
  violations: (snapshot) => {
    const charges = chargesByOrder(snapshot)
    return each(({ order, payment }) => {
      const own = charges.get(order.orderId) ?? []
      if (!payment) return own.length === 0 ? [] : [`has ${own.length} charges at the provider and no payment here`]
      const held = sum(
        own.filter((charge) => !charge.voided),
        'authorized',
      )
      const fits = payment.authorized === held || payment.authorized === sum(own, 'authorized')
      const found = fits ? [] : [differ('authorized', payment.authorized, held)]
      for (const amount of ['captured', 'refunded'] as const) {
        if (payment[amount] !== sum(own, amount)) found.push(differ(amount, payment[amount], sum(own, amount)))
      }
      return found
    })(snapshot)
  },
}

function differ(what: string, here: number, there: number): string {
  return `has ${what} ${here} here and ${there} at the provider`
}

export const moneyRules: readonly Rule[] = [providerBooks, shopBooks, oneCharge, nothingBlocked, sameView]
