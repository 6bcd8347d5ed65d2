// What must hold of every order by itself: it is there, it came to an end, and by an allowed way.

import { type HistoryEntry, minorUnits, type Order } from './client.ts'
import { type AuditedOrder, isFinal, isPaid, isReturned, type Rule } from './snapshot.ts'

const next: Record<string, readonly string[]> = {
  pending: ['confirmed', 'rejected', 'cancelled'],
  confirmed: ['shipped', 'cancelled'],
  shipped: ['delivered'],
  delivered: ['returned'],
  rejected: [],
  cancelled: [],
  returned: [],
}

export const rejectionReasons: readonly string[] = ['OUT_OF_STOCK', 'PAYMENT_DECLINED', 'PAYMENT_TIMEOUT']

const known: Rule = {
  name: 'order exists',
  violations: ({ missingOrders }) =>
    missingOrders.map((id) => `order ${id} was acknowledged or charged, and is not there`),
}

const settled: Rule = {
  name: 'order settles',
  violations: each(({ order }) => (isFinal(order) ? [] : [`is still ${order.status}`])),
}

const history: Rule = {
  name: 'history',
  violations: each(({ order }) => {
    const statuses = order.history.map((entry) => entry.status)
    const found = order.history.flatMap((entry, i) => step(order.history[i - 1], entry))
    if (new Set(statuses).size < statuses.length) found.push(`has a status twice in ${statuses.join(' → ')}`)
    if (statuses.at(-1) !== order.status) found.push(`is ${order.status}, and its history ends ${statuses.at(-1)}`)
    return found
  }),
}

function step(before: HistoryEntry | undefined, entry: HistoryEntry): string[] {
  const found: string[] = []
  if (Number.isNaN(Date.parse(entry.at))) found.push(`became ${entry.status} at ${entry.at}, which is no time`)
  if (!before) return entry.status === 'pending' ? found : [...found, `begins as ${entry.status}, not as pending`]
  if (!next[before.status]?.includes(entry.status)) found.push(`went from ${before.status} to ${entry.status}`)
  if (Date.parse(entry.at) < Date.parse(before.at)) {
    found.push(`became ${entry.status} at ${entry.at}, before it was ${before.status} at ${before.at}`)
  }
  return found
}

const reasons: Rule = {
  name: 'reason',
  violations: each(({ order }) =>
    order.history.flatMap(({ status, reason }) => {
      if (status === 'cancelled') return []
      if (status === 'rejected') {
        return rejectionReasons.includes(reason ?? '') ? [] : [`was rejected with reason ${reason ?? '(none)'}`]
      }
      return reason === undefined ? [] : [`has reason ${reason} on ${status}`]
    }),
  ),
}

const total: Rule = {
  name: 'total',
  violations: (snapshot) => {
    const prices = new Map(snapshot.products.map(({ sku, price }) => [sku, price.amount]))
    return each(({ order }) => {
      const unknown = order.items.filter(({ sku }) => !prices.has(sku))
      if (unknown.length > 0) return [`holds ${unknown[0]?.sku}, which the catalog does not`]
      const sum = order.items.reduce((rest, { sku, quantity }) => rest + (prices.get(sku) ?? 0) * quantity, 0)
      return sum === minorUnits(order.total) ? [] : [`has total ${minorUnits(order.total)}, its items cost ${sum}`]
    })(snapshot)
  },
}

const shipped: Rule = {
  name: 'shipment',
  violations: each(({ order, shipments }) => {
    // A shipment that was called off along with its order is no shipment.
    const real = shipments.filter((shipment) => shipment.status !== 'cancelled').length
    const expected = isPaid(order) || isReturned(order) ? 1 : 0
    return real === expected ? [] : [`is ${order.status} and has ${real} shipments instead of ${expected}`]
  }),
}

export const orderRules: readonly Rule[] = [known, settled, history, reasons, total, shipped]

/** Turns "what is wrong with this order" into a rule over all of them. */
export function each(check: (audited: AuditedOrder) => string[]): Rule['violations'] {
  return ({ orders }) => orders.flatMap((audited) => check(audited).map((text) => describe(audited.order, text)))
}

function describe(order: Order, text: string): string {
  return `order ${order.orderId} ${text}`
}
