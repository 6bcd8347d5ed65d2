/** The shipping service's own tables. */
import type { ColumnType } from 'kysely'
import type { shipmentStates } from './contract.ts'

/** `label`: made and not used yet. */
export type ReturnState = 'label' | 'void' | 'under-way' | 'back'

export interface ShippingTables {
  shipment: {
    order_id: string
    status: (typeof shipmentStates)[number]
    /** When the next step is due. */
    due_at: ColumnType<Date, never, never>
    shipped_at: ColumnType<Date | null, never, never>
    delivered_at: ColumnType<Date | null, never, never>
    /** When the carrier was told that it did not arrive. */
    claimed_at: ColumnType<Date | null, never, never>
  }
  return_parcel: {
    order_id: string
    state: ReturnState
    /** When the next step is due. */
    due_at: ColumnType<Date, never, never>
  }
}
