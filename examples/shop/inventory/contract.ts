/** What is on the shelves, and to which orders it is promised. */
import { command, defineContract, error, event, query, t } from 'banyan'

const Sku = t.String({ minLength: 1, maxLength: 64 })
const Level = t.Object({
  sku: t.String(),
  onHand: t.Integer({ minimum: 0 }),
  reserved: t.Integer({ minimum: 0 }),
  available: t.Integer({ minimum: 0 }),
})
const OrderId = t.Object({ orderId: t.String({ minLength: 1, maxLength: 64 }) })
const Lines = t.Array(
  t.Object({ sku: t.String({ minLength: 1, maxLength: 64 }), quantity: t.Integer({ minimum: 1, maximum: 1_000 }) }),
  { minItems: 1, maxItems: 100 },
)
const UNKNOWN_SKU = error({ code: 'NOT_FOUND', about: 'there is no such product' })

export const Inventory = defineContract('inventory', {
  version: '1.1.0',
  owner: 'warehouse-team',
  about: 'Knows what is on the shelves and promises it to orders.',
  terms: {
    reservation: 'stock promised to one order until it is shipped or given up: a lock on goods, held by an order',
  },
  operations: {
    level: query({
      about: 'What there is of a product, and how much of it is promised.',
      input: t.Object({ sku: Sku }),
      output: Level,
      errors: { UNKNOWN_SKU },
      http: 'GET /inventory/:sku',
    }),
    count: command({
      about: 'Sets what is on the shelf, after somebody counted. Never below what is promised.',
      input: t.Object({ sku: Sku, onHand: t.Integer({ minimum: 0, maximum: 1_000_000 }) }),
      output: Level,
      errors: {
        UNKNOWN_SKU,
        BELOW_RESERVED: error({
          code: 'FAILED_PRECONDITION',
          about: 'more than that is promised to orders',
          details: t.Object({ reserved: t.Integer() }),
        }),
      },
      idempotent: true,
      http: 'PUT /inventory/:sku',
    }),
    reserve: command({
      about: 'Promises all that an order asks for to it, or nothing. For orders.',
      input: t.Object({ orderId: t.String({ minLength: 1, maxLength: 64 }), items: Lines }),
      output: OrderId,
      errors: {
        OUT_OF_STOCK: error({
          code: 'FAILED_PRECONDITION',
          about: 'not all of it is there; nothing is promised',
          details: t.Object({ sku: t.String(), available: t.Integer() }),
        }),
        GIVEN_UP: error({ code: 'FAILED_PRECONDITION', about: 'the promise was given up before' }),
      },
      idempotent: true,
    }),
    release: command({
      about: 'Gives up what is promised to an order, and what may be promised to it later.',
      input: OrderId,
      output: OrderId,
      idempotent: true,
    }),
    inspect: command({
      about: 'Looks at what came back of an order, and puts it aside.',
      input: OrderId,
      output: t.Object({ items: t.Array(t.Object({ sku: t.String(), quantity: t.Integer() })) }),
      errors: { NOT_SOLD: error({ code: 'FAILED_PRECONDITION', about: 'nothing of this order has left the shelves' }) },
      idempotent: true,
    }),
    giveBack: command({
      about: "Undoes `inspect`: it is the customer's again.",
      input: OrderId,
      output: OrderId,
      idempotent: true,
    }),
    restock: command({
      about: 'Puts what was inspected back on the shelves.',
      input: OrderId,
      output: OrderId,
      errors: { NOT_INSPECTED: error({ code: 'FAILED_PRECONDITION', about: 'nobody has looked at it' }) },
      idempotent: true,
    }),
  },
  events: {
    reserved: event({
      about: 'All that an order asked for is promised to it.',
      key: 'orderId',
      data: t.Object({
        orderId: t.String(),
        total: t.Object({ amount: t.Integer(), currency: t.String() }),
        paymentToken: t.String(),
      }),
    }),
    refused: event({
      about: 'Not all of it is there; nothing is promised.',
      key: 'orderId',
      data: t.Object({
        orderId: t.String(),
        reason: t.Literal('OUT_OF_STOCK'),
        sku: t.String(),
        available: t.Integer(),
      }),
    }),
  },
})
