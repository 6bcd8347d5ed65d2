// Versions in a real database: one that is not live is dropped with its rows, the live one is not.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '@banyan/embedded-postgres'
import { createPostgresStore } from '@banyan/postgres'
import { createMemoryBus } from 'banyan/bus'
import { realEnvironment } from 'banyan/core'
import { ownDatabase } from 'banyan/projection'
import { expect, test } from 'vitest'
import { hasBuilds } from './has-builds.ts'
import { createProjectionDesk } from './projection-desk.ts'

test('a version is built again, and what is not live is dropped with its schema', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'banyan-desk-'))
  const server = await startEmbeddedPostgres({ dataDir })
  const store = await createPostgresStore({ url: server.url, service: 'orders' })
  const bus = createMemoryBus({ environment: realEnvironment() })
  try {
    expect(await hasBuilds(store)).toBe(false)
    await store.migrate([])
    expect(await hasBuilds(store)).toBe(true)
    const target = await ownDatabase().open({ service: 'orders', store })
    const register = (build: number): Promise<unknown> => {
      const of = { name: 'sales', version: 1, build }
      const create = async (tx: { sql: (text: TemplateStringsArray) => Promise<unknown> }): Promise<void> => {
        await tx.sql`CREATE TABLE day (day date PRIMARY KEY)`
      }
      return store.projections.register(of, 'database', (tx) => target.prepare(of, tx, create))
    }
    await register(1)
    await store.projections.swap({ name: 'sales', version: 1 }, { ends: async () => new Map() })
    const desk = createProjectionDesk({ stores: new Map([['orders', store]]), bus })
    const sales = { service: 'orders', projection: 'sales' }
    expect(await desk.rebuild(sales)).toMatchObject({ build: 2, phase: 'wanted' })
    await register(2)
    const schemas = async (): Promise<unknown[]> =>
      (await store.sql`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'p\\_%' ORDER BY 1`).map(
        (row) => row['nspname'],
      )
    expect(await schemas()).toEqual(['p_sales_v1', 'p_sales_v1_b2'])
    await expect(desk.drop({ ...sales, version: 1 })).rejects.toMatchObject({ reason: 'PROJECTION_LIVE' })
    expect(await desk.drop({ ...sales, version: 1, build: 2 })).toMatchObject({ phase: 'dropped' })
    expect(await schemas()).toEqual(['p_sales_v1'])
    expect(await desk.list()).toMatchObject([
      { build: 1, live: true },
      { build: 2, phase: 'dropped' },
    ])
  } finally {
    await Promise.all([bus.close(), store.close(500)])
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}, 60_000)
