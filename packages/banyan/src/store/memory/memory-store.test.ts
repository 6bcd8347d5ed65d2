import { expect, it } from 'vitest'
import { createVirtualEnvironment } from '../../core/environment/virtual/index.ts'
import {
  eventStoreSuite,
  idempotencySuite,
  inboxSuite,
  type OpenedStore,
  outboxSuite,
  projectionsSuite,
  sagasSuite,
  storeSuite,
  streamReadingSuite,
} from '../../testing/suites/index.ts'
import { gate, labels, readAll, rejection, sampleEvent } from '../../testing/suites/sample.ts'
import { createMemoryStore } from './memory-store.ts'

async function open(): Promise<OpenedStore> {
  const environment = createVirtualEnvironment()
  const store = createMemoryStore({ environment, service: 'sample' })
  return { store, shiftClock: async (ms) => environment.advance(ms), close: () => store.close() }
}

storeSuite('memory', open)
outboxSuite('memory', open)
inboxSuite('memory', open)
projectionsSuite('memory', open)
idempotencySuite('memory', open)
eventStoreSuite('memory', open)
streamReadingSuite('memory', open)
sagasSuite('memory', open)

it('says what to do about SQL', async () => {
  const { store } = await open()
  expect(() => store.db).toThrow(/speaks no SQL: 'sample' runs on the memory store/)
  expect(await rejection(store.sql`select 1`)).toMatchObject({ code: 'UNIMPLEMENTED', reason: 'NO_SQL' })
  expect(await rejection(store.transact((tx) => tx.sql`select 1`))).toMatchObject({ reason: 'NO_SQL' })
  const migration = { name: '001-orders', checksum: '00', up: 'create table orders ()' }
  expect(await rejection(store.migrate([migration]))).toMatchObject({ reason: 'NO_SQL' })
  expect(await store.migrate([])).toEqual([])
})

it('refuses a commit over the bound of the outbox, takes nothing of it, and takes more after a trim', async () => {
  const store = createMemoryStore({ environment: createVirtualEnvironment(), service: 'sample', maxOutboxEvents: 2 })
  const publish = async (...all: string[]): Promise<void> =>
    store.transact(async (tx) => {
      for (const label of all) tx.publish(sampleEvent(label))
    })
  await publish('a')
  expect(await rejection(publish('b', 'c'))).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'OUTBOX_FULL' })
  const { events, cursor } = await readAll(store.outbox)
  expect(labels(events)).toEqual(['a'])
  await store.outbox.trim(cursor)
  await publish('b', 'c')
})

it('refuses a new key over the bound of idempotency keys, until old ones are past their time', async () => {
  const environment = createVirtualEnvironment()
  const store = createMemoryStore({ environment, service: 'sample', maxIdempotencyKeys: 1 })
  const serve = async (key: string): Promise<number> =>
    store.transact(async () => 1, { idempotency: { scope: 's', key, fingerprint: 'f', keepMs: 1_000 } })
  await serve('a')
  expect(await rejection(serve('b'))).toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  await environment.advance(1_001)
  expect(await serve('b')).toBe(1)
})

it('closes when what runs has ended, and no later than its bound', async () => {
  const environment = createVirtualEnvironment()
  const store = createMemoryStore({ environment, service: 'sample' })
  const finish = gate()
  const slow = store.transact(async () => finish.opened)
  await environment.run(store.close(3_000))
  expect(environment.clock.monotonic()).toBe(3_000)
  finish.open()
  await slow
})

it('stops waiting for work that ignores an aborted signal', async () => {
  const { store } = await open()
  const abort = new AbortController()
  const hung = store.transact(async () => gate().opened, { signal: abort.signal })
  abort.abort()
  expect(await rejection(hung)).toMatchObject({ code: 'CANCELLED', outcome: 'none' })
})
