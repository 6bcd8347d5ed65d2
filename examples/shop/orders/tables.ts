/** The orders' own tables. */
import type { Generated, JSONColumnType } from 'kysely'
import type { Entry, Status } from './order.ts'

export interface OrdersTables {
  customer_order: {
    order_id: string
    customer_id: string
    status: Status
    /** The shop has made up its mind to fulfil it: from here on only shipping can stop it. */
    accepted: Generated<boolean>
    items: JSONColumnType<{ sku: string; quantity: number }[]>
    total_amount: number
    total_currency: string
    history: JSONColumnType<Entry[]>
  }
}
