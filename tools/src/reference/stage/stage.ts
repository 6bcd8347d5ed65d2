// What examples may use without declaring it: an environment, a store, a bus, and a small shop. Copied beside the
// programs made of the examples.
import { command, defineContract, defineService, defineSystem, event, query, t } from 'banyan'
import { createMemoryBus } from 'banyan/bus'
import { createVirtualEnvironment } from 'banyan/core'
import { createMemoryStore } from 'banyan/store'

export { expect } from 'vitest'

export const environment = createVirtualEnvironment()
export const store = createMemoryStore({ environment, service: 'orders' })
export const bus = createMemoryBus({ environment })

export const Catalog = defineContract('catalog', { version: '1.0.0', owner: 'catalog-team', operations: {} })

export const Money = t.Object({ amount: t.Integer(), currency: t.String() })
export const Level = t.Object({ sku: t.String(), available: t.Integer() })
export const Line = t.Object({ sku: t.String(), quantity: t.Integer() })

export const Inventory = defineContract('inventory', {
  version: '1.0.0',
  owner: 'warehouse-team',
  operations: {
    level: query({
      input: t.Object({ sku: t.String() }),
      output: t.Object({ available: t.Integer() }),
      http: 'GET /inventory/:sku',
    }),
    reserve: command({
      input: t.Object({ orderId: t.String(), lines: t.Array(Line) }),
      output: t.Object({ reservationId: t.String() }),
      errors: { OUT_OF_STOCK: t.Object({ sku: t.String(), available: t.Integer() }) },
    }),
  },
  events: { reserved: event({ key: 'orderId', data: t.Object({ orderId: t.String() }) }) },
})

export const Orders = defineContract('orders', {
  version: '1.0.0',
  owner: 'orders-team',
  operations: {},
  events: {
    placed: event({ key: 'orderId', data: t.Object({ orderId: t.String() }) }),
    confirmed: event({ key: 'orderId', data: t.Object({ orderId: t.String() }) }),
  },
})

export const Payments = defineContract('payments', {
  version: '1.0.0',
  owner: 'payments-team',
  operations: {},
  events: { captured: event({ key: 'orderId', data: t.Object({ orderId: t.String() }) }) },
})

const inventory = defineService(Inventory, {
  operations: { level: () => ({ available: 3 }), reserve: ({ orderId }) => ({ reservationId: orderId }) },
})

export const system = defineSystem({ name: 'shop', services: [inventory] })
