/** A copy of another service's state: tombstones, versions, and a late beginning from pages of the producer while it changes. */
import { command, defineContract, defineDatabase, defineService, defineSystem, event, query, service, t } from 'banyan'
import type { Bus } from 'banyan/bus'
import { realEnvironment } from 'banyan/core'
import { replicate } from 'banyan/projection'
import { createHost, type Host } from 'banyan/runtime'
import { silentLog } from 'banyan/telemetry'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createPostgresBus } from '../bus/postgres-bus.ts'
import { createPostgresStore } from '../store/postgres-store.ts'
import { createDatabase, describeEngines } from '../testing/engines.ts'

const Thing = t.Object({ id: t.String(), revision: t.Integer(), gone: t.Boolean() })
const Things = defineContract('things', {
  version: '1.0.0',
  owner: 'tests',
  operations: {
    set: command({ input: t.Object({ id: t.String(), gone: t.Optional(t.Boolean()) }), output: t.Object({}) }),
    list: query({
      input: t.Object({ cursor: t.Optional(t.String()) }),
      output: t.Object({ items: t.Array(Thing), nextCursor: t.Optional(t.String()) }),
    }),
  },
  events: { changed: event({ kind: 'state', key: 'id', data: Thing }) },
})
const Copies = defineContract('copies', {
  version: '1.0.0',
  owner: 'tests',
  operations: { all: query({ input: t.Object({}), output: t.Object({ items: t.Array(Thing) }) }) },
  events: {},
})

const database = defineDatabase<{ thing: { id: string; revision: number; gone: boolean } }>({
  migrations: new URL('./', import.meta.url),
})
const things = defineService(Things, {
  database,
  operations: {
    set: ({ id, gone = false }, ctx) =>
      ctx.transact(async (tx) => {
        const [row] = await tx.sql<{ revision: number }>`
          INSERT INTO thing VALUES (${id}, 1, ${gone})
          ON CONFLICT (id) DO UPDATE SET revision = thing.revision + 1, gone = excluded.gone RETURNING revision`
        tx.publish(Things.events.changed, { id, revision: row?.revision ?? 0, gone })
        return {}
      }),
    async list({ cursor = '' }, ctx) {
      const items = await ctx.db
        .selectFrom('thing')
        .selectAll()
        .where('id', '>', cursor)
        .orderBy('id')
        .limit(4)
        .execute()
      const last = items.at(3)
      return { items, ...(last === undefined ? {} : { nextCursor: last.id }) }
    },
  },
})

describeEngines(
  'replicate',
  (engine) => {
    const closing: (() => Promise<unknown>)[] = []
    const urls = new Map<string, string>()
    beforeEach(async () => {
      for (const name of ['things', 'copies', 'bus']) urls.set(name, await createDatabase(engine()))
    })
    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close()
    })

    /** A host with both services; `pages` is called before each page of the snapshot is read. */
    async function start(version: number, firstOffset: number, pages: () => Promise<void>): Promise<Host> {
      const copy = replicate('things', Things.events.changed, {
        version,
        tombstone: ({ gone }) => gone,
        versionOf: ({ revision }) => revision,
        snapshot: async (cursor, call) => {
          await pages()
          return call(Things.list, cursor === undefined ? {} : { cursor })
        },
      })
      const copies = defineService(Copies, {
        database,
        calls: [Things],
        operations: {
          async all(_input, ctx) {
            const { db } = await ctx.projection(copy)
            const rows = await db
              .selectFrom('copy')
              .select('data')
              .where('deleted', '=', false)
              .orderBy('key')
              .execute()
            return { items: rows.map(({ data }) => data) }
          },
        },
        projections: [copy],
      })
      const log = await createPostgresBus({ url: urls.get('bus') as string })
      const read: Bus['read'] = (source, after, limit) => log.read(source, Math.max(after, firstOffset - 1), limit)
      const host = createHost({
        system: defineSystem({
          name: 'test',
          services: [service(Things, async () => ({ things })), service(Copies, async () => ({ copies }))],
        }),
        environment: realEnvironment(),
        incarnation: `host#${closing.length}`,
        openStore: async (name) => {
          const store = await createPostgresStore({ url: urls.get(name) as string, service: name })
          const up = 'CREATE TABLE thing (id text PRIMARY KEY, revision int NOT NULL, gone boolean NOT NULL)'
          await store.migrate([{ name: '001-thing', checksum: 'c', up }])
          return store
        },
        bus: { ...log, read },
        log: silentLog,
      })
      closing.push(
        () => log.close(),
        () => host.stop({ drainMs: 1_000 }),
      )
      await host.start()
      return host
    }
    const set = (host: Host, id: string, gone = false): Promise<unknown> =>
      host.invoke(Things.set, { id, gone }, { caller: 't' })
    const all = (host: Host): Promise<unknown> =>
      host.invoke(Copies.all, {}, { caller: 't' }).then(({ items }) => items, String)
    const names = Array.from({ length: 10 }, (_, index) => `thing-${index}`)

    it('follows what changes, and forgets what is gone', async () => {
      const host = await start(1, 1, async () => Promise.reject(new Error('no snapshot is needed')))
      for (const name of names) await set(host, name)
      await set(host, 'thing-3', true)
      await set(host, 'thing-4')
      const expected = names
        .filter((name) => name !== 'thing-3')
        .map((id) => ({ id, revision: id === 'thing-4' ? 2 : 1, gone: false }))
      await expect.poll(() => all(host), { timeout: 20_000 }).toEqual(expected)
    }, 60_000)

    it('begins late from pages, while things change between them, and ends with what is true', async () => {
      const first = await start(1, 1, async () => undefined)
      for (const name of names) await set(first, name)
      for (const name of names) await set(first, name, name === 'thing-9')
      let pages = 0
      const late = await start(2, 15, async () => {
        pages += 1
        // On both sides of what the page shows: read already, and to be read.
        await set(first, 'thing-0')
        await set(first, 'thing-8', pages === 2)
      })
      const expected = [...names.slice(0, 9)].map((id) => ({
        id,
        revision: id === 'thing-0' || id === 'thing-8' ? 2 + pages : 2,
        gone: false,
      }))
      await expect.poll(() => late.status().projections[0]?.state, { timeout: 30_000 }).toBe('live')
      expect(pages).toBe(3)
      const truth = expected.map((row) =>
        row.id === 'thing-0' || row.id === 'thing-8' ? { ...row, revision: 5 } : row,
      )
      await expect.poll(() => all(late), { timeout: 20_000 }).toEqual(truth)
      await set(late, 'thing-5', true)
      await expect.poll(async () => ((await all(late)) as unknown[]).length, { timeout: 20_000 }).toBe(8)
    }, 90_000)
  },
  'server',
)
