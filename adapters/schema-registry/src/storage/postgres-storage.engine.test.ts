/** The contract of the storage on a real server: the embedded one. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@banyan/embedded-postgres'
import { createPostgresStore } from '@banyan/postgres'
import type { Store } from 'banyan/store'
import { afterAll, beforeAll } from 'vitest'
import { storageSuite } from '../testing/storage-suite.ts'
import { openPostgresStorage } from './postgres-storage.ts'

let server: EmbeddedPostgres
let dataDir: string
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'banyan-schemas-'))
  server = await startEmbeddedPostgres({ dataDir })
})
afterAll(async () => {
  await server?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

const openStore = (): Promise<Store> => createPostgresStore({ url: server.url, service: 'schemas' })

storageSuite('postgres', async () => {
  const [one, other] = [await openStore(), await openStore()]
  const storage = await openPostgresStorage(one)
  const second = await openPostgresStorage(other)
  await one.sql`TRUNCATE version, subject, schema`
  return {
    storage,
    second,
    async close() {
      await Promise.all([storage.close(), second.close()])
    },
  }
})
