/**
 * The checkout as one function: what is asked of whom, in which order, and what takes it back. It is run again from its beginning
 * after a crash, with all that is done already given from its journal; so there is no clock, no randomness and no I/O in it but
 * through `saga`.
 *
 * Until `accept` the order is the customer's to cancel: whoever changes the row first (this saga or the command) has decided. From
 * then on only shipping can stop it, and what was done is not undone but countered: the parcel kept back, the money given back.
 *
 * What it does to rows it is given ({@link OrderBooks}), so that tests run it without a database.
 */
import { BanyanError, defineSaga, isBanyanError, type Saga, type SagaDefinition, type TransactionOf } from 'banyan'
import { Inventory } from '../inventory/contract.ts'
import { Payments } from '../payments/contract.ts'
import { Shipping } from '../shipping/contract.ts'
import { Orders } from './contract.ts'
import type { Fact, Reason, Status } from './order.ts'
import type { Ctx } from './record.ts'

type Tx = TransactionOf<Ctx>
type Placed = (typeof Orders.events.placed)['~types']['received']

/** What the sagas of orders do to rows, each within a transaction that commits with their journal. */
export interface OrderBooks {
  /** The status, which stays so until the transaction ends. */
  status(tx: Tx, orderId: string): Promise<Status | undefined>
  /** Takes a fact in; the status after it, undefined when there is no such order. */
  learn(tx: Tx, orderId: string, fact: Fact, atMs: number): Promise<Status | undefined>
  /** Sets or clears the mark that the shop has made up its mind; false when the order is not pending any more. */
  accept(tx: Tx, orderId: string, accepted: boolean): Promise<boolean>
}

/** How an order ended. */
export interface CheckoutEnd {
  readonly end: 'delivered' | 'cancelled' | 'lost'
}

const day = 86_400_000
/** How long a parcel may be on its way before the carrier is asked to pay for it. */
export const deliveryMs: number = 14 * day
/** How long it may still turn up after that. */
export const claimMs: number = 30 * day
/** A service that is down is asked again for an hour and more, every few seconds; then the order is given up. */
const patient = { maxAttempts: 1_000, firstMs: 50, maxMs: 5_000 }

/** What the customer is told when a participant says no. */
const refusals: Readonly<Record<string, Reason>> = {
  OUT_OF_STOCK: 'OUT_OF_STOCK',
  DECLINED: 'PAYMENT_DECLINED',
  TIMED_OUT: 'PAYMENT_TIMEOUT',
}

/** Not pending any more: the customer was quicker. */
const gone = (orderId: string): BanyanError =>
  new BanyanError('FAILED_PRECONDITION', `order ${orderId} is not pending any more`, { reason: 'ORDER_GONE' })

/** The checkout over these books. */
export function defineCheckout(books: OrderBooks): SagaDefinition<Placed, CheckoutEnd, Ctx> {
  return defineSaga('checkout', {
    version: 1,
    about: 'Brings an order from placed to delivered, or takes back what was done for it.',
    startsOn: Orders.events.placed,
    key: ({ orderId }) => orderId,
    waits: [Shipping.events.shipped, Shipping.events.stopped, Shipping.events.delivered],
    retry: patient,
    async run(saga: Saga<Ctx>, order): Promise<CheckoutEnd> {
      await promise(saga, books, order)
      await saga.pointOfNoReturn()
      return fulfil(saga, books, order.orderId)
    },
  })
}

/** Up to the point of no return. Each step says how it is taken back; a refusal is told to the customer first. */
async function promise(saga: Saga<Ctx>, books: OrderBooks, order: Placed): Promise<void> {
  const { orderId, items, total, paymentToken: token } = order
  await saga.tx(
    'take up',
    async (tx) => {
      if ((await books.status(tx, orderId)) !== 'pending') throw gone(orderId)
    },
    // When nobody else has said what became of it (a person cancelled the saga, or a service was down for too long).
    (tx) => books.learn(tx, orderId, { type: 'cancel' }, saga.now()),
  )
  try {
    await saga.step(
      'reserve stock',
      (ctx) => ctx.call(Inventory.reserve, { orderId, items }),
      (ctx) => ctx.call(Inventory.release, { orderId }),
    )
    await saga.step(
      'authorize payment',
      (ctx) => ctx.call(Payments.authorize, { orderId, total, token }),
      (ctx) => ctx.call(Payments.release, { orderId }),
    )
  } catch (error) {
    const reason = isBanyanError(error) ? refusals[error.reason ?? ''] : undefined
    if (reason !== undefined)
      await saga.tx('reject', (tx) => books.learn(tx, orderId, { type: 'refused', reason }, saga.now()))
    throw error
  }
  await saga.tx(
    'accept',
    async (tx) => {
      if (!(await books.accept(tx, orderId, true))) throw gone(orderId)
    },
    (tx) => books.accept(tx, orderId, false),
  )
}

/** Past the point of no return: each step is tried until it is done. */
async function fulfil(saga: Saga<Ctx>, books: OrderBooks, orderId: string): Promise<CheckoutEnd> {
  await saga.step('capture payment', (ctx) => ctx.call(Payments.capture, { orderId }))
  await saga.tx('confirm', (tx) => books.learn(tx, orderId, { type: 'captured' }, saga.now()))
  await saga.step('hand over to shipping', (ctx) => ctx.call(Shipping.prepare, { orderId }))
  const parcel = await saga.waitFor([Shipping.events.shipped, Shipping.events.stopped])
  if (parcel.type === Shipping.events.stopped.wire) return callOff(saga, books, orderId)
  await saga.tx('shipped', (tx) => books.learn(tx, orderId, { type: 'shipped' }, saga.now()))
  const delivered = await saga.waitFor(Shipping.events.delivered, { timeoutMs: deliveryMs })
  if (delivered === undefined && !(await claim(saga, orderId))) return { end: 'lost' }
  await saga.tx('delivered', (tx) => books.learn(tx, orderId, { type: 'delivered' }, saga.now()))
  return { end: 'delivered' }
}

/** The parcel was kept back in time. The order is locked meanwhile: whoever looks sees by whom, and since when. */
async function callOff(saga: Saga<Ctx>, books: OrderBooks, orderId: string): Promise<CheckoutEnd> {
  await saga.lock('order', orderId)
  await saga.step('refund', (ctx) => ctx.call(Payments.refund, { orderId }))
  await saga.step('release stock', (ctx) => ctx.call(Inventory.release, { orderId }))
  await saga.tx('cancelled', (tx) => books.learn(tx, orderId, { type: 'stopped' }, saga.now()))
  return { end: 'cancelled' }
}

/**
 * Two weeks on its way: the carrier is told, who then finds it or pays. The order stays `shipped`; when it turns up within a month it
 * is delivered after all, and when not, what the customer gets (another parcel, the money) is for a person to agree with them.
 */
async function claim(saga: Saga<Ctx>, orderId: string): Promise<boolean> {
  await saga.step('claim', (ctx) => ctx.call(Shipping.claim, { orderId }))
  return (await saga.waitFor(Shipping.events.delivered, { timeoutMs: claimMs })) !== undefined
}
