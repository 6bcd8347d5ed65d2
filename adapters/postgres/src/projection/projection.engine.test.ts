/** Projections on real servers: T11 (kills between effect and checkpoint) and T31 (rebuild and swap under writes). */
import { command, defineContract, defineDatabase, defineService, defineSystem, event, query, service, t } from 'banyan'
import { toNewEvent } from 'banyan/bus'
import { realEnvironment } from 'banyan/core'
import { type DatabaseTx, type DatabaseView, defineProjection, ownDatabase, type Projection } from 'banyan/projection'
import { createHost, type Host } from 'banyan/runtime'
import { silentLog } from 'banyan/telemetry'
import { projectionTargetSuite } from 'banyan/testing/suites'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createPostgresBus, type PostgresBus } from '../bus/postgres-bus.ts'
import { createPostgresStore, type PostgresStore } from '../store/postgres-store.ts'
import { asAdmin, createDatabase, describeEngines, oneDatabase } from '../testing/engines.ts'

interface Tables {
  level: { sku: string; level: number; seen: number[] }
}

const Change = t.Object({ sku: t.String(), by: t.Integer() })
const Goods = defineContract('goods', {
  version: '1.0.0',
  owner: 'tests',
  operations: {
    change: command({ input: Change, output: t.Object({}) }),
    total: query({ input: t.Object({}), output: t.Object({ events: t.Integer(), version: t.Integer() }) }),
  },
  events: { changed: event({ key: 'sku', data: Change }) },
})

const create = ['CREATE TABLE level (sku text PRIMARY KEY, level integer NOT NULL, seen integer[] NOT NULL)']
const target = ownDatabase<Tables>()

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('expected something')
  return value
}

/** By hand, event by event. */
const one = (keepRetiredMs = 86_400_000): Projection<'goods', DatabaseView<Tables>> =>
  defineProjection('levels', {
    version: 1,
    target,
    create,
    keepRetiredMs,
    on: (on) => [
      on(
        Goods.events.changed,
        ({ data: { sku, by } }, tx) => tx.sql`
        INSERT INTO level VALUES (${sku}, ${by}, ARRAY[${by}::int])
        ON CONFLICT (sku) DO UPDATE SET level = level.level + excluded.level, seen = level.seen || excluded.seen`,
      ),
    ],
  })

/** Read before, changed here, and written. */
async function raise(tx: DatabaseTx<Tables>, row: Tables['level'] | undefined, sku: string, by: number): Promise<void> {
  const next = { level: (row?.level ?? 0) + by, seen: [...(row?.seen ?? []), by] }
  const insert = tx.db.insertInto('level').values({ sku, ...next })
  await insert.onConflict((conflict) => conflict.column('sku').doUpdateSet(next)).execute()
}

/** The same by the query builder, read, changed and written. */
const two = (
  previous?: Projection,
  keepRetiredMs = 86_400_000,
  mode: 'async' | 'inline' = 'async',
): Projection<'goods', DatabaseView<Tables>> =>
  defineProjection('levels', {
    version: 2,
    target,
    create,
    mode,
    keepRetiredMs,
    ...(previous === undefined ? {} : { previous }),
    on: (on) => [
      on(Goods.events.changed, async ({ data: { sku, by } }, tx) => {
        const row = await tx.db.selectFrom('level').selectAll().where('sku', '=', sku).executeTakeFirst()
        await raise(tx, row, sku, by)
      }),
    ],
  })

