// What an aggregate may be, and what is said of one that may not. The types are tried by compiling this file.
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { command, defineContract, event, t } from '../contract/index.ts'
import type { GivenOf, InputOf, StateOf, StoredOf } from './aggregate.ts'
import { defineAggregate, isAggregate } from './define-aggregate.ts'

const Money = t.Object({ amount: t.Integer({ minimum: 1 }) })
const Accounts = defineContract('accounts', {
  version: '1.0.0',
  owner: 'money',
  operations: {
    withdraw: command({
      input: t.Object({ id: t.String(), amount: t.Integer() }),
      output: t.Object({ balance: t.Integer() }),
      errors: { OVERDRAWN: t.Object({ balance: t.Integer() }) },
    }),
  },
  events: {
    closed: event({ key: 'id', kind: 'sourced', data: t.Object({ id: t.String(), at: t.Integer() }) }),
    changed: event({ key: 'id', data: t.Object({ id: t.String() }) }),
  },
})

const Account = defineAggregate('account', {
  events: {
    deposited: Money,
    withdrawn: Money,
    closed: Accounts.events.closed,
    noted: z.object({ text: z.string().default('') }),
  },
  initial: { balance: 0, open: true },
  evolve(state, fact) {
    switch (fact.type) {
      case 'deposited':
        return { ...state, balance: state.balance + fact.data.amount }
      case 'withdrawn':
        return { ...state, balance: state.balance - fact.data.amount }
      case 'closed':
        return { ...state, open: fact.data.at < 0 }
      case 'noted':
        return { ...state, open: fact.data.text.length >= 0 }
    }
  },
  commands: { withdraw: Money, close: t.Object({}) },
  decide: {
    withdraw({ balance }, { amount }) {
      if (amount > balance) throw new Accounts.withdraw.errors.OVERDRAWN({ balance })
      return [{ type: 'withdrawn', data: { amount } }]
    },
    close: ({ open }) => (open ? [{ type: 'closed', data: { id: 'a', at: 1 } }] : []),
  },
})

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <T extends true>(value: T): T => value

describe('defineAggregate', () => {
  test('infers state, events and commands from schemas and the initial state alone', () => {
    holds<Equal<StateOf<typeof Account>, { balance: number; open: boolean }>>(true)
    holds<Equal<InputOf<typeof Account, 'withdraw'>, { amount: number }>>(true)
    holds<Equal<Extract<GivenOf<typeof Account>, { type: 'noted' }>['data'], { text?: string | undefined }>>(true)
    holds<Equal<Extract<StoredOf<typeof Account>, { type: 'noted' }>['data'], { text: string }>>(true)
    holds<Equal<Extract<GivenOf<typeof Account>, { type: 'closed' }>['data'], { id: string; at: number }>>(true)
    // @ts-expect-error: no such event
    const wrong: GivenOf<typeof Account> = { type: 'opened', data: { amount: 1 } }
    expect(wrong).toBeDefined()
  })

  test('is frozen, its initial state included', () => {
    expect(isAggregate(Account)).toBe(true)
    expect([Account, Account.events, Account.initial, Account.decide].every((part) => Object.isFrozen(part))).toBe(true)
    expect(isAggregate(Accounts)).toBe(false)
  })

  const good = { events: { deposited: Money }, initial: {}, evolve: (state: object) => state }
  test.each<[string, string, object, string]>([
    ['a name with a dash', 'my-account', {}, "name 'my-account' must be 1 to 40 letters and digits"],
    ['no events', 'a', { events: {} }, 'it has no events'],
    ['an event that is no schema', 'a', { events: { x: 'text' } }, "event 'x': data "],
    ['an event with a bad name', 'a', { events: { 'x-y': Money } }, "event 'x-y': the name must be camelCase"],
    ['an event of kind state', 'a', { events: { x: Accounts.events.changed } }, "event 'x': is of kind 'state'"],
    [
      'upcasters of a contract’s event',
      'a',
      { events: { x: Accounts.events.closed }, upcast: { x: { 1: (data: object) => data } } },
      "event 'x': its upcasters belong to the event of the contract",
    ],
    ['upcasters of nothing', 'a', { upcast: { x: {} } }, "upcast 'x' is not an event of it"],
    [
      'a hole between upcasters',
      'a',
      { upcast: { deposited: { 1: (data: object) => data, 3: (data: object) => data } } },
      "event 'deposited': upcast has no way from version 2 to 3",
    ],
    ['a state that is not JSON', 'a', { initial: { since: new Date(0) } }, 'initial must be plain JSON'],
    ['no state', 'a', { initial: undefined }, 'initial must be plain JSON'],
    ['no evolve', 'a', { evolve: undefined }, 'evolve must be a function'],
    ['a command nobody decides', 'a', { commands: { go: Money } }, "command 'go': has no function in decide"],
    ['a decision without a schema', 'a', { decide: { go: () => [] } }, "decide 'go' has no schema in commands"],
    [
      'snapshots after no event',
      'a',
      { snapshot: { everyEvents: 0, schemaVersion: 1 } },
      'everyEvents must be a whole number from 1',
    ],
    ['snapshots of no form', 'a', { snapshot: { everyEvents: 1 } }, 'schemaVersion must be a whole number from 1'],
  ])('refuses %s', (_, name, spec, says) => {
    let message = 'nothing'
    try {
      defineAggregate(name, { ...good, ...spec } as never)
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INVALID_AGGREGATE' })
      message = (thrown as Error).message
    }
    expect(message).toContain(says)
  })
})
