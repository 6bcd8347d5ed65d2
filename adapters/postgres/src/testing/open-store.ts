/** Stores for the contract suites: two on one database, empty, with the clock put right. */
import type { OpenedStore } from 'banyan/testing/suites'
import { afterAll } from 'vitest'
import { createPostgresStore, type PostgresStore } from '../store/postgres-store.ts'
import { createDatabase, type Engine, shiftClock } from './engines.ts'
import { emptyStore } from './fixtures.ts'

interface Pair {
  readonly store: PostgresStore
  readonly second: PostgresStore
}

async function openPair(url: string): Promise<Pair> {
  const options = { url, service: 'sample', idleTimeoutMs: 1_000 }
  const [store, second] = [await createPostgresStore(options), await createPostgresStore(options)]
  await store.migrate([])
  return { store, second }
}

/**
 * One database for all tests of a file and server. `keep` keeps the stores open too, for suites that never close theirs: many
 * short tests are twice as fast.
 */
export function createStoreOpener(
  engine: () => Engine,
  { keep = false }: { readonly keep?: boolean } = {},
): () => Promise<OpenedStore> {
  let url: string | undefined
  let kept: Pair | undefined
  const close = async ({ store, second }: Pair): Promise<void> => {
    await Promise.all([store.close(), second.close()])
  }
  // Before the server is stopped, which waits for its clients.
  if (keep) afterAll(async () => (kept === undefined ? undefined : close(kept)))
  return async () => {
    url ??= await createDatabase(engine())
    const at = url
    const pair = kept ?? (await openPair(at))
    if (keep) kept = pair
    await emptyStore(at)
    return {
      ...pair,
      shiftClock: (ms) => shiftClock(at, ms),
      close: async () => {
        if (!keep) await close(pair)
      },
    }
  }
}
