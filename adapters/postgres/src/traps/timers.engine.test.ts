/** Trap 11: timers that are lost, early or starved. A timer here is an event that is to be published later. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { PostgresStore } from '../store/postgres-store.ts'
import { type CuttingProxy, startCuttingProxy } from '../testing/cutting-proxy.ts'
import { asAdmin, describeEngines, oneDatabase, shiftClock } from '../testing/engines.ts'
import { emptyStore, newEvent, openStore, readLabels, rejection } from '../testing/fixtures.ts'

const refuse = `
  CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN IF NEW.key = 'stuck' THEN RAISE 'no room for %', NEW.key; END IF; RETURN NEW; END $$;
  CREATE TRIGGER refuse BEFORE INSERT ON banyan.outbox FOR EACH ROW EXECUTE FUNCTION refuse()`

describeEngines(
  'traps of timers',
  (engine) => {
    const databaseOf = oneDatabase()
    let url: string
    let proxy: CuttingProxy
    let store: PostgresStore
    beforeEach(async () => {
      url = await databaseOf(engine())
      proxy = await startCuttingProxy(url)
      store = await openStore(proxy.url, { prepareStatements: false })
      await emptyStore(url)
      await asAdmin(url, (admin) =>
        admin.script(`
        DROP TRIGGER IF EXISTS refuse ON banyan.outbox; DROP TABLE IF EXISTS naive_timer;
        CREATE TABLE naive_timer (label text PRIMARY KEY, due_at timestamptz NOT NULL)`),
      )
    })
    afterEach(async () => {
      await asAdmin(url, (admin) => admin.script('DROP TRIGGER IF EXISTS refuse ON banyan.outbox'))
      await store.close(1_000)
      await proxy.close()
    })

    const published = async (): Promise<string[]> => (await readLabels(store.outbox, undefined)).labels
    const schedule = (label: string, key = label): Promise<void> =>
      store.transact(async (tx) => tx.publish(newEvent(label, key), { afterMs: 0 }))
    /** Takes the oldest due timers, which commits, and fires them then. */
    async function fireNaively(limit: number, fire: (label: string) => Promise<void>): Promise<void> {
      const due = await store.sql<{ label: string }>`
      DELETE FROM naive_timer WHERE label IN (
        SELECT label FROM naive_timer WHERE due_at <= clock_timestamp() ORDER BY due_at, label LIMIT ${limit})
      RETURNING label`
      for (const { label } of due) await fire(label)
    }

    it('trap 11: killed between taking a timer and firing it; the naive one is lost, ours is moved by the next', async () => {
      await store.sql`INSERT INTO naive_timer VALUES ('naive', now())`
      const killed = fireNaively(10, () => Promise.reject(new Error('killed here')))
      expect(await rejection(killed)).toBeInstanceOf(Error)
      await fireNaively(10, (label) => store.transact(async (tx) => tx.publish(newEvent(label))))
      expect(await published()).toEqual([])

      await schedule('ours')
      proxy.arm('before', 'outbox')
      await rejection(store.scheduled.move(10))
      await expect.poll(async () => (await store.scheduled.move(10)).moved + (await published()).length).toBe(1)
      expect(await published()).toEqual(['ours'])
    })

    it('trap 11: the host’s clock goes wrong by an hour; a timer asked for by it fires early, ours asks the database', async () => {
      await store.sql`INSERT INTO naive_timer VALUES ('naive', clock_timestamp() + interval '30 minutes')`
      const wrongMs = Date.now() + 3_600_000
      const early = await store.sql<{ label: string }>`
      SELECT label FROM naive_timer WHERE due_at <= to_timestamp(${wrongMs}::float8 / 1000)`
      expect(early.map(({ label }) => label)).toEqual(['naive'])

      await store.transact(async (tx) => tx.publish(newEvent('ours'), { afterMs: 1_800_000 }))
      expect((await store.scheduled.move(10)).moved).toBe(0)
      await shiftClock(url, 1_800_001)
      expect((await store.scheduled.move(10)).moved).toBe(1)
    })

    it('trap 11: timers that cannot fire fill the page of the oldest; naively nobody else fires, ours wait by themselves', async () => {
      await store.sql`
      INSERT INTO naive_timer SELECT 'stuck ' || n, now() - interval '1 hour' FROM generate_series(1, 3) AS n`
      await store.sql`INSERT INTO naive_timer VALUES ('well', now())`
      const fired: string[] = []
      for (let round = 0; round < 3; round += 1) {
        const due = await store.sql<{ label: string }>`SELECT label FROM naive_timer ORDER BY due_at, label LIMIT 3`
        for (const { label } of due) if (!label.startsWith('stuck')) fired.push(label)
      }
      expect(fired).toEqual([])

      for (let index = 0; index < 3; index += 1) await schedule(`stuck ${index}`, 'stuck')
      await schedule('well')
      await asAdmin(url, (admin) => admin.script(refuse))
      for (let round = 0; round < 3; round += 1) await store.scheduled.move(3)
      expect(await published()).toEqual(['well'])
      expect((await store.scheduled.list(10)).map(({ failures }) => failures >= 1)).toEqual([true, true, true])
    })
  },
  'embedded',
)
