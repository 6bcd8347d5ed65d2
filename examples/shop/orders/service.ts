/** Orders. */
import { defineDatabase, defineService } from 'banyan'
import { Catalog } from '../catalog/contract.ts'
import { Shipping } from '../shipping/contract.ts'
import { cancel } from './cancel.ts'
import { Orders } from './contract.ts'
import { CustomerOrders } from './customer-orders.ts'
import { place } from './place.ts'
import { dashboard, get, listByCustomer } from './queries.ts'
import { Sales } from './sales.ts'
import { onCaptured, onDelivered, onFailed, onRefused, onShipped, onStopped } from './steps.ts'
import type { OrdersTables } from './tables.ts'

export const orders = defineService(Orders, {
  calls: [Catalog.price, Shipping.stop],
  database: defineDatabase<OrdersTables>({ migrations: new URL('./migrations/', import.meta.url) }),
  operations: {
    place,
    cancel,
    get,
    listByCustomer,
    dashboard,
  },
  on: () => [onRefused, onFailed, onCaptured, onShipped, onDelivered, onStopped],
  projections: [CustomerOrders, Sales],
})
