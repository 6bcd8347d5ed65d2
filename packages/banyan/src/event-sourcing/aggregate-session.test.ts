// Aggregates over the memory store: decisions, conflicts, snapshots, time travel, upcasters, and bad events.
import { beforeEach, describe, expect, test } from 'vitest'
import { t } from '../contract/index.ts'
import { createVirtualEnvironment, type VirtualEnvironment } from '../core/environment/virtual/index.ts'
import { createMemoryStore, type Store, type StoreTransaction } from '../store/index.ts'
import { rejection } from '../testing/suites/sample.ts'
import type { AnyAggregate } from './aggregate.ts'
import { AggregateSession } from './aggregate-session.ts'
import { defineAggregate } from './define-aggregate.ts'
import { evolveAll, loadAggregate, readPast } from './load.ts'

const Step = t.Object({ by: t.Integer({ minimum: 1, maximum: 1_000 }) })
const spec = {
  events: { added: Step, doubled: t.Object({}) },
  initial: { sum: 0, seen: [] as number[] },
  commands: { add: Step, addUpTo: t.Object({ most: t.Integer() }), nonsense: t.Object({}) },
}
type State = { sum: number; seen: number[] }
type Fact = { type: 'added'; data: { by: number } } | { type: 'doubled'; data: object }
const evolve = (state: State, fact: Fact): State =>
  fact.type === 'added'
    ? { sum: state.sum + fact.data.by, seen: [...state.seen, fact.data.by].slice(-3) }
    : { ...state, sum: (state.sum * 2) % 1_000_003 }
const Counter = defineAggregate('counter', {
  ...spec,
  evolve,
  decide: {
    add: (_, { by }) => [{ type: 'added', data: { by } }],
    addUpTo: ({ sum }, { most }) => (sum < most ? [{ type: 'added', data: { by: most - sum } }] : []),
    nonsense: () => [{ type: 'added', data: { by: 0 } }],
  },
  snapshot: { everyEvents: 7, schemaVersion: 1 },
})

