/** The ring of partitions under the outbox: nothing is lost by emptying it, nobody waits for it, and no dead rows pile up. */
import type { OutboxCursor } from 'banyan/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { processTimers } from '../client/timing.ts'
import { migrate } from '../migration/migrate.ts'
import { storeMigrations } from '../migration/store-schema.ts'
import { asAdmin, createDatabase, describeEngines } from '../testing/engines.ts'
import { emptyStore, type HeldTransaction, hold, newEvent, openStore, readLabels } from '../testing/fixtures.ts'
import { idEvery } from './outbox-place.ts'
import type { PostgresStore } from './postgres-store.ts'

const segment = 65_536
const round = 4 * segment

describeEngines(
  'outbox ring',
  (engine, name) => {
    let url: string
    let store: PostgresStore
    let writer: PostgresStore
    beforeEach(async () => {
      url ??= await createDatabase(engine())
      store = await openStore(url)
      writer = await openStore(url)
      await emptyStore(url)
      await script('TRUNCATE banyan.outbox; DELETE FROM banyan.outbox_position')
      await nextId(1)
    })
    afterEach(async () => void (await Promise.all([store.close(1_000), writer.close(1_000)])))

    const script = (text: string): Promise<void> => asAdmin(url, (session) => session.script(text))
    /** Moves on to this id. Who wrote before would learn of it only by the next write, as when ids grow one by one. */
    const nextId = async (id: number): Promise<void> => {
      await script(`SELECT setval('banyan.outbox_id', ${id}, false)`)
      await writer.close(1_000)
      writer = await openStore(url)
    }
    const publish = (label: string): Promise<void> => writer.transact(async (tx) => tx.publish(newEvent(label)))
    const fill = (count: number): Promise<void> =>
      script(`INSERT INTO banyan.outbox (event_id, type, key, envelope)
      SELECT gen_random_uuid(), 'filler', 'k', repeat('x', 100) FROM generate_series(1, ${count})`)
    const count = async (text: string): Promise<number> =>
      asAdmin(url, async (session) => Number((await session.query(text)).rows[0].n))
    const rowsIn = (part: number): Promise<number> => count(`SELECT count(*) AS n FROM banyan.outbox_${part}`)

    /** A transaction with a row in the outbox that commits later. */
    async function writeEarly(label: string): Promise<HeldTransaction> {
      const held = await hold(store)
      const { id, type, key, envelope } = newEvent(label)
      await held.tx
        .sql`INSERT INTO banyan.outbox (event_id, type, key, envelope) VALUES (${id}, ${type}, ${key}, ${envelope})`
      return held
    }

    it('stays small and without dead rows however much goes through it', async () => {
      let cursor: OutboxCursor | undefined
      let seen = 0
      for (let turn = 0; turn < 9; turn += 1) {
        await fill(25_000)
        for (;;) {
          const page = await store.outbox.read(cursor, 30_000)
          seen += page.events.length
          cursor = page.cursor
          if (!page.more) break
        }
        expect(await store.outbox.trim(cursor)).toBe(25_000)
      }
      expect(seen).toBe(225_000)
      expect(store.outbox.storage?.()).toMatchObject({ deleted: 0, held: undefined })
      expect(store.outbox.storage?.().emptied).toBeGreaterThanOrEqual(3)
      expect(await count('SELECT count(*) AS n FROM banyan.outbox')).toBeLessThanOrEqual(segment)
      expect(await store.outbox.depth()).toBe(0)
      const dead = "SELECT sum(n_dead_tup) AS n FROM pg_stat_user_tables WHERE relname LIKE 'outbox_%'"
      await expect.poll(() => count(dead)).toBeLessThan(100)
    })

    it('empties the partition that is written to as well, once it has grown large and nothing in it waits', async () => {
      await script(`ALTER TABLE banyan.outbox_0 ALTER envelope SET STORAGE EXTERNAL;
      INSERT INTO banyan.outbox (event_id, type, key, envelope)
      SELECT gen_random_uuid(), 'large', 'k', repeat('x', 200000) FROM generate_series(1, 100)`)
      const { cursor } = await readLabels(store.outbox, undefined)
      await publish('waits')
      await store.outbox.trim(cursor)
      expect(store.outbox.storage?.().emptied).toBe(0)
      const rest = await readLabels(store.outbox, cursor)
      expect(rest.labels).toEqual(['waits'])
      await store.outbox.trim(rest.cursor)
      expect([store.outbox.storage?.().emptied, await rowsIn(0)]).toEqual([1, 0])
    })

    it('waits for nobody: a partition that an open transaction wrote to stays, says who, and goes later', async () => {
      await publish('sent')
      const early = await writeEarly('early')
      await nextId(segment)
      await publish('late')
      const first = await readLabels(store.outbox, undefined)
      const begun = performance.now()
      await store.outbox.trim(first.cursor)
      expect(performance.now() - begun).toBeLessThan(2_000)
      expect(store.outbox.storage?.().held).toMatch(/outbox_0 is held by pid \d+ \(banyan test, .+\) since \d+ s/)
      await early.commit()
      const second = await readLabels(store.outbox, first.cursor)
      expect([first.labels, second.labels]).toEqual([['sent', 'late'], ['early']])
      await store.outbox.trim(second.cursor)
      expect(store.outbox.storage?.()).toEqual({ emptied: 1, deleted: 0, held: undefined })
      expect([await rowsIn(0), await rowsIn(1)]).toEqual([0, 1])
    })

    it('keeps a partition in which a row committed that the position does not know', async () => {
      const early = await writeEarly('early')
      const { cursor } = await readLabels(store.outbox, undefined)
      await nextId(segment)
      await early.commit()
      await store.outbox.trim(cursor)
      expect(await rowsIn(0)).toBe(1)
      expect((await readLabels(store.outbox, cursor)).labels).toEqual(['early'])
    })

    it('loses and doubles nothing while partitions are emptied under writers', async () => {
      const wanted = Array.from({ length: 400 }, (_, index) => `e${index}`)
      const seen: string[] = []
      let cursor: OutboxCursor | undefined
      let emptied = 0
      const pass = async (): Promise<void> => {
        const page = await readLabels(store.outbox, cursor, 7)
        seen.push(...page.labels)
        cursor = page.cursor
        await store.outbox.trim(page.cursor)
        // As if the partition that is written to were always worth it: the worst case for writers.
        emptied += await count("SELECT (did = 'emptied')::int AS n FROM banyan.empty_outbox(0, 0)")
      }
      for (let burst = 0; burst < wanted.length; burst += 40) {
        let writing = true
        const lanes = Array.from({ length: 4 }, async (_, lane) => {
          for (let index = burst + lane; index < burst + 40; index += 4) await publish(wanted[index] ?? '')
        })
        const writers = Promise.all(lanes).finally(() => {
          writing = false
        })
        while (writing) await pass()
        await writers
        await pass()
      }
      expect(seen.toSorted()).toEqual(wanted.toSorted())
      for (let lane = 0; lane < 4; lane += 1) {
        const own = wanted.filter((_, index) => index % 4 === lane)
        expect(seen.filter((label) => own.includes(label))).toEqual(own)
      }
      expect(emptied).toBeGreaterThanOrEqual(10)
    })

    it('deletes what is behind where the ring wrapped round onto rows that wait', async () => {
      await publish('sent')
      const early = await writeEarly('early')
      await nextId(round + 1)
      await publish('next round')
      const { cursor, labels } = await readLabels(store.outbox, undefined)
      expect(labels).toEqual(['sent', 'next round'])
      await store.outbox.trim(cursor)
      expect(store.outbox.storage?.()).toMatchObject({ emptied: 0, deleted: 1 })
      expect(await rowsIn(0)).toBe(1)
      await early.commit()
      const rest = await readLabels(store.outbox, cursor)
      expect(rest.labels).toEqual(['early'])
      await store.outbox.trim(rest.cursor)
      expect(await rowsIn(0)).toBe(0)
    })

    it('takes what a writer that has not seen ids move on puts into the partition before', async () => {
      const write = (label: string): Promise<void> => store.transact(async (tx) => tx.publish(newEvent(label)))
      await write('0')
      await nextId(segment)
      // The last of the first ones learns it.
      const written = Array.from({ length: idEvery + 1 }, (_, index) => `${index}`)
      for (const label of written.slice(1)) await write(label)
      expect([await rowsIn(0), await rowsIn(1)]).toEqual([idEvery, 1])
      const { labels, cursor } = await readLabels(store.outbox, undefined)
      expect(labels).toEqual(written)
      await store.outbox.trim(cursor)
      expect([await rowsIn(0), await rowsIn(1)]).toEqual([0, 1])
    })

    it('goes through a backlog of more than the whole ring in order', async () => {
      for (const id of [1, segment, 2 * segment, 3 * segment, round, round + segment]) {
        await nextId(id)
        await publish(`id ${id}`)
      }
      const first = await store.outbox.read(undefined, 2)
      await store.outbox.trim(first.cursor)
      const { labels, cursor } = await readLabels(store.outbox, first.cursor, 2)
      const ids = [2 * segment, 3 * segment, round, round + segment]
      expect(labels).toEqual(ids.map((id) => `id ${id}`))
      await store.outbox.trim(cursor)
      expect(await count('SELECT count(*) AS n FROM banyan.outbox')).toBe(1)
    })

    it('begins after what was trimmed when nobody says where, and never moves that back', async () => {
      await publish('a')
      const first = await readLabels(store.outbox, undefined)
      await publish('b')
      const second = await readLabels(store.outbox, first.cursor)
      expect(await store.outbox.trim(second.cursor)).toBe(2)
      expect(await store.outbox.trim(first.cursor)).toBe(0)
      await publish('c')
      expect((await readLabels(store.outbox, undefined)).labels).toEqual(['c'])
      expect(await store.outbox.depth()).toBe(1)
    })

    it('sends nothing again after it was adopted that was trimmed before', async () => {
      await publish('sent')
      const { cursor } = await readLabels(store.outbox, undefined)
      await store.outbox.trim(cursor)
      await publish('waits')
      await store.adopt()
      expect((await readLabels(store.outbox, undefined)).labels).toEqual(['waits'])
      expect(await store.outbox.depth()).toBe(1)
    })

    it('is the same after the server was killed in the middle', async (context) => {
      const { crash, restart } = engine()
      if (crash === undefined || restart === undefined) return context.skip(`${name} cannot be killed here`)
      await publish('sent')
      const { cursor } = await readLabels(store.outbox, undefined)
      await nextId(segment)
      await publish('waits')
      await store.outbox.trim(cursor)
      await crash()
      await restart()
      await expect
        .poll(
          () =>
            store.ping().then(
              () => true,
              () => false,
            ),
          { timeout: 10_000 },
        )
        .toBe(true)
      expect((await readLabels(store.outbox, cursor)).labels).toEqual(['waits'])
      expect((await readLabels(store.outbox, undefined)).labels).toEqual(['waits'])
      expect([await rowsIn(0), await rowsIn(1)]).toEqual([0, 1])
    })

    describe('its migration', () => {
      it('takes over the rows of the table before it, with their transactions and positions', async () => {
        const old = await createDatabase(engine())
        const options = { after: processTimers, lockTimeoutMs: 10_000 }
        const before = storeMigrations.filter(({ name: one }) => one < 'banyan-003')
        await asAdmin(old, (session) => migrate(session, before, [], options))
        const insert = (label: string): Promise<void> =>
          asAdmin(old, (session) =>
            session.script(`INSERT INTO banyan.outbox (event_id, type, key, envelope)
            SELECT gen_random_uuid(), '${label} ' || n, 'k', '{}' FROM generate_series(1, 3) n`),
          )
        await insert('sent')
        const { rows } = await asAdmin(old, (session) =>
          session.query(
            `SELECT id || '/' || banyan.cluster() AS cluster, pg_current_snapshot()::text AS at FROM banyan.meta`,
          ),
        )
        const cursor = { cluster: rows[0].cluster, previous: rows[0].at, current: rows[0].at, lastId: '0' }
        await insert('waits')
        const migrated = await openStore(old)
        expect((await readLabels(migrated.outbox, cursor)).labels).toEqual(['waits 1', 'waits 2', 'waits 3'])
        await migrated.transact(async (tx) => tx.publish(newEvent('new')))
        expect((await readLabels(migrated.outbox, undefined, 2)).labels).toHaveLength(7)
        await migrated.close()
      })
    })
  },
  'server',
)
