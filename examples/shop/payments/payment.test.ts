// Every order in which the world can tell a payment what happened ends with the books balanced.
import { describe, expect, it } from 'vitest'
import { advance, type Fact, type Payment } from './payment.ts'

const authorized: Fact = { type: 'authorized', chargeId: 'ch', amount: 500 }
const ended: Fact = { type: 'order-ended' }

/** A provider, and a queue of our own events, in the smallest form. */
interface World {
  readonly payment: Payment | undefined
  readonly charge: { readonly captured: number; readonly refunded: number; readonly voided: boolean } | undefined
  readonly own: readonly ('authorized' | 'release-due')[]
  readonly heard: readonly string[]
}

function take(world: World, fact: Fact): World {
  const { payment, effects } = advance(world.payment, fact)
  const own = effects.filter((effect) => effect === 'authorized' || effect === 'release-due')
  return { ...world, payment, own: [...world.own, ...own], heard: [...world.heard, ...effects] }
}

/** Our own events are handled one after another: capture, or release at the provider; then the fact. */
function handleOwn(world: World, between: (world: World) => World): World {
  const [first, ...own] = world.own
  let next: World = { ...world, own }
  if (first === 'authorized') {
    if (next.payment?.state !== 'authorized') return next
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

type Move = 'answer' | 'own' | 'own, cancelled meanwhile' | 'cancel'

function moves(world: World, answered: boolean, cancelled: boolean): readonly Move[] {
  const own: readonly Move[] = world.own.length === 0 ? [] : cancelled ? ['own'] : ['own', 'own, cancelled meanwhile']
  return [...(answered ? [] : (['answer'] as const)), ...own, ...(cancelled ? [] : (['cancel'] as const))]
}

function explore(answer: Fact, check: (world: World, path: readonly string[]) => void): number {
  let ends = 0
  const go = (world: World, answered: boolean, cancelled: boolean, path: readonly string[]): void => {
    const possible = moves(world, answered, cancelled)
    if (!possible.some((move) => move !== 'cancel')) {
      ends++
      check(world, path)
    }
    for (const move of possible) {
      const steps = [...path, move]
      if (move === 'cancel') go(take(world, ended), answered, true, steps)
      else if (move === 'own')
        go(
          handleOwn(world, (same) => same),
          answered,
          cancelled,
          steps,
        )
      else if (move === 'own, cancelled meanwhile')
        go(
          handleOwn(world, (then) => take(then, ended)),
          answered,
          true,
          steps,
        )
      else {
        const charge =
          answer.type === 'authorized' || answer.type === 'timed-out'
            ? { captured: 0, refunded: 0, voided: false }
            : undefined
        go(take({ ...world, charge }, answer), true, cancelled, steps)
      }
    }
  }
  go({ payment: undefined, charge: undefined, own: [], heard: [] }, false, false, [])
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
        expect((payment?.captured ?? 0) - (payment?.refunded ?? 0), where).toBe(expected)
        expect((charge?.captured ?? 0) - (charge?.refunded ?? 0), where).toBe(expected)
        if (charge !== undefined && charge.captured === 0) expect(charge.voided, where).toBe(true)
        expect(payment?.state, where).not.toBe('releasing')
        for (const one of ['captured', 'declined', 'timed-out'])
          expect(heard.filter((effect) => effect === one).length, where).toBeLessThanOrEqual(1)
      })
      expect(ends).toBeGreaterThan(1)
    },
  )

  it('is not moved by what it has heard before', () => {
    let { payment } = advance(undefined, authorized)
    for (const fact of [
      authorized,
      { type: 'captured', amount: 500 },
      authorized,
      { type: 'captured', amount: 500 },
    ] as const)
      payment = advance(payment, fact).payment
    expect(payment).toMatchObject({ state: 'captured', authorized: 500, captured: 500 })
    expect(advance(payment, { type: 'captured', amount: 500 }).effects).toEqual([])
  })

  it('cannot begin in the middle', () => {
    expect(() => advance(undefined, { type: 'captured', amount: 1 })).toThrow("cannot begin with 'captured'")
  })
})
