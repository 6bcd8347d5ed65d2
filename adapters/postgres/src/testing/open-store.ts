/** Stores for the contract suites: two on one database, empty, with the clock put right. */
import type { OpenedStore } from 'banyan/testing/suites'
import { createPostgresStore } from '../store/postgres-store.ts'
import { createDatabase, type Engine, shiftClock } from './engines.ts'
import { emptyStore } from './fixtures.ts'

/** One database for all tests of a file and server. */
export function createStoreOpener(engine: () => Engine): () => Promise<OpenedStore> {
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
