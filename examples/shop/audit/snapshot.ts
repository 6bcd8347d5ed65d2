// Everything the audit looks at, read once. The rules are functions of this and of nothing else.

import type { Charge, Level, Order, OrderLine, Payment, Product } from './client.ts'

/** One order with what the other services say about it. */
export interface AuditedOrder {
  order: Order
  /** undefined: the shop knows of no payment for it. */
  payment: Payment | undefined
  /** Each with its status, where the shop tells one. */
  shipments: Shipment[]
}

export interface Shipment {
  status: string | undefined
}

export interface Snapshot {
  products: Product[]
  levels: Level[]
  orders: AuditedOrder[]
  /** Orders that somebody knows of (the ledger, or who asked for the audit) and the shop does not. */
  missingOrders: string[]
  charges: Charge[]
}

/** A rule names itself and lists what breaks it; an empty list is a pass. */
export interface Rule {
  name: string
  violations: (snapshot: Snapshot) => string[]
}

const final = new Set(['delivered', 'rejected', 'cancelled', 'returned'])
const paid = new Set(['confirmed', 'shipped', 'delivered'])
const gone = new Set(['shipped', 'delivered'])
const open = new Set(['pending', 'confirmed'])

export const isFinal = (order: Order): boolean => final.has(order.status)
/** Confirmed or later: the customer has paid. */
export const isPaid = (order: Order): boolean => paid.has(order.status)
/** It came back: it was paid for and paid back, its goods have left the shelves and are there again. */
export const isReturned = (order: Order): boolean => order.status === 'returned'
/** Its goods have left the shelves. */
export const isGone = (order: Order): boolean => gone.has(order.status)
/** Its goods are promised and still on the shelves. */
export const isOpen = (order: Order): boolean => open.has(order.status)

/** Quantity per sku over the orders that pass. */
export function quantities(snapshot: Snapshot, passes: (order: Order) => boolean): Map<string, number> {
  const sums = new Map<string, number>()
  const lines = snapshot.orders.flatMap(({ order }): OrderLine[] => (passes(order) ? order.items : []))
  for (const { sku, quantity } of lines) sums.set(sku, (sums.get(sku) ?? 0) + quantity)
  return sums
}

/** Charges per order, in the order of the ledger. */
export function chargesByOrder(snapshot: Snapshot): Map<string, Charge[]> {
  return Map.groupBy(snapshot.charges, (charge) => charge.orderId)
}
