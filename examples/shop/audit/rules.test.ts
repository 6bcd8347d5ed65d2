// One sound snapshot, and for every rule at least one way to break it that this rule, and no other, reports
// (or, where one fault shows in two books, exactly the rules that must see it).

import { describe, expect, it } from 'vitest'
import type { Charge, HistoryEntry, Order } from './client.ts'
import { findViolations } from './rules.ts'
import type { AuditedOrder, Snapshot } from './snapshot.ts'

const price = { amount: 250, currency: 'EUR' }

function historyOf(...statuses: string[]): HistoryEntry[] {
  return statuses.map((status, i) => ({ at: new Date(i * 1_000).toISOString(), status }))
}

function order(orderId: string, history: HistoryEntry[], quantity = 2): Order {
  const status = history.at(-1)?.status ?? ''
  const total = { amount: 250 * quantity, currency: 'EUR' }
  const items = [{ sku: 'A', quantity }]
  return { orderId, customerId: 'c', status, items, total, createdAt: history[0]?.at ?? '', history }
}

function charge(orderId: string, amounts: Partial<Charge> = {}): Charge {
  return { chargeId: `ch_${orderId}`, orderId, authorized: 500, captured: 0, refunded: 0, voided: false, ...amounts }
}

function payment(orderId: string, authorized: number, captured: number, refunded = 0): AuditedOrder['payment'] {
  return { orderId, state: 'any', authorized, captured, refunded }
}

/** Delivered, declined, timed out with its charge voided, cancelled with its money back, out of stock, and sent back. */
function sound(): Snapshot {
  const rejected = (reason: string): HistoryEntry[] => [
    ...historyOf('pending'),
    { at: new Date(9_000).toISOString(), status: 'rejected', reason },
  ]
  return {
    products: [{ sku: 'A', name: 'A', price }],
    levels: [{ sku: 'A', onHand: 98, reserved: 0, available: 98 }],
    orders: [
      {
        order: order('delivered', historyOf('pending', 'confirmed', 'shipped', 'delivered')),
        payment: payment('delivered', 500, 500),
        shipments: [{ status: 'delivered' }],
      },
      {
        order: order('declined', rejected('PAYMENT_DECLINED')),
        payment: payment('declined', 0, 0),
        shipments: [],
      },
      { order: order('slow', rejected('PAYMENT_TIMEOUT')), payment: payment('slow', 500, 0), shipments: [] },
      {
        order: order('cancelled', historyOf('pending', 'confirmed', 'cancelled')),
        payment: payment('cancelled', 500, 500, 500),
        shipments: [{ status: 'cancelled' }],
      },
      { order: order('sold out', rejected('OUT_OF_STOCK')), payment: undefined, shipments: [] },
      {
        order: order('returned', historyOf('pending', 'confirmed', 'shipped', 'delivered', 'returned')),
        payment: payment('returned', 500, 500, 500),
        shipments: [{ status: 'delivered' }],
      },
    ],
    missingOrders: [],
    charges: [
      charge('delivered', { captured: 500 }),
      charge('slow', { voided: true }),
      charge('cancelled', { captured: 500, refunded: 500 }),
      charge('returned', { captured: 500, refunded: 500 }),
    ],
  }
}

type Change = (snapshot: Snapshot) => void
const of = (snapshot: Snapshot, orderId: string): AuditedOrder => {
  const found = snapshot.orders.find(({ order: { orderId: id } }) => id === orderId)
  if (!found) throw new Error(`no order ${orderId}`)
  return found
}
const chargeOf = (snapshot: Snapshot, orderId: string): Charge => {
  const found = snapshot.charges.find((one) => one.orderId === orderId)
  if (!found) throw new Error(`no charge of ${orderId}`)
  return found
}
const level = (snapshot: Snapshot) => snapshot.levels[0]!

/** Makes the delivered order one that has only come as far as `statuses`. */
function cutBack(snapshot: Snapshot, ...statuses: string[]): void {
  of(snapshot, 'delivered').order = order('delivered', historyOf(...statuses))
}

