/** The shop: a reference system that runs everything Banyan has. */
import { defineSystem, service } from 'banyan'
import { Catalog } from './catalog/contract.ts'
import { Inventory } from './inventory/contract.ts'
import { Orders } from './orders/contract.ts'
import { Payments } from './payments/contract.ts'
import { Shipping } from './shipping/contract.ts'

export default defineSystem({
  name: 'shop',
  services: [
    service(Catalog, () => import('./catalog/service.ts')),
    service(Inventory, () => import('./inventory/service.ts')),
    service(Payments, () => import('./payments/service.ts')),
    service(Orders, () => import('./orders/service.ts')),
    service(Shipping, () => import('./shipping/service.ts')),
  ],
})
