/** The shipping service's own tables. */
import type { ColumnType } from 'kysely'
import type { shipmentStates } from './contract.ts'

export interface ShippingTables {
  shipment: {
    order_id: string
    status: (typeof shipmentStates)[number]
    /** When the next step is due. */
    due_at: ColumnType<Date, never, never>
    shipped_at: ColumnType<Date | null, never, never>
    delivered_at: ColumnType<Date | null, never, never>
  }
}
