/** The log on real servers: what the contract suite cannot see from one process. */
import { Fenced, type OutboxCursor } from 'banyan/store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startCuttingProxy } from '../testing/cutting-proxy.ts'
import { asAdmin, createDatabase, describeEngines, oneDatabase, shiftClock } from '../testing/engines.ts'
import { newEvent, openStore, readLabels, rejection } from '../testing/fixtures.ts'
import { createPostgresBus, type PostgresBus } from './postgres-bus.ts'

const at = (lastId: number): OutboxCursor => ({ cluster: 'c', previous: '1:1:', current: '9:9:', lastId: `${lastId}` })

describeEngines(
  'bus',
  (engine) => {
    const databaseOf = oneDatabase()
    let url: string
    const buses: PostgresBus[] = []
    const open = async (through = url): Promise<PostgresBus> => {
      const bus = await createPostgresBus({ url: through })
      buses.push(bus)
      return bus
    }
    beforeEach(async () => {
      url = await databaseOf(engine())
      await open()
      await asAdmin(url, (session) =>
        session.script(
          `DELETE FROM banyan.source; DELETE FROM banyan.event; DELETE FROM banyan.reader; UPDATE banyan.clock SET shift = '0'`,
        ),
      )
    })
    afterEach(async () => {
      await Promise.all(buses.splice(0).map((bus) => bus.close()))
    })
    const lease = async (
      bus: PostgresBus,
      holder = 'host-1',
    ): Promise<{ source: string; epoch: number; cursor: OutboxCursor | undefined }> => {
      const held = await bus.lease('orders', holder, 10_000)
      if (held === undefined) throw new Error('the lease is taken')
      return held
    }

    it('appends a page once, whichever side of COMMIT a relay dies on', async () => {
      const outbox = await openStore(await createDatabase(engine()))
      for (const label of ['a', 'b', 'c', 'd']) await outbox.transact(async (tx) => tx.publish(newEvent(label)))
      const bus = await open()
      const first = await lease(bus)
      const page = await outbox.outbox.read(first.cursor, 2)
      // It dies before: nothing is there, and the position is the old one. It dies after: both are there.
      expect((await lease(bus)).cursor).toBeUndefined()
      await bus.append(first, page.events, page.cursor)
      const second = await lease(bus)
      expect(second.cursor).toEqual(page.cursor)
      const rest = await outbox.outbox.read(second.cursor, 10)
      await bus.append(second, rest.events, rest.cursor)
      expect((await bus.read('orders', 0, 10)).map((event) => event.type)).toEqual(['a', 'b', 'c', 'd'])
      expect((await readLabels(outbox.outbox, rest.cursor)).labels).toEqual([])
      await outbox.close()
    })

    it('says that it does not know when the answer to an append was lost; the lease says where the log stands', async () => {
      const proxy = await startCuttingProxy(url)
      const bus = await open(proxy.url)
      const held = await lease(bus)
      proxy.arm('all', 'appended')
      expect(await rejection(bus.append(held, [newEvent('a')], at(1)))).toMatchObject({
        outcome: 'unknown',
        retryable: false,
      })
      expect((await lease(bus)).cursor).toEqual(at(1))
      expect(await bus.end('orders')).toBe(1)
      await bus.close()
      await proxy.close()
    })

    it('gives offsets without gaps when relays fight over a source', async () => {
      const [one, two] = [await open(), await open()]
      const old = await lease(one)
      await shiftClock(url, 10_001)
      const appends = Array.from({ length: 20 }, (_, index) => one.append(old, [newEvent(`old ${index}`)], at(index)))
      const current = await lease(two, 'host-2')
      appends.push(
        ...Array.from({ length: 20 }, (_, index) => two.append(current, [newEvent(`new ${index}`)], at(index))),
      )
      const outcomes = await Promise.allSettled(appends)
      for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(Fenced)
      const done = outcomes.filter((outcome) => outcome.status === 'fulfilled').length
      const events = await one.read('orders', 0, 100)
      expect(events.map((event) => event.offset)).toEqual(Array.from({ length: done }, (_, index) => index + 1))
      const lastOld = events.findLastIndex((event) => event.type.startsWith('old'))
      expect(lastOld).toBeLessThan(events.findIndex((event) => event.type.startsWith('new')))
    })

    it('wakes listeners of other hosts, also after their connection broke', async () => {
      const [one, two] = [await open(), await open()]
      const woken: string[] = []
      two.onAppend((source) => woken.push(source))
      const held = await lease(one)
      await expect.poll(() => listening(url)).toBe(1)
      await one.append(held, [newEvent('a')], at(1))
      await expect.poll(() => woken).toContain('orders')
      await asAdmin(url, (session) =>
        session.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'banyan bus listen'`,
        ),
      )
      await expect.poll(() => listening(url)).toBe(0)
      await expect.poll(() => listening(url), { timeout: 10_000 }).toBe(1)
      woken.length = 0
      await one.append(held, [newEvent('b')], at(2))
      await expect.poll(() => woken).toContain('orders')
    })

    it('forgets a position when it is told to', async () => {
      const bus = await open()
      await bus.append(await lease(bus), [newEvent('a')], at(1))
      await bus.forgetCursor('orders')
      expect((await lease(bus)).cursor).toBeUndefined()
      expect(await rejection(bus.forgetCursor('nobody'))).toMatchObject({ code: 'NOT_FOUND' })
    })

    it('can be opened by eight hosts at once on an empty database', async () => {
      const empty = await createDatabase(engine())
      const all = await Promise.all(Array.from({ length: 8 }, () => createPostgresBus({ url: empty })))
      await Promise.all(all.map((bus) => bus.ping()))
      await Promise.all(all.map((bus) => bus.close()))
    })
  },
  'embedded',
)

/** Connections whose last statement was LISTEN. */
async function listening(url: string): Promise<number> {
  const text = `SELECT count(*)::int AS n FROM pg_stat_activity
    WHERE application_name = 'banyan bus listen' AND query LIKE 'LISTEN%' AND datname = current_database()`
  return asAdmin(url, async (session) => (await session.query(text)).rows[0].n)
}
