// What examples may use without declaring it: an environment, a store, a bus, and a small shop. Copied beside the
// programs made of the examples.
import { createMemoryStorage, createRegistry, fromRegistry } from '@banyan/schema-registry'
import {
  command,
  defineAggregate,
  defineContract,
  defineProjection,
  defineService,
  defineSystem,
  event,
  ownDatabase,
  query,
  t,
} from 'banyan'
import { createMemoryBus, type LogKeeping } from 'banyan/bus'
import { createVirtualEnvironment } from 'banyan/core'
import { createMemoryStore } from 'banyan/store'

export { expect } from 'vitest'

export const environment = createVirtualEnvironment()
export const store = createMemoryStore({ environment, service: 'orders' })
export const bus = createMemoryBus({ environment })

// Every bus of the library has it; other people's need not.
export const keeping = bus.keeping as LogKeeping

export const registry = createRegistry({ storage: createMemoryStorage() })
export const authority = fromRegistry(registry)

const Product = t.Object({ sku: t.String(), withdrawn: t.Boolean(), revision: t.Integer() })

export const Catalog = defineContract('catalog', {
  version: '1.0.0',
  owner: 'catalog-team',
  operations: {
    listProducts: query({
      input: t.Object({ limit: t.Integer(), cursor: t.Optional(t.String()) }),
      output: t.Object({ items: t.Array(Product), nextCursor: t.Optional(t.String()) }),
    }),
  },
  events: { productChanged: event({ key: 'sku', data: Product }) },
})

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
  events: {
    reserved: event({ key: 'orderId', data: t.Object({ orderId: t.String() }) }),
    changed: event({ key: 'sku', data: Level }),
  },
})

export const Orders = defineContract('orders', {
  version: '1.0.0',
  owner: 'orders-team',
  operations: {},
  events: {
    placed: event({ key: 'orderId', data: t.Object({ orderId: t.String() }) }),
    confirmed: event({ key: 'orderId', data: t.Object({ orderId: t.String() }) }),
    paymentOverdue: event({ key: 'orderId', data: t.Object({ orderId: t.String() }) }),
  },
})

interface CustomerOrderTables {
  customer_order: { order_id: string; status: string }
}

export const CustomerOrders = defineProjection('customer-orders', {
  version: 1,
  target: ownDatabase<CustomerOrderTables>(),
  on: (on) => [
    on(Orders.events.confirmed, ({ data }, tx) =>
      tx.db.updateTable('customer_order').set({ status: 'confirmed' }).where('order_id', '=', data.orderId).execute(),
    ),
  ],
})

export const Payments = defineContract('payments', {
  version: '1.0.0',
  owner: 'payments-team',
  operations: {},
  events: { captured: event({ key: 'orderId', data: t.Object({ orderId: t.String() }) }) },
})

export const Customers = defineContract('customers', {
  version: '1.0.0',
  owner: 'customers-team',
  operations: {},
  events: {
    changed: event({ key: 'id', data: t.Object({ id: t.String(), name: t.String() }) }),
    removed: event({ key: 'id', data: t.Object({ id: t.String() }) }),
  },
})

const Amount = t.Object({ amount: t.Integer({ minimum: 1 }) })

export const Accounts = defineContract('accounts', {
  version: '1.0.0',
  owner: 'accounts-team',
  operations: {
    withdraw: command({
      input: t.Object({ id: t.String(), amount: t.Integer({ minimum: 1 }) }),
      output: t.Object({ balance: t.Integer() }),
      errors: { OVERDRAWN: t.Object({ balance: t.Integer() }) },
    }),
  },
})

export const Account = defineAggregate('account', {
  events: { deposited: Amount, withdrawn: Amount },
  initial: { balance: 0 },
  evolve: ({ balance }, { type, data }) => ({ balance: balance + (type === 'deposited' ? data.amount : -data.amount) }),
  commands: { withdraw: Amount },
  decide: {
    withdraw({ balance }, { amount }) {
      if (amount > balance) throw new Accounts.withdraw.errors.OVERDRAWN({ balance })
      return [{ type: 'withdrawn', data: { amount } }]
    },
  },
})

const inventory = defineService(Inventory, {
  operations: { level: () => ({ available: 3 }), reserve: ({ orderId }) => ({ reservationId: orderId }) },
})

export const system = defineSystem({ name: 'shop', services: [inventory] })
