/** The contract suites of the ports, against real servers. Each test finds the tables empty and the clock at zero. */
import {
  busSuite,
  eventStoreSuite,
  idempotencySuite,
  inboxSuite,
  keepingSuite,
  type OpenedBus,
  outboxSuite,
  projectionsSuite,
  storeSuite,
  streamReadingSuite,
} from 'banyan/testing/suites'
import { createPostgresBus } from './bus/postgres-bus.ts'
import { asAdmin, createDatabase, describeEngines, type Engine, shiftClock } from './testing/engines.ts'
import { createStoreOpener } from './testing/open-store.ts'

const emptyBus = `DELETE FROM banyan.source; DELETE FROM banyan.event; DELETE FROM banyan.reader; UPDATE banyan.clock SET shift = '0'`

describeEngines(
  'contract',
  (engine, name) => {
    // Suites that close stores, or hold their connections, have new ones for each test.
    const [openNew, openStore] = [createStoreOpener(engine), createStoreOpener(engine, { keep: true })]
    storeSuite(name, openNew)
    outboxSuite(name, openStore)
    inboxSuite(name, openStore)
    projectionsSuite(name, openNew)
    idempotencySuite(name, openStore)
    eventStoreSuite(name, openStore)
    streamReadingSuite(name, openStore)
    busSuite(name, createBusOpener(engine))
    keepingSuite(name, createBusOpener(engine))
  },
  'both',
)

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
