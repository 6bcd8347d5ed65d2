/** The explorer finds what is known to be wrong with protocols that everybody knows, and nothing wrong where nothing is. */
import { describe, expect, it } from 'vitest'
import { assertModel, checkModel, formatViolation, type Model } from './index.ts'
import { petersonModel } from './toys/peterson.ts'
import { philosophersModel } from './toys/philosophers.ts'

interface Count {
  readonly n: number
}

const counter = (to: number, more: Partial<Model<Count>> = {}): Model<Count> => ({
  name: 'counter',
  initial: [{ n: 0 }],
  actions: [{ name: 'count', guard: ({ n }) => n < to, effect: ({ n }) => ({ n: n + 1 }) }],
  ...more,
})

describe('checkModel', () => {
  it('visits each state once and counts them', () => {
    expect(checkModel(counter(9))).toEqual({ states: 10, transitions: 9, depth: 9, violation: undefined })
  })

  it('gives the shortest trace to a state that breaks an invariant', () => {
    const twoWays = counter(50, {
      actions: [
        { name: 'count', guard: ({ n }) => n < 50, effect: ({ n }) => ({ n: n + 1 }) },
        { name: 'double', guard: ({ n }) => n > 0 && n < 50, effect: ({ n }) => ({ n: n * 2 }) },
      ],
      invariants: [{ name: 'never 12', holds: ({ n }) => n !== 12 }],
    })
    const { violation } = checkModel(twoWays)
    expect(violation).toMatchObject({ kind: 'invariant', property: 'never 12' })
    expect(violation?.trace.map(({ state }) => state.n)).toEqual([0, 1, 2, 3, 6, 12])
    expect(violation?.trace.map(({ action }) => action)).toEqual([
      undefined,
      'count',
      'count',
      'count',
      'double',
      'double',
    ])
  })

  it('looks at initial states too', () => {
    const bad = counter(3, { invariants: [{ name: 'not at 0', holds: ({ n }) => n > 0 }] })
    expect(checkModel(bad).violation?.trace).toEqual([{ action: undefined, state: { n: 0 } }])
  })

  it('finds a step that breaks a rule, also one that leads to a state that is known', () => {
    const model = counter(3, {
      actions: [
        { name: 'count', guard: ({ n }) => n < 3, effect: ({ n }) => ({ n: n + 1 }) },
        { name: 'forget', guard: ({ n }) => n === 3, effect: () => ({ n: 0 }) },
      ],
      steps: [{ name: 'it only grows', holds: (before, after) => after.n > before.n }],
    })
    const { violation } = checkModel(model)
    expect(violation).toMatchObject({ kind: 'step', property: 'it only grows' })
    expect(violation?.trace.at(-1)).toEqual({ action: 'forget', state: { n: 0 } })
    expect(violation?.trace).toHaveLength(5)
  })

  it('takes a state where nothing can happen for a deadlock unless it may end there', () => {
    expect(checkModel(counter(3, { mayEnd: ({ n }) => n === 3 })).violation).toBeUndefined()
    const { violation } = checkModel(counter(3, { mayEnd: ({ n }) => n === 4 }))
    expect(violation).toMatchObject({ kind: 'deadlock' })
    expect(violation?.trace.at(-1)?.state).toEqual({ n: 3 })
  })

  it('finds the state from which a goal is out of reach, by the actions that count', () => {
    const trap: Model<Count> = counter(0, {
      actions: [
        { name: 'climb', guard: ({ n }) => n < 3, effect: ({ n }) => ({ n: n + 1 }) },
        { name: 'rescue', kind: 'luck', guard: ({ n }) => n === 9, effect: () => ({ n: 0 }) },
        { name: 'fall', kind: 'fault', guard: ({ n }) => n === 2, effect: () => ({ n: 9 }) },
      ],
    })
    const goal = { name: 'the top stays in reach', goal: ({ n }: Count) => n === 3 }
    expect(checkModel({ ...trap, reachable: [goal] }).violation).toBeUndefined()
    const { violation } = checkModel({ ...trap, reachable: [{ ...goal, by: ({ kind }) => kind !== 'luck' }] })
    expect(violation).toMatchObject({ kind: 'reachable', property: 'the top stays in reach' })
    expect(violation?.trace.at(-1)).toEqual({ action: 'fall', state: { n: 9 } })
    const elsewhere = { ...goal, from: ({ n }: Count) => n < 3, by: ({ kind }: { kind?: string }) => kind !== 'luck' }
    expect(checkModel({ ...trap, reachable: [elsewhere] }).violation).toBeUndefined()
  })
})

