/** T23 to T25 on Postgres: a stuck row starves nobody, a crash loses and doubles nothing, an idle poll costs no row. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { describeEngines, oneDatabase, shiftClock } from '../testing/engines.ts'
import { emptyStore, hold, newEvent, openStore, readLabels, rejection } from '../testing/fixtures.ts'
import type { PostgresStore } from './postgres-store.ts'

describeEngines('scheduled events', (engine) => {
  const databaseOf = oneDatabase()
  let url: string
  let store: PostgresStore
  beforeEach(async () => {
    url = await databaseOf(engine())
    store = await openStore(url)
    await emptyStore(url)
  })
  afterEach(async () => {
    await store.sql`DROP TRIGGER IF EXISTS refuse ON banyan.outbox`
    await store.close(100)
  })
  const published = async (): Promise<string[]> => (await readLabels(store.outbox, undefined)).labels
  const schedule = (...labels: string[]): Promise<void> =>
    store.transact(async (tx) => {
      for (const label of labels) tx.publish(newEvent(label, label), { afterMs: 0 })
    })

  it('one that cannot be moved holds nobody else, waits longer each time, and goes when it can', async () => {
    await store.sql`CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.key = 'stuck' THEN RAISE 'no room for %', NEW.key; END IF; RETURN NEW; END $$`
    await store.sql`CREATE TRIGGER refuse BEFORE INSERT ON banyan.outbox FOR EACH ROW EXECUTE FUNCTION refuse()`
    await schedule('a', 'stuck', 'b', 'c')
    expect((await store.scheduled.move(3)).moved).toBe(2)
    expect((await store.scheduled.move(3)).moved).toBe(1)
    expect(await published()).toEqual(['a', 'b', 'c'])
    expect(await store.scheduled.list(10)).toMatchObject([
      { key: 'stuck', failures: 1, lastError: expect.stringContaining('no room for stuck') },
    ])
    const waits = await store.scheduled.move(3)
    expect(waits.moved).toBe(0)
    expect(waits.nextInMs).toBeGreaterThan(500)
    await shiftClock(url, 5_000)
    await store.scheduled.move(3)
    expect((await store.scheduled.list(10))[0]?.failures).toBe(2)
    await store.sql`DROP TRIGGER refuse ON banyan.outbox`
    await shiftClock(url, 3_600_000)
    expect((await store.scheduled.move(3)).moved).toBe(1)
    expect(await published()).toEqual(['a', 'b', 'c', 'stuck'])
  })

  it('moves nothing while another host moves, and waits for it no longer than for an answer', async () => {
    await schedule('a')
    const other = await hold(store)
    await other.tx.sql`SELECT pg_advisory_xact_lock(1650552697, 1935894629)`
    expect(await store.scheduled.move(10)).toEqual({ moved: 0, nextInMs: 0 })
    await other.commit()
    expect((await store.scheduled.move(10)).moved).toBe(1)
  })

  it('a transaction that schedules and publishes shows both or nothing', async () => {
    await store.transact(async (tx) => {
      tx.publish(newEvent('now', 'k'))
      tx.publish(newEvent('later', 'k'), { afterMs: 50_000 })
    })
    expect(await published()).toEqual(['now'])
    expect(await store.scheduled.list(10)).toMatchObject([{ key: 'k', type: 'later' }])
    const readOnly = store.transact(async (tx) => tx.publish(newEvent('x'), { afterMs: 1 }), { readOnly: true })
    expect(await rejection(readOnly)).toMatchObject({ reason: 'READ_ONLY' })
  })

  it('survives a crash of the server, with what is due meanwhile', async (context) => {
    const { crash, restart } = engine()
    if (crash === undefined || restart === undefined) return context.skip()
    await schedule('a', 'b')
    await crash()
    await restart()
    await expect
      .poll(async () =>
        store.scheduled.move(10).then(
          ({ moved }) => moved,
          () => -1,
        ),
      )
      .toBe(2)
    expect(await published()).toEqual(['a', 'b'])
  })
})
