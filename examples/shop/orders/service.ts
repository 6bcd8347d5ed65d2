/** Orders. */
import { defineDatabase, defineService } from 'banyan'
import { Catalog } from '../catalog/contract.ts'
import { fromCursor, toCursor } from '../cursor.ts'
import { Shipping } from '../shipping/contract.ts'
import { cancel } from './cancel.ts'
import { Orders } from './contract.ts'
import type { Entry, Status } from './order.ts'
import { place } from './place.ts'
import { onCaptured, onDelivered, onFailed, onRefused, onShipped, onStopped } from './steps.ts'
import type { OrdersTables } from './tables.ts'

interface Row {
  readonly order_id: string
  readonly customer_id: string
  readonly status: Status
  readonly items: { sku: string; quantity: number }[]
  readonly total_amount: number
  readonly total_currency: string
  readonly history: Entry[]
}

const defaultLimit = 20

const toOrder = (row: Row) => ({
  orderId: row.order_id,
  customerId: row.customer_id,
  status: row.status,
  items: row.items,
  total: { amount: row.total_amount, currency: row.total_currency },
  createdAt: row.history[0]?.at ?? '',
  history: row.history,
})

export const orders = defineService(Orders, {
  calls: [Catalog.price, Shipping.stop],
  database: defineDatabase<OrdersTables>({ migrations: new URL('./migrations/', import.meta.url) }),
  operations: {
    place,
    cancel,
    async get({ orderId }, ctx) {
      const row = await ctx.db
        .selectFrom('customer_order')
        .selectAll()
        .where('order_id', '=', orderId)
        .executeTakeFirst()
      if (row === undefined) throw ctx.fail('UNKNOWN_ORDER')
      return toOrder(row)
    },
    async listByCustomer({ customerId, cursor, limit = defaultLimit }, ctx) {
      const position = cursor === undefined ? undefined : fromCursor(cursor, 1)
      if (cursor !== undefined && position === undefined) throw ctx.fail('BAD_CURSOR')
      let rows = ctx.db.selectFrom('customer_order').selectAll().where('customer_id', '=', customerId)
      if (position?.[0] !== undefined) rows = rows.where('order_id', '<', position[0])
      const found = await rows
        .orderBy('order_id', 'desc')
        .limit(limit + 1)
        .execute()
      const page = found.slice(0, limit)
      const last = page.at(-1)
      return {
        items: page.map(toOrder),
        ...(found.length > limit && last !== undefined ? { nextCursor: toCursor([last.order_id]) } : {}),
      }
    },
  },
  on: () => [onRefused, onFailed, onCaptured, onShipped, onDelivered, onStopped],
})