const faults: [string, string[], Change][] = [
  ['an acknowledged order is lost', ['order exists'], (s) => s.missingOrders.push('gone')],
  [
    'an order never ends',
    ['order settles'],
    (s) => {
      cutBack(s, 'pending', 'confirmed')
      Object.assign(level(s), { onHand: 100, reserved: 2 })
    },
  ],
  [
    'a status twice',
    ['history', 'history'],
    (s) => cutBack(s, 'pending', 'confirmed', 'shipped', 'shipped', 'delivered'),
  ],
  ['a status left out', ['history'], (s) => cutBack(s, 'pending', 'shipped', 'delivered')],
  ['a status after the end', ['history'], (s) => cutBack(s, 'pending', 'cancelled', 'delivered')],
  ['a beginning that is not pending', ['history'], (s) => cutBack(s, 'confirmed', 'shipped', 'delivered')],
  ['a history that ends elsewhere', ['history'], (s) => of(s, 'delivered').order.history.pop()],
  ['time running backwards', ['history'], (s) => (of(s, 'delivered').order.history[2]!.at = new Date(1).toISOString())],
  ['a time that is none', ['history'], (s) => (of(s, 'delivered').order.history[3]!.at = 'yesterday')],
  ['a rejection for an unknown reason', ['reason'], (s) => (of(s, 'slow').order.history[1]!.reason = 'BAD_MOOD')],
  ['a rejection without a reason', ['reason'], (s) => delete of(s, 'slow').order.history[1]!.reason],
  ['a reason where none belongs', ['reason'], (s) => (of(s, 'delivered').order.history[1]!.reason = 'OUT_OF_STOCK')],
  ['a total that is not the sum of the items', ['total'], (s) => (of(s, 'declined').order.total = 499)],
  ['an item that is not in the catalog', ['total'], (s) => (of(s, 'declined').order.items[0]!.sku = 'Z')],
  ['a delivered order without a shipment', ['shipment'], (s) => (of(s, 'delivered').shipments = [])],
  ['an order shipped twice', ['shipment'], (s) => of(s, 'delivered').shipments.push({ status: 'delivered' })],
  ['a rejected order that was shipped', ['shipment'], (s) => of(s, 'slow').shipments.push({ status: undefined })],
  [
    'a delivered order that nobody paid for',
    ["provider's books", "shop's books"],
    (s) => {
      chargeOf(s, 'delivered').captured = 0
      of(s, 'delivered').payment!.captured = 0
    },
  ],
  [
    'money kept for a cancelled order',
    ["provider's books", "shop's books"],
    (s) => {
      chargeOf(s, 'cancelled').refunded = 499
      of(s, 'cancelled').payment!.refunded = 499
    },
  ],
  [
    'money kept for a returned order',
    ["provider's books", "shop's books"],
    (s) => {
      chargeOf(s, 'returned').refunded = 0
      of(s, 'returned').payment!.refunded = 0
    },
  ],
  [
    'a return of what was never delivered',
    ['history'],
    (s) => (of(s, 'returned').order = order('returned', historyOf('pending', 'confirmed', 'shipped', 'returned'))),
  ],
  ['a returned order that was never shipped', ['shipment'], (s) => (of(s, 'returned').shipments = [])],
  [
    'returned goods that nobody put back',
    ['stock left'],
    (s) => Object.assign(level(s), { onHand: 96, available: 96 }),
  ],
  [
    'a refund the shop does not know of',
    ["provider's books", 'same view'],
    (s) => (chargeOf(s, 'delivered').refunded = 1),
  ],
  [
    'a capture the provider does not know of',
    ["shop's books", 'same view'],
    (s) => (of(s, 'declined').payment!.captured = 500),
  ],
  [
    'an order charged twice, the shop seeing both',
    ['one charge'],
    (s) => {
      s.charges.push(charge('delivered', { chargeId: 'again' }))
      of(s, 'delivered').payment!.authorized = 1_000
    },
  ],
  [
    'an authorization left blocked on a rejected order',
    ['nothing blocked'],
    (s) => (chargeOf(s, 'slow').voided = false),
  ],
  [
    'an authorization left blocked on a cancelled order beside the refunded one',
    ['nothing blocked'],
    (s) => {
      s.charges.push(charge('cancelled', { chargeId: 'again' }))
      of(s, 'cancelled').payment!.authorized = 1_000
    },
  ],
  [
    'a charge of which the shop knows nothing',
    ['same view'],
    (s) => s.charges.push(charge('sold out', { voided: true })),
  ],
  ['an authorized amount that differs', ['same view'], (s) => (of(s, 'delivered').payment!.authorized = 499)],
  [
    'stock still reserved for nobody',
    ['stock reserved'],
    (s) => Object.assign(level(s), { reserved: 2, available: 96 }),
  ],
  ['stock that does not add up', ['stock available'], (s) => (level(s).available = 99)],
  [
    'stock promised twice',
    ['stock reserved', 'stock available'],
    (s) => Object.assign(level(s), { reserved: 99, available: -1 }),
  ],
  ['a product without stock', ['stock known'], (s) => (s.levels = [])],
  ['goods that left twice', ['stock left'], (s) => Object.assign(level(s), { onHand: 96, available: 96 })],
]

describe('the rules', () => {
  it('find nothing in sound books', () => {
    expect(findViolations(sound(), { initialStock: 100 })).toEqual([])
    expect(findViolations(sound(), { initialStock: new Map([['A', 100]]) })).toEqual([])
  })

  it.each(faults)('report %s', (_, rules, change) => {
    const snapshot = sound()
    change(snapshot)
    const violations = findViolations(snapshot, { initialStock: 100 })
    expect(violations.map(({ rule }) => rule)).toEqual(rules)
    for (const { what } of violations) expect(what).not.toMatch(/undefined|NaN|object/)
  })

  it('leave stock levels that were set by hand alone', () => {
    const snapshot = sound()
    Object.assign(level(snapshot), { onHand: 7, available: 7 })
    expect(findViolations(snapshot)).toEqual([])
    expect(findViolations(snapshot, { initialStock: new Map() })).toEqual([])
  })

  it('take a total as a number too', () => {
    const snapshot = sound()
    of(snapshot, 'delivered').order.total = 500
    expect(findViolations(snapshot)).toEqual([])
  })
})
