/** Money: promised by a card, taken, given back. */
import { command, defineContract, error, event, query, t } from 'banyan'

export const Amount = t.Integer({ minimum: 0, description: 'minor units of the currency of the order' })
const OrderId = t.String({ minLength: 1, maxLength: 64 })

export const states = ['cancelled', 'authorized', 'captured', 'declined', 'releasing', 'released'] as const

const Standing = {
  state: t.Enum(states),
  authorized: Amount,
  captured: Amount,
  refunded: Amount,
}

const Key = t.Object({ orderId: OrderId })

export const Payments = defineContract('payments', {
  version: '1.2.0',
  owner: 'money-team',
  about: 'Takes the money for orders, and gives it back.',
  terms: {
    authorize: 'ask the provider to set the money aside',
    capture: 'take what was set aside',
    release: 'give up what was taken or set aside: void or refund',
  },
  operations: {
    get: query({
      about: 'How the payment of an order stands, or how it stood at a time.',
      input: t.Object({ orderId: OrderId, asOf: t.Optional(t.DateTime({ description: 'default: now' })) }),
      output: t.Object({ orderId: t.String(), ...Standing }),
      errors: { UNKNOWN_PAYMENT: error({ code: 'NOT_FOUND', about: 'there is no payment for this order' }) },
      http: 'GET /payments/:orderId',
    }),
    history: query({
      about: 'What has happened to the payment of an order, oldest first, and how it stood after each of it.',
      input: t.Object({ orderId: OrderId }),
      output: t.Object({
        items: t.Array(
          t.Object({
            version: t.Integer({ minimum: 1 }),
            at: t.DateTime(),
            event: t.String({ description: 'what happened' }),
            ...Standing,
          }),
        ),
      }),
      errors: { UNKNOWN_PAYMENT: error({ code: 'NOT_FOUND', about: 'there is no payment for this order' }) },
      http: 'GET /payments/:orderId/history',
    }),
    authorize: command({
      about: 'Sets the money for an order aside. For orders.',
      input: t.Object({
        orderId: OrderId,
        total: t.Object({ amount: Amount, currency: t.String() }),
        token: t.String({ minLength: 1, maxLength: 200, secret: true }),
      }),
      output: Key,
      errors: {
        DECLINED: error({ code: 'FAILED_PRECONDITION', about: 'the card does not pay for it' }),
        TIMED_OUT: error({
          code: 'FAILED_PRECONDITION',
          about: 'the provider did not answer in time; what it may still set aside is given up',
        }),
        GIVEN_UP: error({ code: 'FAILED_PRECONDITION', about: 'the payment was given up before' }),
      },
      idempotent: true,
    }),
    capture: command({
      about: 'Takes what was set aside. For orders.',
      input: Key,
      output: Key,
      errors: { NOT_HELD: error({ code: 'FAILED_PRECONDITION', about: 'nothing is set aside for this order' }) },
      idempotent: true,
    }),
    release: command({
      about:
        'Gives up what was set aside, and what may be set aside later. Undoes `authorize`; done soon after the answer.',
      input: Key,
      output: Key,
      idempotent: true,
    }),
    refund: command({
      about: 'Gives back what was taken; `released` says when that is done.',
      input: Key,
      output: Key,
      idempotent: true,
    }),
  },
  events: {
    authorized: event({ key: 'orderId', kind: 'notification', data: t.Object({ orderId: t.String() }) }),
    captured: event({ key: 'orderId', kind: 'sourced', data: t.Object({ orderId: t.String(), amount: Amount }) }),
    failed: event({
      key: 'orderId',
      data: t.Object({ orderId: t.String(), reason: t.Enum(['PAYMENT_DECLINED', 'PAYMENT_TIMEOUT']) }),
    }),
    releaseDue: event({
      about:
        'What was taken or set aside is to be given up. For payments itself: the provider is called outside of transactions.',
      key: 'orderId',
      kind: 'sourced',
      data: t.Object({ orderId: t.String() }),
    }),
    released: event({
      about: 'Nothing is held or kept of it any more.',
      key: 'orderId',
      data: t.Object({ orderId: t.String(), refunded: Amount }),
    }),
  },
})
