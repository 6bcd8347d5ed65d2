/** The inventory's own tables. */
import type { JSONColumnType } from 'kysely'

export interface Line {
  readonly sku: string
  readonly quantity: number
}

export type ReservationState = 'reserved' | 'refused' | 'released' | 'shipped' | 'inspected' | 'restocked'

export interface InventoryTables {
  item: { sku: string; on_hand: number; reserved: number }
  reservation: { order_id: string; state: ReservationState; lines: JSONColumnType<Line[]> }
}
