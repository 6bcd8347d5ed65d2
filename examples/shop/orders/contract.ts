/** Orders: what a customer wants, and what becomes of it. */
import { command, defineContract, error, event, query, t } from 'banyan'

const OrderId = t.String({ minLength: 1, maxLength: 64 })
const CustomerId = t.String({ minLength: 1, maxLength: 64 })
const Total = t.Object({ amount: t.Integer({ minimum: 0 }), currency: t.String({ pattern: '^[A-Z]{3}$' }) })
const Item = t.Object({
  sku: t.String({ minLength: 1, maxLength: 64 }),
  quantity: t.Integer({ minimum: 1, maximum: 1_000 }),
})

export const statuses = ['pending', 'confirmed', 'shipped', 'delivered', 'rejected', 'cancelled', 'returned'] as const
export const reasons = ['OUT_OF_STOCK', 'PAYMENT_DECLINED', 'PAYMENT_TIMEOUT'] as const

const Status = t.Enum(statuses)
const Reason = t.Enum(reasons)
const History = t.Array(t.Object({ at: t.DateTime(), status: Status, reason: t.Optional(Reason) }))
const Sum = t.Object({ amount: t.Integer(), currency: t.String() })
const Order = t.Object({
  orderId: t.String(),
  customerId: t.String(),
  status: Status,
  items: t.Array(Item),
  total: Total,
  createdAt: t.DateTime(),
  history: History,
})
const UNKNOWN_ORDER = error({ code: 'NOT_FOUND', about: 'there is no such order' })
const Key = t.Object({ orderId: t.String() })

export const Orders = defineContract('orders', {
  version: '1.1.0',
  owner: 'orders-team',
  about: 'Takes orders and decides what becomes of them.',
  terms: { order: 'what a customer wants to have, with what it costs', settled: 'nothing more will happen to it' },
  operations: {
    place: command({
      about: 'Takes an order. What becomes of it is told later: watch the order.',
      input: t.Object({
        customerId: CustomerId,
        items: t.Array(Item, { minItems: 1, maxItems: 100 }),
        payment: t.Object({ token: t.String({ minLength: 1, maxLength: 200 }) }),
      }),
      output: t.Object({ orderId: t.String(), status: Status, total: Total }),
      errors: {
        UNKNOWN_SKU: error({
          code: 'NOT_FOUND',
          http: 422,
          about: 'there is no such product',
          details: t.Object({ skus: t.Array(t.String()) }),
        }),
        DUPLICATE_SKU: error({
          code: 'INVALID_ARGUMENT',
          about: 'a product stands in two lines: add their quantities up',
          details: t.Object({ sku: t.String() }),
        }),
        MIXED_CURRENCIES: error({
          code: 'INVALID_ARGUMENT',
          http: 422,
          about: 'the products are priced in different currencies: order them apart',
        }),
        TOTAL_TOO_HIGH: error({
          code: 'INVALID_ARGUMENT',
          http: 422,
          about: 'one order may not cost that much: split it',
          details: t.Object({ total: Total, maximum: t.Integer() }),
        }),
      },
      http: 'POST /orders',
      success: { status: 202, location: '/orders/:orderId' },
    }),
    get: query({
      about: 'An order and its history.',
      input: t.Object({ orderId: OrderId }),
      output: Order,
      errors: { UNKNOWN_ORDER },
      http: 'GET /orders/:orderId',
    }),
    cancel: command({
      about: 'Gives an order up, as long as its parcel has not left.',
      input: t.Object({ orderId: OrderId }),
      output: t.Object({ orderId: t.String(), status: Status }),
      errors: {
        UNKNOWN_ORDER,
        TOO_LATE: error({
          code: 'FAILED_PRECONDITION',
          about: 'the order can no longer be cancelled',
          details: t.Object({ status: Status }),
        }),
      },
      idempotent: true,
      http: 'POST /orders/:orderId/cancel',
      success: { status: 202, location: '/orders/:orderId' },
    }),
    return: command({
      about: 'Sends what was delivered back, for the money. A label is made; watch the order.',
      input: t.Object({ orderId: OrderId }),
      output: t.Object({ orderId: t.String(), status: Status }),
      errors: {
        UNKNOWN_ORDER,
        NOT_DELIVERED: error({
          code: 'FAILED_PRECONDITION',
          about: 'only what was delivered can be returned',
          details: t.Object({ status: Status }),
        }),
        RETURN_OVER: error({
          code: 'FAILED_PRECONDITION',
          about: 'it was to be returned before, and that was given up',
        }),
      },
      idempotent: true,
      http: 'POST /orders/:orderId/return',
      success: { status: 202, location: '/orders/:orderId' },
    }),
    keep: command({
      about: 'Takes a return back: the goods are kept. As long as the parcel is not on its way.',
      input: t.Object({ orderId: OrderId }),
      output: t.Object({ orderId: t.String(), status: Status }),
      errors: {
        NO_RETURN: error({ code: 'NOT_FOUND', about: 'nothing of this order is being returned' }),
        TOO_LATE: error({ code: 'FAILED_PRECONDITION', about: 'the parcel is on its way back' }),
      },
      idempotent: true,
      http: 'POST /orders/:orderId/return/cancel',
      success: { status: 202, location: '/orders/:orderId' },
    }),
    listByCustomer: query({
      about: 'The orders of a customer, newest first, a page at a time.',
      input: t.Object({
        customerId: CustomerId,
        cursor: t.Optional(t.String({ minLength: 1, maxLength: 200 })),
        limit: t.Optional(t.Integer({ minimum: 1, maximum: 100 })),
      }),
      output: t.Object({ items: t.Array(Order), nextCursor: t.Optional(t.String()) }),
      errors: { BAD_CURSOR: error({ code: 'INVALID_ARGUMENT', http: 400, about: 'this cursor is not one of ours' }) },
      http: 'GET /customers/:customerId/orders',
    }),
    dashboard: query({
      about: 'What was sold, by day (newest first) and by product (most sold first). A second or so behind the orders.',
      input: t.Object({ days: t.Optional(t.Integer({ minimum: 1, maximum: 366 })) }),
      output: t.Object({
        days: t.Array(t.Object({ day: t.String(), orders: t.Integer(), total: Sum })),
        products: t.Array(t.Object({ sku: t.String(), quantity: t.Integer() })),
      }),
      http: 'GET /sales/dashboard',
    }),
  },
  events: {
    placed: event({
      about: 'An order was taken.',
      key: 'orderId',
      data: t.Object({
        orderId: t.String(),
        customerId: t.String(),
        items: t.Array(Item),
        total: Total,
        paymentToken: t.String({ secret: true }),
      }),
    }),
    changed: event({
      about: 'An order as it is now: taken, or gone a step further. For whoever keeps a copy.',
      key: 'orderId',
      kind: 'state',
      data: t.Object({
        orderId: t.String(),
        customerId: t.String(),
        status: Status,
        items: t.Array(Item),
        total: Total,
        history: History,
      }),
    }),
    confirmed: event({ about: 'It is paid for and promised.', key: 'orderId', data: Key }),
    rejected: event({
      about: 'It cannot be fulfilled.',
      key: 'orderId',
      data: t.Object({ orderId: t.String(), reason: Reason }),
    }),
    cancelled: event({ about: 'The customer gave it up.', key: 'orderId', data: Key }),
  },
})
