/** Subscriptions of services as their authors write them: retries of their own, batches, and events that are due later. */
import { beforeEach, describe, expect, it } from 'vitest'
import { Unretryable } from '../bus/unretryable.ts'
import { command, defineContract, event, t } from '../contract/index.ts'
import { BanyanError } from '../core/error.ts'
import { defineDatabase } from '../store/define-database.ts'
import { startTestSystem, type TestSystem } from '../testing/index.ts'
import type { Delivered } from './context.ts'
import { defineService } from './define-service.ts'
import { defineSystem, service } from './define-system.ts'
import { subscribe } from './subscribe.ts'
import { subscriptionOptionFaults } from './subscription-faults.ts'

const database = defineDatabase<Record<never, never>>({ migrations: new URL('./none/', import.meta.url) })

const Shop = defineContract('shop', {
  version: '1.0.0',
  owner: 'shop-team',
  operations: {
    sell: command({ input: t.Object({ ids: t.Array(t.String()) }), output: t.Object({}) }),
    remind: command({
      input: t.Object({ id: t.String(), afterMs: t.Number() }),
      output: t.Object({ reminder: t.String() }),
    }),
    forget: command({ input: t.Object({ reminder: t.String() }), output: t.Object({ done: t.Boolean() }) }),
  },
  events: {
    sold: event({ key: 'id', data: t.Object({ id: t.String() }) }),
    counted: event({ key: 'id', data: t.Object({ id: t.String() }) }),
    reminded: event({ key: 'id', data: t.Object({ id: t.String() }) }),
  },
})
const Book = defineContract('book', { version: '1.0.0', owner: 'book-team', operations: {} })

let batches: string[][] = []
let tried: string[] = []
let reminded: Delivered<{ id: string }>[] = []
let answer: (id: string) => void = () => undefined

const shop = defineService(Shop, {
  database,
  operations: {
    sell: ({ ids }, ctx) =>
      ctx.transact(async (tx) => {
        for (const id of ids) tx.publish(Shop.events.sold, { id })
        for (const id of ids) tx.publish(Shop.events.counted, { id })
        return {}
      }),
    remind: ({ id, afterMs }, ctx) =>
      ctx.transact(async (tx) => ({ reminder: tx.publish(Shop.events.reminded, { id }, { afterMs }) })),
    forget: ({ reminder }, ctx) => ctx.transact(async (tx) => ({ done: await tx.cancel(reminder) })),
  },
})
const book = defineService(Book, {
  database,
  operations: {},
  on: (on) => [
    on(
      Shop.events.sold,
      async (event) => {
        tried.push(event.data.id)
        answer(event.data.id)
      },
      {
        retry: { maxAttempts: 3, firstMs: 10, factor: 1, maxMs: 10 },
        terminal: ['NOT_FOUND', 'SOLD_OUT'],
        retryable: (error) => !(error instanceof RangeError),
      },
    ),
    on(
      Shop.events.counted,
      async (events, ctx) => {
        batches.push(events.map(({ data }) => data.id))
        await ctx.transact(async () => {
          for (const { data } of events) answer(`counted ${data.id}`)
        })
      },
      { group: 'counting', batch: 50, batchMs: 10 },
    ),
    on(Shop.events.reminded, (event) => void reminded.push(event), { group: 'reminding' }),
  ],
})
const system = defineSystem({
  name: 'test',
  services: [service(Shop, async () => shop), service(Book, async () => book)],
})

