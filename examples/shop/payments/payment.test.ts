// Every order in which the world can tell a payment what happened ends with the books balanced.

import { given } from 'banyan/testing'
import { describe, expect, it } from 'vitest'
import { evolve, type Fact, isUnasked, learn, nothing, type Payment, PaymentLife } from './payment.ts'

const authorized: Fact = { type: 'authorized', chargeId: 'ch', amount: 500 }
const ended: Fact = { type: 'order-ended' }
const untouched = { captured: 0, refunded: 0, voided: false }

/** A provider, and a queue of our own events, in the smallest form. */
interface World {
  readonly payment: Payment
  readonly charge: { readonly captured: number; readonly refunded: number; readonly voided: boolean } | undefined
  readonly own: readonly ('authorized' | 'releaseDue')[]
  readonly heard: readonly string[]
}

function take(world: World, fact: Fact): World {
  const events = learn(world.payment, fact, 'o')
  const payment = events.reduce(evolve, world.payment)
  const happened = events.map(({ type }) => type)
  const own = happened.filter((type) => type === 'authorized' || type === 'releaseDue')
  return { ...world, payment, own: [...world.own, ...own], heard: [...world.heard, ...happened] }
}

/** Our own events are handled one after another: capture, or release at the provider; then the fact. */
function handleOwn(world: World, between: (world: World) => World): World {
  const [first, ...own] = world.own
  let next: World = { ...world, own }
  if (first === 'authorized') {
    if (next.payment.state !== 'authorized') return next
    next = { ...next, charge: { captured: 500, refunded: 0, voided: false } }
    return take(between(next), { type: 'captured', amount: 500 })
  }
  const held = next.charge
  if (held === undefined) return take(next, { type: 'released', authorized: 0, captured: 0, refunded: 0 })
  const charge = held.captured > 0 ? { ...held, refunded: held.captured } : { ...held, voided: true }
  return take(
    { ...next, charge },
    { type: 'released', authorized: 500, captured: charge.captured, refunded: charge.refunded },
  )
}

/** The handler of the reservation: asks when it has to, under one key, so that a repetition finds the same charge. */
function ask(world: World, answer: Fact): World {
  if (!isUnasked(world.payment)) return world
  return take({ ...world, charge: answer.type === 'declined' ? undefined : (world.charge ?? untouched) }, answer)
}

/** A host dies when the provider has done its part and nothing is written down yet. Everything is delivered again. */
function crash(world: World, answer: Fact, answered: boolean): World {
  if (!answered && isUnasked(world.payment)) return { ...world, charge: ask(world, answer).charge }
  if (world.own.length > 0) return { ...world, charge: handleOwn(world, (same) => same).charge }
  return world
}

type Move = 'answer' | 'own' | 'own, cancelled meanwhile' | 'cancel' | 'crash'

/** How far a path has come: each of these happens once at most. */
interface Done {
  readonly answered: boolean
  readonly cancelled: boolean
  readonly crashed: boolean
}

function moves(world: World, { answered, cancelled, crashed }: Done): readonly Move[] {
  const own: readonly Move[] = world.own.length === 0 ? [] : cancelled ? ['own'] : ['own', 'own, cancelled meanwhile']
  const possible: readonly Move[] = [...(answered ? [] : (['answer'] as const)), ...own]
  const faults: readonly Move[] = possible.length === 0 || crashed ? [] : ['crash']
  return [...possible, ...faults, ...(cancelled ? [] : (['cancel'] as const))]
}

function move(world: World, to: Move, answer: Fact, done: Done): [world: World, done: Done] {
  switch (to) {
    case 'answer':
      return [ask(world, answer), { ...done, answered: true }]
    case 'own':
      return [handleOwn(world, (same) => same), done]
    case 'own, cancelled meanwhile':
      return [handleOwn(world, (then) => take(then, ended)), { ...done, cancelled: true }]
    case 'cancel':
      return [take(world, ended), { ...done, cancelled: true }]
    case 'crash':
      return [crash(world, answer, done.answered), { ...done, crashed: true }]
  }
}

function explore(answer: Fact, check: (world: World, path: readonly string[]) => void): number {
  let ends = 0
  const go = (world: World, done: Done, path: readonly string[]): void => {
    const possible = moves(world, done)
    if (!possible.some((one) => one !== 'cancel')) {
      ends++
      check(world, path)
    }
    for (const to of possible) go(...move(world, to, answer, done), [...path, to])
  }
  const start: World = { payment: nothing, charge: undefined, own: [], heard: [] }
  go(start, { answered: false, cancelled: false, crashed: false }, [])
  return ends
}

describe('a payment', () => {
  it.each([authorized, { type: 'declined' }, { type: 'timed-out' }] as const)(
    'balances in every order of facts after $type',
    (answer) => {
      const ends = explore(answer, (world, path) => {
        const { payment, charge, heard } = world
        const cancelled = path.some((step) => step.includes('cancel'))
        const expected = answer.type === 'authorized' && !cancelled ? 500 : 0
        const where = path.join(' → ')
        expect(payment.captured - payment.refunded, where).toBe(expected)
        expect((charge?.captured ?? 0) - (charge?.refunded ?? 0), where).toBe(expected)
        if (charge !== undefined && charge.captured === 0) expect(charge.voided, where).toBe(true)
        expect(payment.state, where).not.toBe('releasing')
        for (const one of ['captured', 'declined', 'timedOut'])
          expect(heard.filter((type) => type === one).length, where).toBeLessThanOrEqual(1)
      })
      expect(ends).toBeGreaterThan(3)
    },
  )

  it('is not moved by what it has heard before', () => {
    const charge = { type: 'authorized', data: { chargeId: 'ch', amount: 500 } } as const
    const captured = { type: 'captured', data: { orderId: 'o', amount: 500 } } as const
    given(PaymentLife, [charge], 'o').when('learn', authorized).then([])
    const done = given(PaymentLife, [charge, captured], 'o')
    expect(done.state).toMatchObject({ state: 'captured', authorized: 500, captured: 500 })
    for (const fact of [authorized, { type: 'captured', amount: 500 }, { type: 'timed-out' }] as const)
      done.when('learn', fact).then([])
  })

  it('tells others of its capture, unless the order was given up meanwhile', () => {
    const charge = { type: 'authorized', data: { chargeId: 'ch', amount: 500 } } as const
    const releaseDue = { type: 'releaseDue', data: { orderId: 'o' } } as const
    const capture = { type: 'captured', amount: 500 } as const
    const before = given(PaymentLife, [charge], 'o')
    before.when('learn', capture).then([{ type: 'captured', data: { orderId: 'o', amount: 500 } }])
    before.when('learn', ended).then([releaseDue])
    const late = given(PaymentLife, [charge, releaseDue], 'o').when('learn', capture)
    late.then([{ type: 'capturedLate', data: { amount: 500 } }])
    late.thenState({ ...before.state, state: 'releasing', captured: 500 })
  })

  it('goes on from what was recorded before its history was kept', () => {
    const data = { ...nothing, state: 'captured', chargeId: 'ch', authorized: 500, captured: 500 } as const
    const recorded = given(PaymentLife, [{ type: 'recorded', data }], 'o')
    recorded.when('learn', ended).then([{ type: 'releaseDue', data: { orderId: 'o' } }])
    recorded.when('learn', authorized).then([])
  })

  it('cannot begin in the middle', () => {
    expect(() => learn(nothing, { type: 'captured', amount: 1 }, 'o')).toThrow("cannot begin with 'captured'")
  })
})
