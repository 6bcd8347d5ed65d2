/**
 * The life of one payment as a pure function. Facts come from three sides (the provider's answers, the order being given
 * up, our own steps) in any order, so every state has an answer to every fact.
 */

/** Where a payment stands. */
export interface Payment {
  /**
   * `cancelled`: the order was given up before anything was taken. `releasing`: something may be held and must be given
   * up. `released`: nothing is held any more.
   */
  readonly state: 'cancelled' | 'authorized' | 'captured' | 'declined' | 'releasing' | 'released'
  readonly unsettled: boolean
  readonly chargeId: string | null
  readonly authorized: number
  readonly captured: number
  readonly refunded: number
}

/** Something that has become known. */
export type Fact =
  | { readonly type: 'authorized'; readonly chargeId: string; readonly amount: number }
  | { readonly type: 'declined' }
  | { readonly type: 'timed-out' }
  | { readonly type: 'order-ended' }
  | { readonly type: 'captured'; readonly amount: number }
  | { readonly type: 'released'; readonly authorized: number; readonly captured: number; readonly refunded: number }

/** What the world is to be told. */
export type Effect = 'authorized' | 'captured' | 'declined' | 'timed-out' | 'release-due'

/** The next state, and what to publish with it. */
export interface Step {
  readonly payment: Payment
  readonly effects: readonly Effect[]
}

const nothing: Payment = {
  state: 'cancelled',
  unsettled: false,
  chargeId: null,
  authorized: 0,
  captured: 0,
  refunded: 0,
}

/**
 * Whether the provider is to be asked for an authorization. Also when the order was given up before its answer is on record:
 * an earlier attempt may have asked and died before it could write the answer down. Asking again, under the same key, is the
 * only way to know for certain; what comes of it is given up at once.
 */
export function isUnasked(payment: Payment | undefined): boolean {
  return payment === undefined || payment.state === 'cancelled'
}

/** The first fact of a payment. */
function begin(fact: Fact): Step {
  switch (fact.type) {
    case 'authorized':
      return {
        payment: { ...nothing, state: 'authorized', chargeId: fact.chargeId, authorized: fact.amount },
        effects: ['authorized'],
      }
    case 'declined':
      return { payment: { ...nothing, state: 'declined' }, effects: ['declined'] }
    case 'timed-out':
      return { payment: { ...nothing, state: 'releasing', unsettled: true }, effects: ['timed-out', 'release-due'] }
    case 'order-ended':
      return { payment: nothing, effects: [] }
    case 'captured':
    case 'released':
      throw new Error(`a payment cannot begin with '${fact.type}'`)
  }
}

/** The order was given up before the provider's answer came. */
function afterCancelled(payment: Payment, fact: Fact): Step {
  if (fact.type === 'authorized')
    return {
      payment: { ...payment, state: 'releasing', chargeId: fact.chargeId, authorized: fact.amount },
      effects: ['release-due'],
    }
  if (fact.type === 'timed-out')
    return { payment: { ...payment, state: 'releasing', unsettled: true }, effects: ['release-due'] }
  return { payment, effects: [] }
}

function afterAuthorized(payment: Payment, fact: Fact): Step {
  if (fact.type === 'captured')
    return { payment: { ...payment, state: 'captured', captured: fact.amount }, effects: ['captured'] }
  if (fact.type === 'order-ended') return { payment: { ...payment, state: 'releasing' }, effects: ['release-due'] }
  return { payment, effects: [] }
}

function afterReleasing(payment: Payment, fact: Fact): Step {
  // The capture was under way when the order was given up: it is on record, and will be refunded.
  if (fact.type === 'captured') return { payment: { ...payment, captured: fact.amount }, effects: [] }
  if (fact.type !== 'released') return { payment, effects: [] }
  const { authorized, captured, refunded } = fact
  return { payment: { ...payment, state: 'released', unsettled: false, authorized, captured, refunded }, effects: [] }
}

/** Takes the fact in. What does not apply (a repetition, a late arrival) changes nothing. */
export function advance(payment: Payment | undefined, fact: Fact): Step {
  switch (payment?.state) {
    case undefined:
      return begin(fact)
    case 'cancelled':
      return afterCancelled(payment, fact)
    case 'authorized':
      return afterAuthorized(payment, fact)
    case 'captured':
      if (fact.type === 'order-ended') return { payment: { ...payment, state: 'releasing' }, effects: ['release-due'] }
      return { payment, effects: [] }
    case 'releasing':
      return afterReleasing(payment, fact)
    case 'declined':
    case 'released':
      return { payment, effects: [] }
  }
}
