/** The orders' own tables. */
import type { JSONColumnType } from 'kysely'
import type { Entry, Status } from './order.ts'

export interface OrdersTables {
  customer_order: {
    order_id: string
    customer_id: string
    status: Status
    items: JSONColumnType<{ sku: string; quantity: number }[]>
    total_amount: number
    total_currency: string
    history: JSONColumnType<Entry[]>
  }
}
