/** Migrations on real servers: once, in order, by whoever comes first, and refused when history was changed. */
import type { Migration } from 'banyan/store'
import { expect, it } from 'vitest'
import { createPostgresStore, type PostgresStore } from '../store/postgres-store.ts'
import { asAdmin, createDatabase, describeEngines } from '../testing/engines.ts'
import { rejection } from '../testing/fixtures.ts'
import { toMigration } from './source.ts'

const first = toMigration('001-item', 'CREATE TABLE item (sku text PRIMARY KEY);\nINSERT INTO item VALUES ($$first$$);')
const second: Migration = {
  name: '002-more',
  checksum: 'more',
  up: async (db) => {
    await db.insertInto('item').values({ sku: 'second' }).execute()
  },
}

describeEngines(
  'migrations',
  (engine) => {
    async function withStore(work: (store: PostgresStore, url: string) => Promise<void>): Promise<void> {
      const url = await createDatabase(engine())
      const store = await createPostgresStore({ url, service: 'test' })
      try {
        await work(store, url)
      } finally {
        await store.close(1_000)
      }
    }
    const skus = async (store: PostgresStore): Promise<unknown> =>
      (await store.sql<{ sku: string }>`SELECT sku FROM item ORDER BY sku`).map((row) => row.sku)

    it('run SQL and functions in order, once', () =>
      withStore(async (store) => {
        expect(await store.status([first, second])).toMatchObject([{ state: 'pending' }, { state: 'pending' }])
        await store.migrate([first])
        const states = await store.migrate([first, second])
        expect(states).toMatchObject([
          { name: '001-item', state: 'applied' },
          { name: '002-more', state: 'applied' },
        ])
        await store.migrate([first, second])
        expect(await skus(store)).toEqual(['first', 'second'])
      }))

    it('run once when eight hosts start together', () =>
      withStore(async (store, url) => {
        const hosts = await Promise.all(Array.from({ length: 8 }, () => createPostgresStore({ url, service: 'test' })))
        const states = await Promise.all(hosts.map((host) => host.migrate([first, second])))
        for (const state of states) expect(state).toMatchObject([{ state: 'applied' }, { state: 'applied' }])
        expect(await skus(store)).toEqual(['first', 'second'])
        await Promise.all(hosts.map((host) => host.close()))
      }))

    it('are refused when an applied one was edited, with its name', () =>
      withStore(async (store) => {
        await store.migrate([first])
        const edited = toMigration('001-item', 'CREATE TABLE item (sku text)')
        const error = await rejection(store.migrate([edited, second]))
        expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'MIGRATION_EDITED' })
        expect(String(error)).toContain('001-item')
        expect(await store.status([edited])).toMatchObject([{ name: '001-item', state: 'edited' }])
        expect(await skus(store)).toEqual(['first'])
      }))

    it('report an applied one that is gone, and refuse one that comes too late', () =>
      withStore(async (store) => {
        await store.migrate([first, second])
        const third = toMigration('003-third', 'SELECT 1')
        expect(await store.migrate([first, third])).toMatchObject([
          { name: '001-item', state: 'applied' },
          { name: '002-more', state: 'missing' },
          { name: '003-third', state: 'applied' },
        ])
        const late = toMigration('000-late', 'SELECT 1')
        expect(await rejection(store.migrate([late, first, second, third]))).toMatchObject({
          reason: 'MIGRATION_ORDER',
        })
      }))

    it('roll a bad one back as a whole and name its file and line; the next start applies the corrected one', () =>
      withStore(async (store) => {
        const bad = toMigration('002-bad', "INSERT INTO item VALUES ('half');\n-- ü\nINSERT INTO nowhere VALUES (1);")
        const error = await rejection(store.migrate([first, bad]))
        expect(String(error)).toContain('002-bad.sql, line 3')
        expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', cause: { code: '42P01' } })
        expect(await skus(store)).toEqual(['first'])
        await store.migrate([first, toMigration('002-bad', "INSERT INTO item VALUES ('good')")])
        expect(await skus(store)).toEqual(['first', 'good'])
      }))

    it('refuse one that ends its own transaction', () =>
      withStore(async (store) => {
        const own = toMigration('001-own', 'CREATE TABLE half (n int); COMMIT;')
        expect(String(await rejection(store.migrate([own])))).toContain('BEGIN and COMMIT')
        expect(await store.status([own])).toMatchObject([{ state: 'pending' }])
      }))

    it('wait for another host no longer than they are told to', () =>
      withStore(async (store, url) => {
        await asAdmin(url, async (session) => {
          await session.query('SELECT pg_advisory_lock($1)', ['7016996765293437281'])
          const hasty = await createPostgresStore({ url, service: 'test', migrationLockTimeoutMs: 100 })
          expect(await rejection(hasty.migrate([first]))).toMatchObject({
            code: 'UNAVAILABLE',
            reason: 'MIGRATION_LOCKED',
          })
          await hasty.close()
        })
        await store.migrate([first])
      }))
  },
  'embedded',
)
