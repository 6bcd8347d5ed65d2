import { describe, expect, test } from 'vitest'
import { command, defineContract, event, query, t } from '../contract/index.ts'
import { BanyanError } from '../core/error.ts'
import { defineDatabase } from '../store/define-database.ts'
import { defineService, isService } from './define-service.ts'
import { subscribe } from './subscribe.ts'

const empty = t.Object({})
const Shelf = defineContract('shelf', {
  version: '1.0.0',
  owner: 'x',
  operations: { take: command({ input: empty, output: empty }), look: query({ input: empty, output: empty }) },
  events: { taken: event({ key: 'sku', data: t.Object({ sku: t.String() }) }) },
})
const handlers = { take: async () => ({}), look: async () => ({}) }

/** The faults that defineService finds, a line each. The types would refuse most of these specifications. */
function faultsOf(spec: object, contract: unknown = Shelf): string {
  try {
    defineService(contract as never, { operations: handlers, ...spec } as never)
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(BanyanError)
    expect(thrown).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INVALID_SERVICE' })
    return (thrown as Error).message
  }
  return 'no fault'
}

test('a service is frozen data, with its subscriptions and jobs as lists', () => {
  const database = defineDatabase<{ item: { sku: string } }>({ migrations: new URL('file:///migrations/') })
  const outside = subscribe(Shelf.events.taken, async () => {}, { group: 'audit', maxAttempts: 3 })
  const shelf = defineService(Shelf, {
    calls: [Shelf.look],
    database,
    operations: handlers,
    on: (on) => [on(Shelf.events.taken, async () => {}), outside],
    jobs: [{ name: 'count', everyMs: 1_000, run: () => {} }],
  })
  expect(isService(shelf)).toBe(true)
  expect(shelf).toMatchObject({ $banyan: 'service', contract: Shelf, calls: [Shelf.look], database })
  expect(shelf.subscriptions).toMatchObject([
    { event: Shelf.events.taken, options: {} },
    { event: Shelf.events.taken, options: { group: 'audit', maxAttempts: 3 } },
  ])
  expect(shelf.jobs.map(({ name }) => name)).toEqual(['count'])
  expect([shelf, shelf.operations, shelf.subscriptions, shelf.jobs, outside].every((x) => Object.isFrozen(x))).toBe(
    true,
  )
})

describe('is refused', () => {
  const on = (event: unknown, handle: unknown, options?: object) => () => [
    subscribe(event as never, handle as never, options),
  ]
  test.each([
    ['no contract', {}, 'hello', 'the first argument must be a contract'],
    ['a missing handler', { operations: { take: handlers.take } }, Shelf, "operation 'look' has no handler"],
    [
      'a handler that is no function',
      { operations: { ...handlers, look: 1 } },
      Shelf,
      "operation 'look' has no handler",
    ],
    ['a handler of nothing', { operations: { ...handlers, put: handlers.take } }, Shelf, "'put' is not an operation"],
    ['an event in calls', { calls: [Shelf.events.taken] }, Shelf, 'calls[0] is neither a contract nor an operation'],
    ['undefined in calls, as from an import cycle', { calls: [undefined] }, Shelf, 'calls[0] is neither a contract'],
    ['a bare handler in on', { on: () => [() => {}] }, Shelf, 'on[0] is no subscription'],
    ['an operation to listen to', { on: on(Shelf.take, () => {}) }, Shelf, 'on[0] needs an event of a contract'],
    ['a subscription without handler', { on: on(Shelf.events.taken, undefined) }, Shelf, 'on[0] needs an event'],
    [
      'concurrency 0',
      { on: on(Shelf.events.taken, () => {}, { concurrency: 0 }) },
      Shelf,
      'on[0] (shelf.taken.v1): concurrency 0 must be a whole number from 1 to 256',
    ],
    [
      'maxAttempts 101',
      { on: on(Shelf.events.taken, () => {}, { maxAttempts: 101 }) },
      Shelf,
      'maxAttempts 101 must be a whole number from 1 to 100',
    ],
    [
      'a group with a space',
      { on: on(Shelf.events.taken, () => {}, { group: 'a b' }) },
      Shelf,
      "group 'a b' must be lower case",
    ],
    ['two jobs of one name', { jobs: [job({}), job({})] }, Shelf, "jobs[1]: the name 'tick' is used twice"],
    [
      'a job that never rests',
      { jobs: [job({ everyMs: 0 })] },
      Shelf,
      'jobs[0]: everyMs 0 must be a whole number from 10',
    ],
    ['a job named like a sentence', { jobs: [job({ name: 'Do it' })] }, Shelf, "jobs[0]: name 'Do it'"],
  ])('%s', (_name, spec, contract, message) => expect(faultsOf(spec, contract)).toContain(message))

  test('all at once', () => {
    expect(faultsOf({ operations: {}, calls: [1], jobs: [job({ everyMs: Number.NaN })] }).split('\n')).toHaveLength(5)
  })
})

function job(more: object): object {
  return { name: 'tick', everyMs: 1_000, run: () => {}, ...more }
}
