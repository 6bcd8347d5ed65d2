/** Parcels: packed, handed to the carrier, delivered. */
import { command, defineContract, error, event, query, t } from 'banyan'

const OrderId = t.String({ minLength: 1, maxLength: 64 })
const data = t.Object({ orderId: t.String() })

export const shipmentStates = ['preparing', 'shipped', 'delivered', 'cancelled'] as const

export const Shipping = defineContract('shipping', {
  version: '1.1.0',
  owner: 'logistics-team',
  about: 'Packs confirmed orders and hands them to the carrier.',
  terms: {
    stop: 'keep a parcel from leaving; impossible once the carrier has it',
    claim: 'what the carrier owes for a lost parcel',
  },
  operations: {
    get: query({
      about: 'Where the parcel of an order is.',
      input: t.Object({ orderId: OrderId }),
      output: t.Object({
        orderId: t.String(),
        status: t.Enum(shipmentStates),
        shippedAt: t.Optional(t.DateTime()),
        deliveredAt: t.Optional(t.DateTime()),
      }),
      errors: { UNKNOWN_SHIPMENT: error({ code: 'NOT_FOUND', about: 'there is no parcel for this order' }) },
      http: 'GET /shipments/:orderId',
    }),
    stop: command({
      about: 'Keeps the parcel of an order from leaving. For orders.',
      input: t.Object({ orderId: OrderId }),
      output: t.Object({ orderId: t.String() }),
      errors: { TOO_LATE: error({ code: 'FAILED_PRECONDITION', about: 'the carrier has it' }) },
      idempotent: true,
    }),
    prepare: command({
      about: 'Packs the parcel of an order, unless it was stopped before. For orders.',
      input: t.Object({ orderId: OrderId }),
      output: t.Object({ orderId: t.String(), stopped: t.Boolean() }),
      idempotent: true,
    }),
    claim: command({
      about: 'Tells the carrier that a parcel did not arrive.',
      input: t.Object({ orderId: OrderId }),
      output: t.Object({ orderId: t.String() }),
      idempotent: true,
    }),
    returnLabel: command({
      about: 'Makes a label with which the customer sends a parcel back.',
      input: t.Object({ orderId: OrderId }),
      output: t.Object({ label: t.String() }),
      errors: { VOID: error({ code: 'FAILED_PRECONDITION', about: 'the label was taken back before' }) },
      idempotent: true,
    }),
    voidLabel: command({
      about: 'Takes a label back that nobody has used; also before it was made.',
      input: t.Object({ orderId: OrderId }),
      output: t.Object({ orderId: t.String() }),
      errors: { TOO_LATE: error({ code: 'FAILED_PRECONDITION', about: 'the parcel is on its way back' }) },
      idempotent: true,
    }),
  },
  events: {
    shipped: event({ about: 'The carrier has the parcel.', key: 'orderId', data }),
    delivered: event({ about: 'The customer has the parcel.', key: 'orderId', data }),
    stopped: event({ about: 'The parcel will not leave.', key: 'orderId', data }),
    returned: event({ about: 'The parcel is back.', key: 'orderId', data }),
  },
})
