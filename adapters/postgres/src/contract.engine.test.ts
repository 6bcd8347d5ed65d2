/** The contract suites of the ports, against real servers. Each test finds the tables empty and the clock at zero. */
import {
  busSuite,
  eventStoreSuite,
  idempotencySuite,
  inboxSuite,
  keepingSuite,
  type OpenedBus,
  type OpenedStore,
  outboxSuite,
  projectionsSuite,
  storeSuite,
  streamReadingSuite,
} from 'banyan/testing/suites'
import { createPostgresBus } from './bus/postgres-bus.ts'
import { createPostgresStore } from './store/postgres-store.ts'
import { asAdmin, createDatabase, describeEngines, type Engine, shiftClock } from './testing/engines.ts'
import { emptyStore } from './testing/fixtures.ts'

const emptyBus = `DELETE FROM banyan.source; DELETE FROM banyan.event; DELETE FROM banyan.reader; UPDATE banyan.clock SET shift = '0'`

describeEngines('contract', (engine, name) => {
  const openStore = createStoreOpener(engine)
  storeSuite(name, openStore)
  outboxSuite(name, openStore)
  inboxSuite(name, openStore)
  projectionsSuite(name, openStore)
  idempotencySuite(name, openStore)
  eventStoreSuite(name, openStore)
  streamReadingSuite(name, openStore)
  busSuite(name, createBusOpener(engine))
  keepingSuite(name, createBusOpener(engine))
})

function createStoreOpener(engine: () => Engine): () => Promise<OpenedStore> {
  let url: string | undefined
  return async () => {
    url ??= await createDatabase(engine())
    const options = { url, service: 'sample', idleTimeoutMs: 1_000 }
    const [store, second] = [await createPostgresStore(options), await createPostgresStore(options)]
    await store.migrate([])
    await emptyStore(url)
    const at = url
    return {
      store,
      second,
      shiftClock: (ms) => shiftClock(at, ms),
      close: async () => {
        await Promise.all([store.close(), second.close()])
      },
    }
  }
}

function createBusOpener(engine: () => Engine): () => Promise<OpenedBus> {
  let url: string | undefined
  return async () => {
    url ??= await createDatabase(engine())
    const [bus, second] = [await createPostgresBus({ url }), await createPostgresBus({ url })]
    await asAdmin(url, (admin) => admin.script(emptyBus))
    const at = url
    return {
      bus,
      second,
      shiftClock: (ms) => shiftClock(at, ms),
      close: async () => {
        await Promise.all([bus.close(), second.close()])
      },
    }
  }
}