describeEngines(
  'projections',
  (engine) => {
    const databaseOf = oneDatabase()
    projectionTargetSuite<DatabaseTx<Tables>, DatabaseView<Tables>>(
      'own database',
      async () => {
        const store = await createPostgresStore({ url: await databaseOf(engine()), service: 'sample' })
        await store.migrate([])
        return {
          target: await target.open({ service: 'sample', store }),
          transact: (work) => store.transact(work),
          create: async (tx) => void (await tx.sql`CREATE TABLE word (key text PRIMARY KEY, text text NOT NULL)`),
          append: async (tx, key, text) =>
            void (await tx.sql`INSERT INTO word VALUES (${key}, ${text})
            ON CONFLICT (key) DO UPDATE SET text = word.text || excluded.text`),
          remove: async (tx, key) => void (await tx.sql`DELETE FROM word WHERE key = ${key}`),
          read: async (view, key) =>
            (await view.sql<{ text: string }>`SELECT text FROM word WHERE key = ${key}`)[0]?.text,
          close: () => store.close(),
        }
      },
      { cursors: false },
    )

    let url: string
    let busUrl: string
    let admin: PostgresStore
    const hosts: Host[] = []
    const buses: PostgresBus[] = []
    beforeEach(async () => {
      url = await createDatabase(engine())
      busUrl = await createDatabase(engine())
      admin = await createPostgresStore({ url, service: 'admin' })
    })
    afterEach(async () => {
      await Promise.all(hosts.splice(0).map((host) => host.stop({ drainMs: 1_000 })))
      await Promise.all(buses.splice(0).map((bus) => bus.close()))
      await admin.close(100)
    })

    /** A host of its own, with this version of the read model; its connections say `name`. */
    async function start(name: string, projection: Projection<'goods', DatabaseView<Tables>>): Promise<Host> {
      const goods = defineService(Goods, {
        database: defineDatabase({ migrations: new URL('./', import.meta.url) }),
        operations: {
          change: (input, ctx) =>
            ctx.transact(async (tx) => {
              tx.publish(Goods.events.changed, input)
              return {}
            }),
          async total(_input, ctx) {
            const { sql, version } = await ctx.projection(projection)
            const [row] = await sql<{
              events: number
            }>`SELECT coalesce(sum(cardinality(seen)), 0)::int AS events FROM level`
            return { events: row?.events ?? 0, version }
          },
        },
        projections: [projection],
      })
      const bus = await createPostgresBus({ url: busUrl })
      buses.push(bus)
      const host = createHost({
        system: defineSystem({ name: 'test', services: [service(Goods, async () => ({ goods }))] }),
        environment: realEnvironment(),
        incarnation: `${name}#${hosts.length}`,
        openStore: async () => {
          const store = await createPostgresStore({ url, service: name })
          await store.migrate([])
          return store
        },
        bus,
        log: silentLog,
      })
      hosts.push(host)
      await host.start()
      return host
    }
    const ask = (host: Host): Promise<{ events: number; version: number }> =>
      host.invoke(Goods.total, {}, { caller: 'test' })
    const change = (host: Host, turn: number): Promise<unknown> =>
      host.invoke(Goods.change, { sku: `sku-${turn % 7}`, by: turn }, { caller: 'test' })
    /** The rows of a version, and what they must be by the log. */
    const rows = (version: number): Promise<unknown> =>
      asAdmin(
        url,
        async (session) => (await session.query(`SELECT * FROM p_levels_v${version}.level ORDER BY sku`)).rows,
      )
    async function expected(): Promise<{ sku: string; level: number; seen: number[] }[]> {
      const levels = new Map<string, number[]>()
      for (const { key, envelope } of (await buses[0]?.read('goods', 0, 1_000_000)) ?? []) {
        const { data } = JSON.parse(envelope) as { data: { by: number } }
        levels.set(key, [...(levels.get(key) ?? []), data.by])
      }
      return [...levels]
        .map(([sku, seen]) => ({ sku, seen, level: seen.reduce((sum, by) => sum + by, 0) }))
        .toSorted((first, second) => (first.sku < second.sku ? -1 : 1))
    }

    it('T31: fills version 2 beside version 1 under writes and swaps: row for row the same, and no reader goes back', async () => {
      const first = one()
      const old = await start('one', first)
      for (let turn = 0; turn < 150; turn++) await change(old, turn)
      await expect.poll(async () => (await ask(old)).events, { timeout: 20_000 }).toBe(150)
      let writing = true
      let written = 150
      const write = async (): Promise<void> => {
        while (writing) await change(old, written++)
      }
      const seen: { events: number; version: number }[] = []
      let reading = true
      const read = async (host: Host): Promise<void> => {
        while (reading) seen.push(await ask(host))
      }
      const writers = [write(), write()]
      const newer = await start('two', two(first))
      const reader = read(newer)
      await expect.poll(async () => (await ask(newer)).version, { timeout: 30_000 }).toBe(2)
      const atSwap = written
      await expect.poll(() => written, { timeout: 20_000 }).toBeGreaterThan(atSwap + 40)
      writing = false
      await Promise.all(writers)
      await expect.poll(async () => (await ask(newer)).events, { timeout: 20_000 }).toBe(written)
      reading = false
      await reader
      const events = seen.map((one) => one.events)
      expect(events).toEqual([...events].sort((left, right) => left - right))
      expect(new Set(seen.map(({ version }) => version))).toEqual(new Set([1, 2]))
      await expect.poll(() => rows(1), { timeout: 20_000 }).toEqual(await expected())
      expect(await rows(2)).toEqual(await rows(1))
    }, 90_000)

    it('T11: applies each event once when its connections are cut again and again while it is filled', async () => {
      const writer = await start('writer', one())
      for (let turn = 0; turn < 400; turn++) await change(writer, turn)
      const cut = (): Promise<unknown> => admin.sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'banyan rebuilder'`
      const rebuilder = await start('rebuilder', two())
      for (let turn = 0; turn < 25; turn++) {
        await cut()
        await change(writer, 400 + turn)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      const total = (): Promise<unknown> => ask(rebuilder).catch(() => undefined)
      await expect.poll(total, { timeout: 60_000 }).toEqual({ events: 425, version: 2 })
      expect(await rows(2)).toEqual(await expected())
    }, 90_000)

    it('catches up on a long log in its order: by one statement a stretch, over cut connections, and once what is there twice', async () => {
      const count = 9_000
      const bus = await createPostgresBus({ url: busUrl })
      buses.push(bus)
      await admin.migrate([])
      const lease = present(await bus.lease('goods', 'filler#1', 60_000))
      const { cursor } = await admin.outbox.read(undefined, 1)
      const { random, clock } = realEnvironment()
      const all = Array.from({ length: count }, (_, by) => {
        const data = { sku: `sku-${by % 7}`, by }
        const facts = {
          id: random.uuidv7(),
          system: 'test',
          service: 'goods',
          type: 'goods.changed.v1',
          timeMs: clock.now(),
        }
        return toNewEvent({ ...facts, key: data.sku, data })
      })
      for (let from = 0; from < count; from += 1_000) await bus.append(lease, all.slice(from, from + 1_000), cursor)
      await bus.append(lease, all.slice(10, 20), cursor)
      await bus.release(lease)
      const stretches: number[] = []
      const host = await start(
        'rebuilder',
        defineProjection('levels', {
          version: 2,
          target,
          create,
          on: (on) => [
            on.batch(Goods.events.changed, async (events, tx) => {
              stretches.push(events.length)
              if (stretches.length === 3)
                await admin.sql`
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'banyan rebuilder'`
              await tx.sql`
                INSERT INTO level
                SELECT sku, sum(amount), array_agg(amount ORDER BY place)
                FROM unnest(${events.map(({ data }) => data.sku)}::text[], ${events.map(({ data }) => data.by)}::int[])
                  WITH ORDINALITY AS e (sku, amount, place) GROUP BY sku ORDER BY sku
                ON CONFLICT (sku) DO UPDATE SET level = level.level + excluded.level, seen = level.seen || excluded.seen`
            }),
          ],
        }),
      )
      const total = (): Promise<unknown> => ask(host).catch(() => undefined)
      await expect.poll(total, { timeout: 60_000 }).toEqual({ events: count, version: 2 })
      const expectedRows = Array.from({ length: 7 }, (_, key) => {
        const seen = Array.from({ length: count }, (_unused, by) => by).filter((by) => by % 7 === key)
        return { sku: `sku-${key}`, seen, level: seen.reduce((sum, by) => sum + by, 0) }
      })
      expect(await rows(2)).toEqual(expectedRows)
      expect(stretches.length).toBeLessThan(40)
      const marks = async (): Promise<unknown> =>
        (await admin.sql<{ marks: number }>`SELECT count(*)::int AS marks FROM banyan.mark`)[0]?.marks
      expect(await marks()).toBeLessThan(100)
      const found = await admin.inbox.marked(
        'levels@2',
        all.slice(0, 3_000).map(({ id }) => id),
      )
      expect(found.size).toBe(3_000)
    }, 90_000)

    it('drops the schema of an old version after its time, and never the live one', async () => {
      const first = await start('one', one())
      await change(first, 1)
      await start('two', two(undefined, 0))
      const schemas = async (): Promise<unknown> =>
        (await admin.sql`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'p\\_levels\\_%' ORDER BY 1`).map(
          (row) => row['nspname'],
        )
      await expect.poll(schemas, { timeout: 30_000 }).toEqual(['p_levels_v2'])
      await change(first, 2)
      await expect.poll(() => ask(first), { timeout: 20_000 }).toEqual({ events: 2, version: 2 })
    }, 60_000)

    it('refuses to start with tables that cannot be made, and says which projection', async () => {
      const broken = defineProjection('levels', {
        version: 3,
        target,
        create: ['CREATE TABLE (no'],
        on: (on) => [on(Goods.events.changed, async () => undefined)],
      })
      await expect(start('three', broken)).rejects.toThrow(
        /projection 'levels' version 3 cannot be created: syntax error/,
      )
    })

    it('inline: is read at once by whoever has written, is filled by the consumer first, and doubles nothing at the change', async () => {
      const before = await start('one', one())
      for (let turn = 0; turn < 60; turn++) await change(before, turn)
      let writing = true
      let written = 60
      const write = async (host: Host): Promise<void> => {
        while (writing) await change(host, written++)
      }
      const inline = await start('two', two(undefined, 86_400_000, 'inline'))
      const other = await start('three', two(undefined, 86_400_000, 'inline'))
      const writers = [write(inline), write(other)]
      const version = async (): Promise<unknown> => (await ask(inline).catch(() => undefined))?.version
      await expect.poll(version, { timeout: 40_000 }).toBe(2)
      const atSwap = written
      await expect.poll(() => written, { timeout: 20_000 }).toBeGreaterThan(atSwap + 50)
      writing = false
      await Promise.all(writers)
      expect(await ask(inline)).toEqual({ events: written, version: 2 })
      for (let turn = 0; turn < 5; turn++) {
        await change(turn % 2 ? inline : other, written++)
        expect(await ask(other)).toEqual({ events: written, version: 2 })
      }
      await expect.poll(async () => (await buses[0]?.end('goods')) ?? 0, { timeout: 20_000 }).toBe(written)
      await expect.poll(() => inline.status().projections[0]?.progress?.lag, { timeout: 20_000 }).toBe(0)
      expect(await rows(2)).toEqual(await expected())
    }, 90_000)

    it('inline: two transactions that publish one key apply it one after the other, so a handler may read, change and write', async () => {
      const other = Promise.withResolvers<void>()
      let handled = 0
      const reading = defineProjection('levels', {
        version: 1,
        target,
        create,
        mode: 'inline',
        on: (on) => [
          on(Goods.events.changed, async ({ data: { sku, by } }, tx) => {
            const row = await tx.db.selectFrom('level').selectAll().where('sku', '=', sku).executeTakeFirst()
            handled += 1
            if (handled > 1) other.resolve()
            else await other.promise
            await raise(tx, row, sku, by)
          }),
        ],
      })
      const [one, two] = [await start('one', reading), await start('two', reading)]
      const changes = [change(one, 3)]
      await expect.poll(() => handled, { timeout: 10_000 }).toBe(1)
      changes.push(change(two, 10))
      // Released by the second handler, if it gets that far, or once the second transaction waits for the first.
      const waiting = () => admin.sql`SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`
      await expect.poll(async () => handled + (await waiting()).length, { timeout: 10_000 }).toBeGreaterThan(1)
      other.resolve()
      await Promise.all(changes)
      await expect.poll(async () => (await buses[0]?.end('goods')) ?? 0, { timeout: 20_000 }).toBe(2)
      expect(await rows(1)).toEqual([{ sku: 'sku-3', level: 13, seen: [3, 10] }])
      expect(await expected()).toEqual(await rows(1))
    }, 60_000)

    it('inline: a handler that fails fails the transaction, and nothing of it is there', async () => {
      const failing = defineProjection('levels', {
        version: 1,
        target,
        create,
        mode: 'inline',
        on: (on) => [
          on(Goods.events.changed, async ({ data: { sku, by } }, tx) => {
            await tx.sql`INSERT INTO level VALUES (${sku}, ${by}, ARRAY[${by}::int])`
            if (by === 13) throw new Error('unlucky')
          }),
        ],
      })
      const host = await start('one', failing)
      await change(host, 1)
      await expect(change(host, 13)).rejects.toMatchObject({ code: 'INTERNAL' })
      expect(await rows(1)).toEqual([{ sku: 'sku-1', level: 1, seen: [1] }])
      await expect.poll(async () => (await buses[0]?.read('goods', 0, 10))?.length, { timeout: 10_000 }).toBe(1)
    })
  },
  'embedded',
)
