// Aggregates in services: declared, decided in the handler's transaction, published from there, looked at as they were.
import { beforeEach, describe, expect, it } from 'vitest'
import { command, defineContract, error, event, query, t } from '../contract/index.ts'
import type { BanyanError } from '../core/error.ts'
import { defineAggregate } from '../event-sourcing/index.ts'
import { defineDatabase } from '../store/define-database.ts'
import { startTestSystem, type TestSystem } from '../testing/index.ts'
import { defineService } from './define-service.ts'
import { defineSystem, service } from './define-system.ts'

const database = defineDatabase<Record<never, never>>({ migrations: new URL('./none/', import.meta.url) })
const Id = t.Object({ id: t.String() })
const Balance = t.Object({ balance: t.Integer(), version: t.Integer() })

const Bank = defineContract('bank', {
  version: '1.0.0',
  owner: 'money',
  operations: {
    deposit: command({ input: t.Object({ id: t.String(), amount: t.Integer() }), output: Balance }),
    withdraw: command({
      input: t.Object({ id: t.String(), amount: t.Integer() }),
      output: Balance,
      errors: { OVERDRAWN: error({ code: 'FAILED_PRECONDITION', details: t.Object({ balance: t.Integer() }) }) },
    }),
    /** Takes out what is there, having looked first. */
    empty: command({ input: t.Object({ id: t.String(), slowMs: t.Integer() }), output: Balance }),
    setTo: command({ input: t.Object({ id: t.String(), version: t.Integer() }), output: Balance }),
    balance: query({ input: t.Object({ id: t.String(), version: t.Optional(t.Integer()) }), output: Balance }),
    statement: query({ input: Id, output: t.Object({ items: t.Array(t.Unknown()) }) }),
    defect: command({ input: t.Object({ of: t.String() }), output: t.Object({ reason: t.String() }) }),
  },
  events: {
    withdrawn: event({ key: 'id', kind: 'sourced', data: t.Object({ id: t.String(), amount: t.Integer() }) }),
  },
})
const Audit = defineContract('audit', {
  version: '1.0.0',
  owner: 'money',
  operations: { seen: query({ input: t.Object({}), output: t.Object({ items: t.Array(t.String()) }) }) },
})

const Account = defineAggregate('account', {
  events: { deposited: t.Object({ amount: t.Integer({ minimum: 1 }) }), withdrawn: Bank.events.withdrawn },
  initial: { balance: 0 },
  evolve: ({ balance }, { type, data }) => ({ balance: balance + (type === 'deposited' ? data.amount : -data.amount) }),
  commands: { withdraw: t.Object({ amount: t.Integer() }) },
  decide: {
    withdraw({ balance }, { amount }, id) {
      if (amount > balance) throw new Bank.withdraw.errors.OVERDRAWN({ balance })
      return [{ type: 'withdrawn', data: { id, amount } }]
    },
  },
})
const Stranger = defineAggregate('stranger', { events: { a: t.Object({}) }, initial: {}, evolve: (state) => state })

let runs: number
let heard: string[]

const bank = defineService(Bank, {
  database,
  aggregates: [Account],
  operations: {
    deposit: ({ id, amount }, ctx) =>
      ctx.transact(async (tx) => {
        const { version } = await tx.append(Account, id, [{ type: 'deposited', data: { amount } }])
        const { state } = await tx.aggregate(Account, id)
        return { ...state, version }
      }),
    withdraw: (input, ctx) =>
      ctx.transact(async (tx) => {
        const { state, version } = await tx.decide(Account, input.id, 'withdraw', input)
        return { ...state, version }
      }),
    empty: ({ id, slowMs }, ctx) =>
      ctx.transact(async (tx) => {
        runs += 1
        const { state } = await tx.aggregate(Account, id)
        await ctx.sleep(slowMs)
        const { version } = await tx.decide(Account, id, 'withdraw', { amount: state.balance })
        return { balance: 0, version }
      }),
    setTo: ({ id, version }, ctx) =>
      ctx.transact(async (tx) => {
        runs += 1
        const appended = await tx.append(Account, id, [{ type: 'deposited', data: { amount: 1 } }], {
          expected: version,
        })
        return { balance: 0, version: appended.version }
      }),
    async balance({ id, version }, ctx) {
      const loaded = await ctx.load(Account, id, version === undefined ? {} : { asOf: { version } })
      return { ...loaded.state, version: loaded.version }
    },
    async statement({ id }, ctx) {
      const { events } = await ctx.history(Account, id)
      return { items: events.map(({ type, version, data, metadata }) => ({ type, version, data, cause: metadata })) }
    },
    async defect({ of }, ctx) {
      const work: Record<string, () => Promise<unknown>> = {
        load: () => ctx.load(Stranger, '1'),
        history: () => ctx.history(Stranger, '1'),
        append: () => ctx.transact((tx) => tx.append(Stranger, '1', [{ type: 'a', data: {} }])),
        decide: () => ctx.transact((tx) => tx.decide(Account, '1', 'fly' as never, {} as never)),
        data: () => ctx.transact((tx) => tx.append(Account, '1', [{ type: 'deposited', data: { amount: 0 } }])),
        key: () => ctx.transact((tx) => tx.append(Account, '1', [{ type: 'withdrawn', data: { id: '2', amount: 1 } }])),
      }
      const reason = await work[of]?.().then(
        () => 'none',
        (thrown: BanyanError) => `${thrown.reason} ${thrown.issues?.[0]?.path ?? ''}`,
      )
      return { reason: reason ?? 'none' }
    },
  },
})
const audit = defineService(Audit, {
  database,
  operations: { seen: () => ({ items: heard }) },
  on: (on) => [
    on(Bank.events.withdrawn, async ({ id, key, data }) => {
      heard.push(`${id} ${key} ${data.amount}`)
    }),
  ],
})
const system = defineSystem({
  name: 'test',
  services: [service(Bank, async () => ({ bank })), service(Audit, async () => ({ audit }))],
})