describe('eventually', () => {
  const goal = { name: 'done', goal: ({ n }: Count) => n === 3 }
  const wandering = (fair: boolean): Model<Count> => ({
    name: 'wandering',
    initial: [{ n: 0 }],
    actions: [
      { name: 'there', guard: ({ n }) => n === 0, effect: () => ({ n: 1 }) },
      { name: 'back', guard: ({ n }) => n === 1, effect: () => ({ n: 0 }) },
      { name: 'finish', fair, guard: ({ n }) => n < 2, effect: () => ({ n: 3 }) },
    ],
    eventually: [goal],
  })

  it('holds when what leads there stays possible and is fair', () => {
    expect(checkModel(wandering(true)).violation).toBeUndefined()
  })

  it('fails with the circle in which it can go round when it is not', () => {
    const { violation } = checkModel(wandering(false))
    expect(violation).toMatchObject({ kind: 'eventually', property: 'done' })
    expect(violation?.trace).toHaveLength(1)
    expect(violation?.loop?.map(({ action }) => action)).toEqual(['there', 'back'])
  })

  it('fails where nothing need happen, and says so', () => {
    const { violation } = checkModel(counter(2, { eventually: [goal] }))
    expect(violation?.loop).toEqual([])
    expect(formatViolation(violation as NonNullable<typeof violation>)).toMatch(/nothing more need happen$/)
  })

  it('is not kept from the goal by an action that is possible now and then only: weak fairness is not strong', () => {
    const model = wandering(true)
    const sometimes = model.actions.map((action) =>
      action.name === 'finish' ? { ...action, guard: ({ n }: Count) => n === 1 } : action,
    )
    expect(checkModel({ ...model, actions: sometimes }).violation?.loop).toHaveLength(2)
  })
})

describe('protocols everybody knows', () => {
  it('Peterson lets one in, and each in the end', () => {
    const { violation, states } = checkModel(petersonModel())
    expect(violation).toBeUndefined()
    expect(states).toBeGreaterThan(15)
  })

  it('Peterson without the turn: both wait for ever', () => {
    const { violation } = checkModel(petersonModel({ turn: false }))
    expect(violation).toMatchObject({ kind: 'deadlock' })
    expect(violation?.trace.at(-1)?.state.at).toEqual(['waits', 'waits'])
    expect(violation?.trace).toHaveLength(5)
  })

  it('Peterson without the flag: both are inside', () => {
    const { violation } = checkModel(petersonModel({ flag: false }))
    expect(violation).toMatchObject({ kind: 'invariant', property: 'one at most is inside' })
    expect(violation?.trace).toHaveLength(7)
  })

  it.each([2, 3, 5])('%i philosophers who all begin on the left starve', (seats) => {
    const { violation } = checkModel(philosophersModel({ seats, oneBeginsRight: false }))
    expect(violation).toMatchObject({ kind: 'deadlock' })
    expect(violation?.trace).toHaveLength(seats + 1)
  })

  it('and do not when one begins on the right', () => {
    const model = philosophersModel({ seats: 5, oneBeginsRight: true })
    const all = { name: 'everybody can eat', goal: ({ ate }: { ate: readonly boolean[] }) => ate.every(Boolean) }
    expect(checkModel({ ...model, reachable: [all] }).violation).toBeUndefined()
  })

  it('symmetry leaves fewer states and the same verdict', () => {
    const dinner = { seats: 4, oneBeginsRight: false }
    const free = { mayEnd: () => true }
    const plain = checkModel({ ...philosophersModel(dinner), ...free })
    const reduced = checkModel({ ...philosophersModel(dinner, true), ...free })
    expect(reduced.states).toBeLessThan(plain.states / 3)
    expect(checkModel(philosophersModel(dinner, true)).violation?.trace).toHaveLength(5)
  })
})

describe('bad input', () => {
  it('says which bound was passed and what to do', () => {
    const endless = counter(Number.POSITIVE_INFINITY)
    expect(() => checkModel(endless, { maxStates: 100 })).toThrow('"counter" has more than maxStates (100) states')
    expect(checkModel(counter(99), { maxStates: 100 }).states).toBe(100)
  })

  it('refuses a model without a start, with two actions of one name, or with symmetry and fairness together', () => {
    expect(() => checkModel(counter(1, { initial: [] }))).toThrow('has no initial state')
    const [count] = counter(1).actions
    expect(() => checkModel(counter(1, { actions: [count!, count!] }))).toThrow('two actions named "count"')
    const both = counter(1, { symmetric: true, eventually: [{ name: 'x', goal: () => true }] })
    expect(() => checkModel(both)).toThrow('is symmetric and has eventually')
  })

  it('refuses states that cannot be compared', () => {
    const model: Model<unknown> = { name: 'dates', initial: [{ at: new Date(0) }], actions: [] }
    expect(() => checkModel(model)).toThrow('it has a Date in it')
  })
})

describe('assertModel', () => {
  it('throws the counterexample as text: what happened and what it changed', () => {
    const model = counter(5, { invariants: [{ name: 'n stays below 2', holds: ({ n }) => n < 2 }] })
    expect(() => assertModel(model)).toThrow(
      [
        'the model "counter" fails',
        'n stays below 2: does not hold in the last state',
        '  0  at the start\n     n: 0',
        '  1  count\n     n: 1',
        '  2  count\n     n: 2',
      ].join('\n'),
    )
  })
})