describe.each(['one', 'split'] as const)('subscriptions (%s)', (shape) => {
  let test: TestSystem
  beforeEach(async () => {
    batches = []
    tried = []
    reminded = []
    answer = () => undefined
    test = await startTestSystem(system, { shape })
  })
  const parked = async (): Promise<(readonly [string, number])[]> =>
    (await test.stores.get('book')!.inbox.parked(100)).map((one) => [one.key, one.attempts] as const)

  it('retries and parks as each subscription says', async () => {
    const failures: Record<string, Error> = {
      often: new Error('no'),
      code: new BanyanError('NOT_FOUND', 'no such thing'),
      reason: new BanyanError('FAILED_PRECONDITION', 'none left', { reason: 'SOLD_OUT' }),
      range: new RangeError('never'),
      never: new Unretryable('ask somebody'),
    }
    answer = (id) => {
      if (failures[id] !== undefined) throw failures[id]
    }
    await test.call(Shop.sell, { ids: ['good', ...Object.keys(failures)] })
    await test.advance(2_000)
    expect(await parked()).toEqual([
      ['often', 3],
      ['code', 1],
      ['reason', 1],
      ['range', 1],
      ['never', 1],
    ])
    expect(tried.filter((id) => id === 'good')).toHaveLength(1)
    await test.stop()
  })

  it('gives a batch handler many events in one transaction, and one at a time when that fails', async () => {
    const ids = Array.from({ length: 120 }, (_, index) => `i${index}`)
    answer = (id) => {
      if (id === 'counted i7') throw new Unretryable('not this one')
    }
    await test.call(Shop.sell, { ids })
    await test.advance(5_000)
    const marked = batches.filter((batch) => batch.length > 1)
    expect(Math.max(...batches.map((batch) => batch.length))).toBe(50)
    expect(marked.length).toBeLessThan(10)
    expect(await parked()).toEqual([['i7', 1]])
    const [counting] = test.hosts.flatMap((host) => host.status().consumers).filter(({ group }) => group === 'counting')
    expect(counting).toMatchObject({ applied: 119, parked: 1 })
    await test.stop()
  })

  it('publishes later by the clock of the database, unless it is taken back', async () => {
    const { reminder } = await test.call(Shop.remind, { id: 'a', afterMs: 60_000 })
    const { reminder: other } = await test.call(Shop.remind, { id: 'b', afterMs: 60_000 })
    await test.advance(59_000)
    expect(reminded).toEqual([])
    expect(await test.call(Shop.forget, { reminder: other })).toEqual({ done: true })
    await test.advance(3_000)
    expect(reminded.map(({ id, data }) => [id, data.id])).toEqual([[reminder, 'a']])
    expect(await test.call(Shop.forget, { reminder })).toEqual({ done: false })
    await test.stop()
  })
})

it.each([
  [{ retry: { firstMs: 0 } }, 'retry.firstMs 0 must be a whole number from 1 to 3600000'],
  [{ retry: { factor: 0.5 } }, 'retry.factor 0.5 must be from 1 to 10'],
  [{ retry: { firstMs: 100, maxMs: 50 } }, 'retry.maxMs 50 must not be less than retry.firstMs 100'],
  [{ retry: { maxAttempts: 0 } }, 'retry.maxAttempts 0 must be a whole number from 1 to 100'],
  [{ retry: { tries: 3 } }, 'retry.tries is not known: use maxAttempts, firstMs, factor, maxMs'],
  [{ maxAttempts: 3, retry: { maxAttempts: 3 } }, 'maxAttempts and retry.maxAttempts are the same thing: give one'],
  [{ terminal: 'NOT_FOUND' }, "terminal must be a list of codes or reasons, like ['INVALID_ARGUMENT', 'OUT_OF_STOCK']"],
  [{ retryable: true }, 'retryable must be a function of the error that says whether to try again'],
  [{ batch: 0 }, 'batch 0 must be a whole number from 1 to 1000'],
  [{ batchMs: 5 }, 'batchMs is for subscriptions with a batch'],
  [{ batch: 5, batchMs: -1 }, 'batchMs -1 must be a whole number from 0 to 1000'],
])('refuses %j', (options, fault) => {
  expect(subscriptionOptionFaults(options as never)).toEqual([fault])
})

it('types: a batch handler takes an array, any other handler one event', () => {
  const one = subscribe(Shop.events.sold, (event: Delivered<{ id: string }>, _ctx: unknown) => void event.data.id)
  const many = subscribe(
    Shop.events.sold,
    (events: readonly Delivered<{ id: string }>[], _ctx: unknown) => void events[0],
    {
      batch: 10,
    },
  )
  // @ts-expect-error without a batch it is given one event
  subscribe(Shop.events.sold, (events: readonly Delivered<{ id: string }>[], _ctx: unknown) => void events[0])
  // @ts-expect-error with a batch it is given an array
  subscribe(Shop.events.sold, (event: Delivered<{ id: string }>, _ctx: unknown) => void event.data.id, { batch: 10 })
  expect([one.options, many.options]).toEqual([{}, { batch: 10 }])
})
