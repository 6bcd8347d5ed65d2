/**
 * A return as one function: label, the parcel back, a look at it, the money, the shelves. Until the parcel is on its way the customer
 * may keep the goods after all (the label is made void); from then on it is brought to its end.
 */
import { BanyanError, defineSaga, type Saga, type SagaDefinition, t } from 'banyan'
import { Inventory } from '../inventory/contract.ts'
import { Payments } from '../payments/contract.ts'
import { Shipping } from '../shipping/contract.ts'
import type { OrderBooks } from './checkout.ts'
import type { Ctx } from './record.ts'

/** How long a label is good for. */
export const labelMs: number = 30 * 86_400_000

const patient = { maxAttempts: 1_000, firstMs: 50, maxMs: 5_000 }

/** What came of a return. */
export interface ReturnEnd {
  readonly refunded: number
}

const notSent = (orderId: string): BanyanError =>
  new BanyanError('FAILED_PRECONDITION', `nothing of order ${orderId} came back in time`, { reason: 'NOT_SENT_BACK' })

/** The return of an order over these books. */
export function defineReturns(books: OrderBooks): SagaDefinition<{ orderId: string }, ReturnEnd, Ctx> {
  return defineSaga('returns', {
    version: 1,
    about: 'Takes a delivered order back, and gives the money back.',
    input: t.Object({ orderId: t.String() }),
    key: ({ orderId }) => orderId,
    waits: [Shipping.events.returned, Payments.events.released],
    retry: patient,
    async run(saga: Saga<Ctx>, { orderId }): Promise<ReturnEnd> {
      // Held until the end: what else is done with this order waits, or is refused.
      await saga.lock('order', orderId)
      await saga.step(
        'make a label',
        (ctx) => ctx.call(Shipping.returnLabel, { orderId }),
        (ctx) => ctx.attempt(Shipping.voidLabel, { orderId }),
      )
      const parcel = await saga.waitFor(Shipping.events.returned, { timeoutMs: labelMs })
      if (parcel === undefined) throw notSent(orderId)
      await saga.step(
        'inspect',
        (ctx) => ctx.call(Inventory.inspect, { orderId }),
        (ctx) => ctx.call(Inventory.giveBack, { orderId }),
      )
      await saga.pointOfNoReturn()
      await saga.step('refund', (ctx) => ctx.call(Payments.refund, { orderId }))
      const { data } = await saga.waitFor(Payments.events.released)
      await saga.step('restock', (ctx) => ctx.call(Inventory.restock, { orderId }))
      await saga.tx('returned', (tx) => books.learn(tx, orderId, { type: 'returned' }, saga.now()))
      return { refunded: data.refunded }
    },
  })
}
