/** The traps that live in ports (6, 7, 8, 10, 14), on Postgres. */
import { realEnvironment } from 'banyan/core'
import { type OpenedTraps, trapSuite } from 'banyan/testing/suites'
import { expect } from 'vitest'
import { createPostgresBus } from '../bus/postgres-bus.ts'
import { createPostgresStore } from '../store/postgres-store.ts'
import { createDatabase, describeEngines, shiftClock } from '../testing/engines.ts'

describeEngines('ports', (engine, name) => {
  trapSuite(name, async (): Promise<OpenedTraps> => {
    const [url, logUrl] = [await createDatabase(engine()), await createDatabase(engine())]
    const [store, second] = [await open(url), await open(url)]
    const bus = await createPostgresBus({ url: logUrl })
    await store.migrate([])
    return {
      store,
      second,
      bus,
      environment: realEnvironment(),
      until: async (what) => void (await expect.poll(what, { timeout: 20_000 }).toBe(true)),
      shiftClock: async (ms) => {
        await shiftClock(url, ms)
        await shiftClock(logUrl, ms)
      },
      close: async () => {
        await Promise.all([store.close(1_000), second.close(1_000), bus.close()])
      },
    }
  })
})

const open = (url: string): ReturnType<typeof createPostgresStore> =>
  createPostgresStore({ url, service: 'sample', maxConnections: 4 })
