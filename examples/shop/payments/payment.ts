/**
 * The life of one payment, as pure functions. Facts come from three sides (the provider's answers, the order being given
 * up, our own steps) in any order, so every state has an answer to every fact: the events that follow from it, none when it
 * changes nothing. What has happened is all that is kept; how the payment stands is the sum of it.
 */
import { defineAggregate, type GivenFact, type Received, type StoredFact, t } from 'banyan'
import { Amount, Payments } from './contract.ts'

/** Where a payment stands. */
export interface Payment {
  /**
   * `none`: nothing is known yet. `cancelled`: the order was given up before anything was taken. `releasing`: something may
   * be held and must be given up. `released`: nothing is held any more.
   */
  readonly state: 'none' | 'cancelled' | 'authorized' | 'captured' | 'declined' | 'releasing' | 'released'
  /** A charge may still appear at the provider: its answer was not waited for. */
  readonly unsettled: boolean
  readonly chargeId: string | null
  readonly authorized: number
  readonly captured: number
  readonly refunded: number
}

export const nothing: Payment = {
  state: 'none',
  unsettled: false,
  chargeId: null,
  authorized: 0,
  captured: 0,
  refunded: 0,
}

const Charge = t.Object({ chargeId: t.String(), amount: Amount })
const Held = t.Object({ authorized: Amount, captured: Amount, refunded: Amount })
const Nothing = t.Object({})

/** Something that has become known. */
const Fact = t.Union([
  t.Object({ type: t.Literal('authorized'), chargeId: t.String(), amount: Amount }),
  t.Object({ type: t.Literal('declined') }),
  t.Object({ type: t.Literal('timed-out') }),
  t.Object({ type: t.Literal('order-ended') }),
  t.Object({ type: t.Literal('captured'), amount: Amount }),
  t.Object({ type: t.Literal('released'), authorized: Amount, captured: Amount, refunded: Amount }),
])
export type Fact = Received<typeof Fact>

/**
 * Whether the provider is to be asked for an authorization. Also when the order was given up before its answer is on record:
 * an earlier attempt may have asked and died before it could write the answer down. Asking again, under the same key, is the
 * only way to know for certain; what comes of it is given up at once.
 */
export function isUnasked({ state }: Payment): boolean {
  return state === 'none' || state === 'cancelled'
}

/** What can happen to a payment. `captured` and `releaseDue` are the contract's: others hear of them. */
const happenings = {
  authorized: Charge,
  declined: Nothing,
  timedOut: Nothing,
  captured: Payments.events.captured,
  /** The order was given up before anything was taken. */
  orderEnded: Nothing,
  releaseDue: Payments.events.releaseDue,
  released: Held,
  /** The provider's answer, or our capture, after the order was given up. */
  authorizedLate: Charge,
  timedOutLate: Nothing,
  capturedLate: t.Object({ amount: Amount }),
  /** How a payment stood when its history began to be kept. */
  recorded: t.Object({
    state: t.Enum(['cancelled', 'authorized', 'captured', 'declined', 'releasing', 'released']),
    unsettled: t.Boolean(),
    chargeId: t.Nullable(t.String()),
    authorized: Amount,
    captured: Amount,
    refunded: Amount,
  }),
}
type Event = GivenFact<typeof happenings>

/** The payment after one more thing has happened to it. */
export function evolve(payment: Payment, event: StoredFact<typeof happenings>): Payment {
  switch (event.type) {
    case 'authorized':
    case 'authorizedLate':
      return { ...payment, state: 'authorized', chargeId: event.data.chargeId, authorized: event.data.amount }
    case 'declined':
      return { ...payment, state: 'declined' }
    case 'timedOut':
    case 'timedOutLate':
      return { ...payment, state: 'releasing', unsettled: true }
    case 'captured':
      return { ...payment, state: 'captured', captured: event.data.amount }
    case 'capturedLate':
      return { ...payment, captured: event.data.amount }
    case 'orderEnded':
      return { ...payment, state: 'cancelled' }
    case 'releaseDue':
      return { ...payment, state: 'releasing' }
    case 'released':
      return { ...payment, ...event.data, state: 'released', unsettled: false }
    case 'recorded':
      return { ...event.data }
  }
}

/** What follows from a fact. What does not apply (a repetition, a late arrival) changes nothing. */
export function learn(payment: Payment, fact: Fact, orderId: string): readonly Event[] {
  const releaseDue: Event = { type: 'releaseDue', data: { orderId } }
  switch (payment.state) {
    case 'none':
      return begin(fact, releaseDue)
    case 'cancelled':
      // The order was given up before the provider's answer came.
      if (fact.type === 'authorized') return [{ type: 'authorizedLate', data: toCharge(fact) }, releaseDue]
      return fact.type === 'timed-out' ? [{ type: 'timedOutLate', data: {} }, releaseDue] : []
    case 'authorized':
      if (fact.type === 'captured') return [{ type: 'captured', data: { orderId, amount: fact.amount } }]
      return fact.type === 'order-ended' ? [releaseDue] : []
    case 'captured':
      return fact.type === 'order-ended' ? [releaseDue] : []
    case 'releasing':
      // The capture was under way when the order was given up: it is on record, and will be refunded.
      if (fact.type === 'captured' && payment.captured === 0)
        return [{ type: 'capturedLate', data: { amount: fact.amount } }]
      return fact.type === 'released' ? [{ type: 'released', data: toHeld(fact) }] : []
    case 'declined':
    case 'released':
      return []
  }
}

/** The first fact of a payment. */
function begin(fact: Fact, releaseDue: Event): readonly Event[] {
  switch (fact.type) {
    case 'authorized':
      return [{ type: 'authorized', data: toCharge(fact) }]
    case 'declined':
      return [{ type: 'declined', data: {} }]
    case 'timed-out':
      return [{ type: 'timedOut', data: {} }, releaseDue]
    case 'order-ended':
      return [{ type: 'orderEnded', data: {} }]
    case 'captured':
    case 'released':
      throw new Error(`a payment cannot begin with '${fact.type}'`)
  }
}

const toCharge = ({ chargeId, amount }: Received<typeof Charge>): Received<typeof Charge> => ({ chargeId, amount })
const toHeld = ({ authorized, captured, refunded }: Received<typeof Held>): Received<typeof Held> => ({
  authorized,
  captured,
  refunded,
})

/** A payment, kept as what has happened to it. */
export const PaymentLife = defineAggregate('payment', {
  events: happenings,
  initial: nothing,
  evolve,
  commands: { learn: Fact },
  decide: { learn },
})
