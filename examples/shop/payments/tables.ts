/** The payments' own tables. What has happened is in the streams; the row shows how a payment stands, to those who ask in SQL. */
import type { Payment } from './payment.ts'

export interface PaymentsTables {
  payment: {
    order_id: string
    /** The version of the stream that it shows. */
    version: number
    state: Exclude<Payment['state'], 'none'>
    /** A charge may still appear at the provider: its answer was not waited for. */
    unsettled: boolean
    charge_id: string | null
    authorized: number
    captured: number
    refunded: number
  }
}
