/** The payments' own tables. */
import type { Payment } from './payment.ts'

export interface PaymentsTables {
  payment: {
    order_id: string
    state: Payment['state']
    /** A charge may still appear at the provider: its answer was not waited for. */
    unsettled: boolean
    charge_id: string | null
    authorized: number
    captured: number
    refunded: number
  }
}
