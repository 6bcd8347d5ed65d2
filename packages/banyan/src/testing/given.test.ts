import { describe, expect, test } from 'vitest'
import { command, defineContract, event, t } from '../contract/index.ts'
import { defineAggregate } from '../event-sourcing/define-aggregate.ts'
import { given } from './given.ts'

const Amount = t.Object({ amount: t.Integer({ minimum: 1 }) })
const Bank = defineContract('bank', {
  version: '1.0.0',
  owner: 'x',
  operations: {
    withdraw: command({
      input: Amount,
      output: t.Object({}),
      errors: { OVERDRAWN: t.Object({ balance: t.Integer() }) },
    }),
  },
  events: { closed: event({ key: 'id', kind: 'sourced', data: t.Object({ id: t.String() }) }) },
})
const Account = defineAggregate('account', {
  events: { deposited: Amount, withdrawn: Amount, closed: Bank.events.closed },
  initial: { balance: 0, log: [] as string[] },
  evolve(state, fact) {
    if (fact.type === 'closed') {
      state.log.push(fact.data.id)
      return state
    }
    return { ...state, balance: state.balance + (fact.type === 'deposited' ? 1 : -1) * fact.data.amount }
  },
  commands: { withdraw: Amount, close: t.Object({ as: t.Optional(t.String()) }), crash: t.Object({}) },
  decide: {
    withdraw({ balance }, { amount }) {
      if (amount > balance) throw new Bank.withdraw.errors.OVERDRAWN({ balance })
      return [{ type: 'withdrawn', data: { amount, more: 1 } as { amount: number } }]
    },
    close: (_, { as }, id) => [{ type: 'closed', data: { id: as ?? id } }],
    crash() {
      throw new RangeError('crashed')
    },
  },
})
const five = [{ type: 'deposited', data: { amount: 5 } }] as const

describe('given, when, then', () => {
  test('passes for what follows, fails for anything else', () => {
    const withdraw = given(Account, five).when('withdraw', { amount: 3 })
    withdraw.then([{ type: 'withdrawn', data: { amount: 3 } }])
    withdraw.thenState({ balance: 2, log: [] })
    expect(() => withdraw.then([])).toThrow(/deep/)
    expect(() => withdraw.then([{ type: 'withdrawn', data: { amount: 2 } }])).toThrow(/deep/)
    expect(() => withdraw.thenState({ balance: 5, log: [] })).toThrow(/deep/)
    expect(() => withdraw.thenFails('OVERDRAWN')).toThrow('expected to fail, but these events follow')
  })

  test('tells refusals by their reason and their details', () => {
    const withdraw = given(Account, five).when('withdraw', { amount: 6 })
    withdraw.thenFails('OVERDRAWN')
    withdraw.thenFails('OVERDRAWN', { balance: 5 })
    expect(() => withdraw.thenFails('OVERDRAWN', { balance: 6 })).toThrow(/deep/)
    expect(() => withdraw.thenFails('CLOSED')).toThrow("expected to fail with 'CLOSED'")
    expect(() => withdraw.then([])).toThrow(/OVERDRAWN|overdrawn/i)
  })

  test('a crash is no refusal', () => {
    expect(() => given(Account, []).when('crash', {}).thenFails('OVERDRAWN')).toThrow(RangeError)
  })

  test('finds events that break their schemas, on both sides', () => {
    expect(() => given(Account, [{ type: 'deposited', data: { amount: 0 } }])).toThrow('/amount')
    given(Account, []).when('close', { as: 'other' }).thenFails('INVALID_EVENT')
    given(Account, [], 'other')
      .when('close', { as: 'other' })
      .then([{ type: 'closed', data: { id: 'other' } }])
    given(Account, five).when('withdraw', { amount: 0 }).thenFails('INVALID_INPUT')
  })

  test('finds functions that change what they were given', () => {
    expect(() => given(Account, [{ type: 'closed', data: { id: 'given' } }])).toThrow(TypeError)
  })

  test('must not be awaited, and says so', async () => {
    const when = given(Account, five).when('withdraw', { amount: 3 })
    await expect((async () => await (when as unknown as Promise<void>))()).rejects.toThrow('do not await it')
  })
})
