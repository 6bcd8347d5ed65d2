/** The log in segments on real servers: what closes, drops and reads at the same time does not get in each other's way. */
import { auditGroup, auditSource, type SourceAudit } from 'banyan/bus'
import type { OutboxCursor } from 'banyan/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { processTimers } from '../client/timing.ts'
import { migrate } from '../migration/migrate.ts'
import { busMigrations } from '../migration/store-schema.ts'
import type { PostgresStore } from '../store/postgres-store.ts'
import { asAdmin, createDatabase, describeEngines, oneDatabase, shiftClock } from '../testing/engines.ts'
import { newEvent, openStore } from '../testing/fixtures.ts'
import { createPostgresBus, type PostgresBus } from './postgres-bus.ts'

const at = (lastId: number): OutboxCursor => ({ cluster: 'c', previous: '1:1:', current: '9:9:', lastId: `${lastId}` })
const day = 86_400_000
const forADay = { rules: [], fallback: { ageMs: day } }

describeEngines(
  'segments',
  (engine) => {
    const databaseOf = oneDatabase()
    let url: string
    const buses: PostgresBus[] = []
    const open = async (segmentEvents = 10): Promise<PostgresBus> => {
      const bus = await createPostgresBus({ url, segmentEvents })
      buses.push(bus)
      return bus
    }
    beforeEach(async () => {
      url = await databaseOf(engine())
      await open()
      const empty = 'DELETE FROM banyan.source; DELETE FROM banyan.event; DELETE FROM banyan.reader'
      await script(`${empty}; UPDATE banyan.clock SET shift = '0'`)
    })
    afterEach(async () => {
      await Promise.all(buses.splice(0).map((bus) => bus.close()))
    })
    const script = (text: string): Promise<void> => asAdmin(url, (session) => session.script(text))
    const tables = async (): Promise<string[]> =>
      asAdmin(url, async (session) => {
        const text = "SELECT 'banyan.event_' || id AS name FROM banyan.segment ORDER BY id"
        return (await session.query(text)).rows.map(({ name }) => name)
      })
    const lease = async (bus: PostgresBus): Promise<{ source: string; epoch: number; cursor: undefined }> => {
      const held = await bus.lease('orders', 'host-1', 1_000 * day)
      if (held === undefined) throw new Error('the lease is taken')
      return { ...held, cursor: undefined }
    }
    const append = async (bus: PostgresBus, from: number, to: number, step = 1): Promise<void> => {
      const held = await lease(bus)
      for (let n = from; n <= to; n += step) {
        const size = Math.min(step, to - n + 1)
        await bus.append(
          held,
          Array.from({ length: size }, (_, index) => newEvent(`${n + index}`)),
          at(n),
        )
      }
    }
    const types = async (bus: PostgresBus, after = 0, limit = 1_000): Promise<number[]> =>
      (await bus.read('orders', after, limit)).map(({ type }) => Number(type))
    const upTo = (last: number, first = 1): number[] =>
      Array.from({ length: last - first + 1 }, (_, index) => first + index)

    it('opens a new table for every so many events, and reads over them from anywhere', async () => {
      const bus = await open()
      await append(bus, 1, 45, 3)
      expect((await tables()).length).toBe(4)
      expect(await types(bus)).toEqual(upTo(45))
      for (const after of [1, 9, 10, 11, 12, 29, 44, 45]) expect(await types(bus, after)).toEqual(upTo(45, after + 1))
      expect(await types(bus, 8, 17)).toEqual(upTo(25, 9))
    })

    it('is read rightly by a host that knows nothing of the segments that were opened and dropped since', async () => {
      const [bus, other] = [await open(), await open()]
      await append(bus, 1, 15)
      expect(await types(other)).toEqual(upTo(15))
      await append(bus, 16, 38)
      expect(await types(other, 15)).toEqual(upTo(38, 16))
      await shiftClock(url, 2 * day)
      await append(bus, 39, 40)
      expect(await bus.keeping.retain(forADay)).toMatchObject({ segments: 3, events: 30 })
      expect(await types(other, 5)).toEqual(upTo(40, 31))
      expect(await types(other)).toEqual(upTo(40, 31))
    })

    it('loses, doubles and reorders nothing while it is appended to, closed, dropped and read at once', async () => {
      const [writer, reader, keeper] = [await open(7), await open(), await open()]
      let writing = true
      const written = append(writer, 1, 300, 4).finally(() => {
        writing = false
      })
      let [closed, after] = [0, 0]
      const closing = (async () => {
        // Another host closes segments under the writer and drops what was read.
        while (writing) {
          const text = "SELECT banyan.roll_segment('orders', (SELECT segment FROM banyan.source WHERE name = 'orders'))"
          await asAdmin(url, (session) => session.query(text))
          closed += 1
          await keeper.keeping.report({ source: 'orders', group: 'g', cursor: after })
          await keeper.keeping.retain({ rules: [], fallback: { ageMs: 1 } })
        }
      })()
      const seen: number[] = []
      const read = async (): Promise<void> => {
        const page = await reader.read('orders', after, 13)
        for (const event of page) {
          expect(event.offset).toBe(after + 1)
          after = event.offset
          seen.push(Number(event.type))
        }
      }
      while (writing) await read()
      await Promise.all([written, closing])
      while (seen.length < 300) await read()
      expect(seen).toEqual(upTo(300))
      expect(closed).toBeGreaterThan(3)
      expect((await keeper.keeping.source('orders'))?.start).toBeGreaterThan(1)
    })

    it('leaves a segment that somebody reads just now, without making anybody wait, and drops it later', async () => {
      const bus = await open()
      await append(bus, 1, 25)
      await shiftClock(url, 2 * day)
      const [first] = await tables()
      await asAdmin(url, async (session) => {
        await session.query('BEGIN')
        await session.query(`SELECT count(*) FROM ${first}`)
        expect(await bus.keeping.retain(forADay)).toMatchObject({ segments: 0, held: 1 })
        expect(await types(bus)).toEqual(upTo(25))
        await session.query('COMMIT')
      })
      expect(await bus.keeping.retain(forADay)).toMatchObject({ segments: 3, events: 25, held: 0 })
    })

    it('takes over the events of the table before it', async () => {
      const old = await createDatabase(engine())
      const options = { after: processTimers, lockTimeoutMs: 10_000 }
      await asAdmin(old, async (session) => {
        await migrate(
          session,
          busMigrations.filter(({ name }) => name < 'banyan-003'),
          [],
          options,
        )
        await session.script(`
        INSERT INTO banyan.source (name, epoch, lease_until, last_offset) VALUES ('a', 1, now(), 8), ('b', 1, now(), 2), ('c', 1, now(), 0);
        INSERT INTO banyan.event SELECT 'a', n, gen_random_uuid(), 'a' || n, 'k', '{}', now() FROM generate_series(4, 8) n;
        INSERT INTO banyan.event SELECT 'b', n, gen_random_uuid(), 'b' || n, 'k', '{}', now() FROM generate_series(1, 2) n`)
      })
      const bus = await createPostgresBus({ url: old })
      buses.push(bus)
      expect((await bus.read('a', 0, 10)).map(({ type }) => type)).toEqual(['a4', 'a5', 'a6', 'a7', 'a8'])
      expect(await bus.keeping.source('a')).toMatchObject({ start: 4, end: 8 })
      for (const source of ['b', 'c']) {
        const held = await bus.lease(source, 'host-1', 10_000)
        if (held === undefined) throw new Error('no lease')
        await bus.append(held, [newEvent('new')], at(1))
      }
      expect((await bus.read('b', 0, 10)).map(({ type, offset }) => [type, offset])).toEqual([
        ['b1', 1],
        ['b2', 2],
        ['new', 3],
      ])
      expect((await bus.read('c', 0, 10)).map(({ offset }) => offset)).toEqual([1])
    })

    describe('the audits', () => {
      let store: PostgresStore
      let bus: PostgresBus
      const ids: string[] = []
      beforeEach(async () => {
        store = await openStore(await createDatabase(engine()))
        bus = await open()
        ids.length = 0
      })
      afterEach(async () => store.close(1_000))

      async function publish(count: number): Promise<void> {
        for (let n = 0; n < count; n += 1) {
          const event = newEvent(`${n}`)
          ids.push(event.id)
          await store.transact(async (tx) => tx.publish(event))
        }
      }
      /** What a relay does. */
      async function relay(): Promise<void> {
        const held = await lease(bus)
        const { cursor } = (await bus.lease('orders', 'host-1', 1_000 * day)) ?? {}
        const page = await store.outbox.read(cursor, 1_000)
        await bus.append(held, page.events, page.cursor)
      }
      const audit = (limit = 100): Promise<SourceAudit | undefined> =>
        auditSource({ source: 'orders', outbox: store.outbox, keeping: bus.keeping }, limit)
      const whole = { missing: 0, duplicated: 0, inverted: 0 }

      it('find nothing where nothing is wrong, before and after trims', async () => {
        await publish(25)
        await relay()
        expect(await audit()).toMatchObject({ ...whole, counted: 25, from: 1, to: 25 })
        const cursor = (await bus.keeping.source('orders'))?.cursor
        if (cursor !== undefined) expect(await store.outbox.trim(cursor)).toBe(25)
        await publish(5)
        expect(await audit()).toMatchObject({ ...whole, counted: 25 })
        await relay()
        expect(await audit()).toMatchObject({ ...whole, counted: 30, to: 30 })
      })

      it('find a hole, a duplicate and an inversion that were made on purpose', async () => {
        await publish(25)
        await relay()
        await audit()
        const spoil = async (text: string): Promise<void> => script(`UPDATE banyan.event SET ${text}`)
        await spoil(`event_id = '${ids[3]}' WHERE log_offset = 7`)
        expect(await audit()).toMatchObject({ missing: 1, duplicated: 1, inverted: 0 })
        await spoil(`event_id = '${ids[6]}' WHERE log_offset = 7`)
        expect(await audit()).toMatchObject(whole)
        await spoil(
          `event_id = CASE log_offset WHEN 12 THEN '${ids[13]}'::uuid ELSE '${ids[11]}' END WHERE log_offset IN (12, 14)`,
        )
        expect(await audit()).toMatchObject({ missing: 0, duplicated: 0, inverted: 2 })
        await script('DELETE FROM banyan.event WHERE log_offset = 20')
        expect((await audit())?.missing).toBeGreaterThanOrEqual(1)
      })

      it('find by count that an event was skipped, however long ago', async () => {
        await publish(5)
        await relay()
        await audit()
        await publish(1)
        const { cursor } = (await bus.lease('orders', 'host-1', 1_000 * day)) ?? {}
        const page = await store.outbox.read(cursor, 10)
        await bus.append(await lease(bus), [], page.cursor)
        await publish(40)
        await relay()
        expect(await audit(3)).toMatchObject({ missing: 1, duplicated: 0, inverted: 0, counted: 46 })
      })

      it('find an event that a group passed without a mark, and forgive what is too old to have one', async () => {
        await publish(10)
        await relay()
        const events = await bus.read('orders', 0, 100)
        const inbox = store.inbox
        const assignment = await inbox.claim('group', 'orders', 'host-1', 100_000, 0)
        if (assignment === undefined) throw new Error('no assignment')
        for (const event of events) {
          if (event.offset === 4) continue
          const mark = { ...assignment, eventId: event.id, offset: event.offset, key: event.key }
          await store.transact(async () => undefined, { delivery: mark })
        }
        await inbox.advance(assignment, 10)
        const group = { source: 'orders', group: 'group', inbox, keeping: bus.keeping }
        const all = new Set(events.map(({ type }) => type))
        expect(await auditGroup({ ...group, types: all }, 0, 10, 100)).toMatchObject({
          checked: 10,
          unmarked: 1,
          to: 10,
        })
        const others = new Set([...all].filter((type) => type !== events[3]?.type))
        expect(await auditGroup({ ...group, types: others }, 0, 10, 100)).toMatchObject({ checked: 9, unmarked: 0 })
      })
    })
  },
  'embedded',
)
