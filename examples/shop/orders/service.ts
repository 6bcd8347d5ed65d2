/** Orders. */
import { defineDatabase, defineService } from 'banyan'
import { Catalog } from '../catalog/contract.ts'
import { isChoreographed } from '../flow.ts'
import { Inventory } from '../inventory/contract.ts'
import { Payments } from '../payments/contract.ts'
import { Shipping } from '../shipping/contract.ts'
import { cancel } from './cancel.ts'
import { checkoutFlow } from './checkout-flow.ts'
import { Orders } from './contract.ts'
import { CustomerOrders } from './customer-orders.ts'
import { place } from './place.ts'
import { dashboard, get, listByCustomer } from './queries.ts'
import { keep, sendBack } from './return.ts'
import { checkout, returns } from './sagas.ts'
import { Sales } from './sales.ts'
import { onCaptured, onDelivered, onFailed, onRefused, onShipped, onStopped } from './steps.ts'
import type { OrdersTables } from './tables.ts'

export const orders = defineService(Orders, {
  calls: [Catalog.price, Inventory, Payments, Shipping],
  database: defineDatabase<OrdersTables>({ migrations: new URL('./migrations/', import.meta.url) }),
  operations: {
    place,
    cancel,
    return: sendBack,
    keep,
    get,
    listByCustomer,
    dashboard,
  },
  // The same order is not led by both.
  on: () => (isChoreographed ? [onRefused, onFailed, onCaptured, onShipped, onDelivered, onStopped] : []),
  sagas: isChoreographed ? [returns] : [checkout, returns],
  flows: isChoreographed ? [checkoutFlow] : [],
  projections: [CustomerOrders, Sales],
})