describe.each(['one', 'split'] as const)('aggregates in a system in shape %s', (shape) => {
  let test: TestSystem
  beforeEach(async () => {
    runs = 0
    heard = []
    test = await startTestSystem(system, { shape })
    return () => test.stop()
  })
  const failure = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )

  it('are decided, and refuse with the errors of the contract', async () => {
    await test.call(Bank.deposit, { id: 'a', amount: 5 })
    expect(await test.call(Bank.withdraw, { id: 'a', amount: 3 })).toEqual({ balance: 2, version: 2 })
    expect(await failure(test.call(Bank.withdraw, { id: 'a', amount: 3 }))).toMatchObject({
      reason: 'OVERDRAWN',
      details: { balance: 2 },
    })
    expect(await test.call(Bank.balance, { id: 'a' })).toEqual({ balance: 2, version: 2 })
  })

  it('publish their sourced events once, under the id and key of the stream, if and only if they were appended', async () => {
    await test.call(Bank.deposit, { id: 'a', amount: 5 })
    await test.call(Bank.withdraw, { id: 'a', amount: 2 })
    await failure(test.call(Bank.withdraw, { id: 'a', amount: 9 }))
    await test.call(Bank.withdraw, { id: 'a', amount: 1 })
    await test.advance(5_000)
    const { events } = (await test.stores.get('bank')?.streams.read('account-a')) ?? { events: [] }
    const ids = events.filter(({ type }) => type === 'withdrawn').map(({ id }) => id)
    expect((await test.call(Audit.seen, {})).items).toEqual([`${ids[0]} a 2`, `${ids[1]} a 1`])
  })

  it('can be looked at as they were, with what has happened and its trace', async () => {
    for (const amount of [1, 2, 3]) await test.call(Bank.deposit, { id: 'a', amount })
    expect(await test.call(Bank.balance, { id: 'a', version: 2 })).toEqual({ balance: 3, version: 2 })
    expect(await test.call(Bank.balance, { id: 'nobody' })).toEqual({ balance: 0, version: 0 })
    const { items } = await test.call(Bank.statement, { id: 'a' })
    expect(items).toMatchObject([1, 2, 3].map((amount) => ({ type: 'deposited', version: amount, data: { amount } })))
    expect(items[0]).toMatchObject({ cause: { traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-/) } })
  })

  it('that others have changed since they were loaded make the transaction run again', async () => {
    await test.call(Bank.deposit, { id: 'a', amount: 5 })
    const slow = test.call(Bank.empty, { id: 'a', slowMs: 100 })
    await test.call(Bank.deposit, { id: 'a', amount: 2 })
    expect(await slow).toEqual({ balance: 0, version: 3 })
    expect(runs).toBe(2)
    await test.advance(5_000)
    expect((await test.call(Audit.seen, {})).items).toEqual([expect.stringContaining(' a 7')])
  })

  it('tell a caller who names a version that it is not the one, and do not run again for it', async () => {
    await test.call(Bank.deposit, { id: 'a', amount: 5 })
    expect(await failure(test.call(Bank.setTo, { id: 'a', version: 0 }))).toMatchObject({
      code: 'ABORTED',
      reason: 'VERSION_CONFLICT',
      retryable: false,
    })
    expect(runs).toBe(1)
    expect(await test.call(Bank.setTo, { id: 'a', version: 1 })).toMatchObject({ version: 2 })
  })

  it.each([
    ['load', 'UNDECLARED_AGGREGATE '],
    ['history', 'UNDECLARED_AGGREGATE '],
    ['append', 'UNDECLARED_AGGREGATE '],
    ['decide', 'UNKNOWN_COMMAND '],
    ['data', 'INVALID_EVENT /amount'],
    ['key', 'INVALID_EVENT /id'],
  ])('refuse a defect: %s', async (of, reason) => {
    expect(await test.call(Bank.defect, { of })).toEqual({ reason })
    expect(await test.call(Bank.balance, { id: '1' })).toEqual({ balance: 0, version: 0 })
  })
})

describe('a service', () => {
  const Empty = defineContract('empty', { version: '1.0.0', owner: 'x', operations: {} })
  it.each([
    ['an aggregate without a database', { aggregates: [Stranger] }, "aggregates need a 'database' to lie in"],
    ['one aggregate twice', { database, aggregates: [Stranger, Stranger] }, "'stranger' is listed twice"],
    ['something else', { database, aggregates: [Bank] }, 'aggregates[0] is none'],
    [
      'events of another contract',
      { database, aggregates: [Account] },
      "'bank.withdrawn.v1' is an event of 'bank', not its own",
    ],
  ])('may not declare %s', (_, spec, says) => {
    expect(() => defineService(Empty, { ...spec, operations: {} } as never)).toThrow(says)
  })
})