describe('aggregates', () => {
  let environment: VirtualEnvironment
  let store: Store
  beforeEach(() => {
    environment = createVirtualEnvironment()
    store = createMemoryStore({ environment, service: 'sample' })
  })
  const sessionOf = (tx: StoreTransaction): AggregateSession =>
    new AggregateSession({
      streams: tx.streams,
      newId: () => environment.random.uuidv7(),
      metadata: { traceparent: 't' },
      publish: () => {},
    })
  const within = <Result>(work: (session: AggregateSession) => Promise<Result>): Promise<Result> =>
    store.transact((tx) => work(sessionOf(tx)))
  const decide = (command: string, input: unknown, id = '1') => within((one) => one.decide(Counter, id, command, input))
  const stateOf = async (id = '1', aggregate: AnyAggregate = Counter): Promise<unknown> =>
    (await loadAggregate(store.streams, aggregate, id)).state

  test('an aggregate to which nothing has happened is at version 0', async () => {
    expect(await loadAggregate(store.streams, Counter, 'new')).toMatchObject({ state: { sum: 0 }, version: 0 })
  })

  test('what is decided is appended and seen by the same transaction', async () => {
    await within(async (session) => {
      expect(await session.decide(Counter, '1', 'add', { by: 2 })).toMatchObject({ state: { sum: 2 }, version: 1 })
      const second = await session.decide(Counter, '1', 'add', { by: 3 })
      expect(second).toMatchObject({ state: { sum: 5 }, version: 2, events: [{ type: 'added', data: { by: 3 } }] })
      expect(await session.load(Counter, '1')).toEqual({ state: { sum: 5, seen: [2, 3] }, version: 2 })
    })
    expect(await stateOf()).toEqual({ sum: 5, seen: [2, 3] })
    const { events } = await store.streams.read('counter-1')
    expect(events[0]).toMatchObject({ type: 'added', major: 1, metadata: { traceparent: 't' } })
  })

  test('a decision without consequences appends nothing', async () => {
    await decide('add', { by: 5 })
    expect(await decide('addUpTo', { most: 5 })).toEqual({
      state: { sum: 5, seen: [5] },
      version: 1,
      events: [],
      position: undefined,
    })
  })

  test('an event that does not fit its schema is refused with its field and its rule, and nothing is appended', async () => {
    const refused = { code: 'INTERNAL', reason: 'INVALID_EVENT', issues: [{ path: '/by', rule: 'minimum' }] }
    expect(await rejection(decide('nonsense', {}))).toMatchObject(refused)
    const append = (fact: object) => within((session) => session.append(Counter, '1', [fact as never]))
    expect(await rejection(append({ type: 'added', data: { by: 'x' } }))).toMatchObject({
      issues: [{ path: '/by', rule: 'type' }],
    })
    for (const bad of [{ type: 'gone', data: {} }, { type: 'constructor', data: {} }, {}])
      expect(await rejection(append(bad))).toMatchObject({ reason: 'INVALID_EVENT', issues: [{ path: '/type' }] })
    expect((await store.streams.read('counter-1')).events).toEqual([])
  })

  test('an unknown command and a bad input are refused', async () => {
    expect(await rejection(decide('fly', {}))).toMatchObject({
      reason: 'UNKNOWN_COMMAND',
      hint: expect.stringContaining("'add'"),
    })
    expect(await rejection(decide('toString', {}))).toMatchObject({ reason: 'UNKNOWN_COMMAND' })
    expect(await rejection(decide('add', { by: 'x' }))).toMatchObject({
      reason: 'INVALID_INPUT',
      issues: [{ path: '/by' }],
    })
  })

  test('64 decisions at once are each taken on what the one before has left', async () => {
    const wanted = Array.from({ length: 64 }, (_, index) => index + 1)
    const ended = await Promise.all(wanted.map((most) => decide('addUpTo', { most })))
    const sums = ended.filter(({ events }) => events.length > 0).map(({ state }) => (state as State).sum)
    expect(sums).toEqual(sums.toSorted((a, b) => a - b))
    expect(await stateOf()).toMatchObject({ sum: 64 })
  })

  test('an append expects what was loaded, and says so when others were quicker', async () => {
    const session = within(async (slow) => {
      await slow.load(Counter, '1')
      await decide('add', { by: 1 })
      const error = await rejection(slow.append(Counter, '1', [{ type: 'doubled', data: {} }]))
      expect(error).toMatchObject({ reason: 'VERSION_CONFLICT', details: { expected: 0, actual: 1 } })
      expect(slow.stale).toBe(true)
      const again = await rejection(slow.decide(Counter, '1', 'add', { by: 1 }))
      expect(again).toMatchObject({ reason: 'VERSION_CONFLICT' })
    })
    await session
    expect(await stateOf()).toMatchObject({ sum: 1 })
  })

  test('an append may say for itself what it expects', async () => {
    await decide('add', { by: 1 })
    const append = (expected: number | 'any') =>
      within((session) => session.append(Counter, '1', [{ type: 'doubled', data: {} }], { expected }))
    expect(await append(1)).toMatchObject({ version: 2 })
    expect(await rejection(append(1))).toMatchObject({ reason: 'VERSION_CONFLICT' })
    expect(await append('any')).toMatchObject({ version: 3 })
    expect(await stateOf()).toMatchObject({ sum: 4 })
  })

  describe('snapshots', () => {
    test('are kept after so many events, and equal the replay whatever has happened (100 random lives)', async () => {
      const { random } = environment
      const WithoutSnapshots = defineAggregate('counter', { events: spec.events, initial: spec.initial, evolve })
      for (let life = 0; life < 100; life++) {
        const id = `life-${life}`
        const facts: Fact[] = Array.from({ length: 1 + Math.floor(random.next() * 40) }, () =>
          random.next() < 0.7
            ? { type: 'added', data: { by: 1 + Math.floor(random.next() * 999) } }
            : { type: 'doubled', data: {} },
        )
        for (let at = 0; at < facts.length; ) {
          const some = facts.slice(at, at + 1 + Math.floor(random.next() * 5))
          await within((session) => session.append(Counter, id, some))
          at += some.length
        }
        const loaded = await loadAggregate(store.streams, Counter, id)
        const replayed = await loadAggregate(store.streams, WithoutSnapshots, id)
        expect(loaded).toMatchObject({ state: replayed.state, version: facts.length })
        expect(loaded.state).toEqual(evolveAll(Counter, Counter.initial, facts))
        expect(loaded.version - loaded.snapshotVersion).toBeLessThan(7)
      }
    })

    test('of an older form of the state are ignored and replaced', async () => {
      for (let step = 0; step < 7; step++) await decide('add', { by: 1 })
      expect(await loadAggregate(store.streams, Counter, '1')).toMatchObject({ snapshotVersion: 7 })
      await store.streams.saveSnapshot('counter-1', { version: 7, schema: 1, state: { sum: -1, seen: [] } })
      const Newer = defineAggregate('counter', {
        events: spec.events,
        initial: { total: 0 },
        evolve: (state, fact) => ({ total: state.total + (fact.type === 'added' ? fact.data.by : 0) }),
        snapshot: { everyEvents: 1, schemaVersion: 2 },
      })
      expect(await stateOf('1', Newer)).toEqual({ total: 7 })
      await within((session) => session.append(Newer, '1', [{ type: 'added', data: { by: 3 } }]))
      expect(await loadAggregate(store.streams, Newer, '1')).toEqual({
        state: { total: 10 },
        version: 8,
        snapshotVersion: 8,
      })
      expect(await stateOf()).toMatchObject({ sum: 10 })
    })

    test('a state that is not JSON is told before it is kept', async () => {
      const Bad = defineAggregate('bad', {
        events: { added: Step },
        initial: { at: null as unknown },
        evolve: () => ({ at: new Date(0) }),
        snapshot: { everyEvents: 1, schemaVersion: 1 },
      })
      const append = within((session) => session.append(Bad, '1', [{ type: 'added', data: { by: 1 } }]))
      expect(await rejection(append)).toMatchObject({ reason: 'BAD_STATE' })
    })
  })

  describe('time travel', () => {
    test('goes to any version, over snapshots and before them', async () => {
      for (let by = 1; by <= 20; by++) await decide('add', { by })
      const at = async (version: number): Promise<unknown> =>
        loadAggregate(store.streams, Counter, '1', { asOf: { version } })
      for (let version = 0; version <= 20; version++)
        expect(await at(version)).toMatchObject({ state: { sum: (version * (version + 1)) / 2 }, version })
      expect(await at(99)).toMatchObject({ version: 20 })
    })

    test('goes to any time', async () => {
      const startMs = environment.clock.now()
      for (let by = 1; by <= 10; by++) {
        await environment.advance(1_000)
        await decide('add', { by })
      }
      for (let second = 0; second <= 11; second++) {
        const asOf = { timeMs: startMs + second * 1_000 + 500 }
        expect(await loadAggregate(store.streams, Counter, '1', { asOf })).toMatchObject({
          version: Math.min(second, 10),
        })
      }
    })
  })

  describe('old events', () => {
    const Person = defineAggregate('person', {
      events: { named: t.Object({ first: t.String(), last: t.String({ minLength: 1 }) }) },
      initial: { name: '' },
      evolve: (_, { data }) => ({ name: `${data.first} ${data.last}` }),
      upcast: {
        named: {
          1: ({ name }: { name: string }) => ({ full: name }),
          2: ({ full }: { full: string }) => {
            const [first = '', last = ''] = full.split(' ')
            return { first, last }
          },
        },
      },
    })
    const raw = (major: number, data: unknown) =>
      store.streams.append('person-1', [{ id: environment.random.uuidv7(), type: 'named', major, data }], {
        expected: 'any',
      })

    test('are brought up to date in a chain, and new ones are written at the newest version', async () => {
      await raw(1, { name: 'Ada Lovelace' })
      expect(await stateOf('1', Person)).toEqual({ name: 'Ada Lovelace' })
      await raw(2, { full: 'Emmy Noether' })
      expect(await stateOf('1', Person)).toEqual({ name: 'Emmy Noether' })
      await within((session) =>
        session.append(Person, '1', [{ type: 'named', data: { first: 'Grace', last: 'Hopper' } }]),
      )
      const { events } = await readPast(store.streams, Person, '1')
      expect(events.map(({ data, version }) => [version, data.last])).toEqual([
        [1, 'Lovelace'],
        [2, 'Noether'],
        [3, 'Hopper'],
      ])
      expect((await store.streams.read('person-1')).events.map(({ major }) => major)).toEqual([1, 2, 3])
    })

    test.each([
      ['that no longer fit after it', 1, { name: 'Plato' }, '/last'],
      ['whose upcaster throws', 1, {}, ''],
      ['from the future', 4, { first: 'a', last: 'b' }, 'version 4 is newer than 3'],
    ])('%s are refused and say where they lie', async (_, major, data, says) => {
      await raw(major, data)
      const error = await rejection(stateOf('1', Person))
      expect(error).toMatchObject({ code: 'DATA_LOSS', reason: 'UNREADABLE_EVENT' })
      expect((error as Error).message).toContain("version 1 of stream 'person-1'")
      expect((error as Error).message).toContain(says)
    })

    test('of a type that the aggregate has no more are refused', async () => {
      await store.streams.append('person-1', [{ id: environment.random.uuidv7(), type: 'gone', data: {} }], {
        expected: 'none',
      })
      expect(await rejection(stateOf('1', Person))).toMatchObject({ reason: 'UNREADABLE_EVENT' })
    })
  })
})
