/**
 * What loses, stalls or inverts events in other outboxes, tried on ours. The naive reader (`id > last`) is here as the thing
 * that loses, so that the tests are known to set up what they say.
 */

import type { OutboxCursor } from 'banyan/store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { asAdmin, createDatabase, describeEngines, oneDatabase, sameServer } from '../testing/engines.ts'
import { emptyStore, hold, newEvent, openStore, readLabels, rejection } from '../testing/fixtures.ts'
import { tailStatement } from './postgres-outbox.ts'
import type { PostgresStore } from './postgres-store.ts'

/** The reader that everybody writes first. */
async function readNaively(url: string, last: bigint): Promise<{ labels: string[]; last: bigint }> {
  const { rows } = await asAdmin(url, (session) =>
    session.query('SELECT id, type FROM banyan.outbox WHERE id > $1 ORDER BY id', [last]),
  )
  return { labels: rows.map((row) => row.type), last: BigInt(rows.at(-1)?.id ?? last) }
}

describeEngines('outbox traps', (engine) => {
  const databaseOf = oneDatabase()
  let url: string
  let store: PostgresStore
  beforeEach(async () => {
    url = await databaseOf(engine())
    store = await openStore(url)
    await emptyStore(url)
  })
  afterEach(async () => store.close(1_000))

  const publish = (label: string): Promise<void> => store.transact(async (tx) => tx.publish(newEvent(label)))

  /** An outbox row with an id drawn now, in a transaction that commits later: what an INSERT before the last one does. */
  async function writeEarly(label: string): Promise<{ commit(): Promise<void> }> {
    const held = await hold(store)
    const { id, type, key, envelope } = newEvent(label)
    await held.tx
      .sql`INSERT INTO banyan.outbox (event_id, type, key, envelope) VALUES (${id}, ${type}, ${key}, ${envelope})`
    return held
  }

  it('T1: an event that commits after a later id is not lost, where the naive reader loses it', async () => {
    const early = await writeEarly('early')
    await publish('late')
    const naive = await readNaively(url, 0n)
    const first = await readLabels(store.outbox, undefined)
    expect([naive.labels, first.labels]).toEqual([['late'], ['late']])
    await early.commit()
    expect((await readNaively(url, naive.last)).labels).toEqual([])
    expect((await readLabels(store.outbox, first.cursor)).labels).toEqual(['early'])
  })

  it('T2: a transaction that began long before the last read is not lost', async () => {
    const held = await hold(store)
    await held.tx.sql`INSERT INTO item VALUES ('a', 1)`
    let cursor: OutboxCursor | undefined
    for (const label of ['x', 'y', 'z']) {
      await publish(label)
      ;({ cursor } = await readLabels(store.outbox, cursor))
    }
    held.tx.publish(newEvent('old'))
    await held.commit()
    expect((await readLabels(store.outbox, cursor)).labels).toEqual(['old'])
  })

  it('T4: events and snapshot come from one statement, so commits between statements cannot fall through', async () => {
    const seen: string[] = []
    let cursor: OutboxCursor | undefined
    let writing = true
    const wanted = Array.from({ length: 200 }, (_, index) => `e${index}`)
    const writers = Promise.all(
      Array.from({ length: 4 }, async (_, lane) => {
        for (let index = lane; index < wanted.length; index += 4) await publish(wanted[index] ?? '')
      }),
    ).finally(() => {
      writing = false
    })
    while (writing) {
      const page = await readLabels(store.outbox, cursor, 3)
      seen.push(...page.labels)
      cursor = page.cursor
    }
    await writers
    seen.push(...(await readLabels(store.outbox, cursor)).labels)
    expect(seen.toSorted()).toEqual(wanted.toSorted())
  })

  it('T5: a writing transaction left open anywhere in the cluster stalls nothing', async () => {
    const other = await openStore(await createDatabase(engine()))
    const elsewhere = await hold(other)
    await elsewhere.tx.sql`INSERT INTO item VALUES ('a', 1)`
    const here = await hold(store)
    await here.tx.sql`INSERT INTO item VALUES ('b', 1)`
    await publish('first')
    const one = await readLabels(store.outbox, undefined)
    await publish('second')
    const two = await readLabels(store.outbox, one.cursor)
    expect([one.labels, two.labels]).toEqual([['first'], ['second']])
    await Promise.all([elsewhere.commit(), here.commit()])
    expect((await readLabels(store.outbox, two.cursor)).labels).toEqual([])
    await other.close()
  })

  it('T6: a transaction with an early xid does not overtake: the order is that of the conflict', async () => {
    await store.transact((tx) => tx.sql`INSERT INTO item VALUES ('stream', 0), ('other', 0)`)
    const early = await hold(store)
    await early.tx.sql`UPDATE item SET n = 1 WHERE sku = 'other'`
    await store.transact(async (tx) => {
      await tx.sql`UPDATE item SET n = n + 1 WHERE sku = 'stream'`
      tx.publish(newEvent('v1'))
    })
    await early.tx.sql`UPDATE item SET n = n + 1 WHERE sku = 'stream'`
    early.tx.publish(newEvent('v2'))
    await early.commit()
    const { rows } = await asAdmin(url, (session) => session.query('SELECT type FROM banyan.outbox ORDER BY xid, id'))
    expect(rows.map((row) => row.type)).toEqual(['v2', 'v1'])
    for (const limit of [1, 100])
      expect((await readLabels(store.outbox, undefined, limit)).labels).toEqual(['v1', 'v2'])
  })

  it('T7: an event written under a savepoint carries the id of the whole transaction', async () => {
    const held = await hold(store)
    await held.tx.sql`INSERT INTO item VALUES ('a', 1)`
    await held.tx.sql`SAVEPOINT one`
    const { id, type, key, envelope } = newEvent('nested')
    await held.tx
      .sql`INSERT INTO banyan.outbox (event_id, type, key, envelope) VALUES (${id}, ${type}, ${key}, ${envelope})`
    const [row] = await held.tx.sql<{ xid: string; xmin: string }>`
      SELECT xid::text, xmin::text FROM banyan.outbox WHERE event_id = ${id}`
    expect(row?.xid).not.toBe(row?.xmin)
    await publish('between')
    const { cursor, labels } = await readLabels(store.outbox, undefined)
    expect(labels).toEqual(['between'])
    await held.commit()
    expect((await readLabels(store.outbox, cursor)).labels).toEqual(['nested'])
  })

  it('T8: a restored outbox is refused, by its rows and by its cursor, and read again once adopted', async () => {
    await publish('before')
    const { cursor } = await readLabels(store.outbox, undefined)
    await publish('waiting')
    // What a logical restore leaves: ids of another cluster's transactions, here far ahead of this one's.
    const restored = `UPDATE banyan.outbox SET xid = '900000000000'; UPDATE banyan.meta SET cluster = '1/1'`
    await asAdmin(url, (session) => session.script(restored))
    for (const from of [undefined, cursor])
      expect(await rejection(store.outbox.read(from, 10))).toMatchObject({ reason: 'FOREIGN_CLUSTER' })
    await store.adopt()
    expect(await rejection(store.outbox.read(cursor, 10))).toMatchObject({ reason: 'FOREIGN_CLUSTER' })
    expect((await readLabels(store.outbox, undefined)).labels).toEqual(['before', 'waiting'])
  })

  it('T8: a cursor from this cluster’s future (an older backup was put back) is refused', async () => {
    const { cursor } = await store.outbox.read(undefined, 10)
    const ahead = { ...cursor, previous: '900000000000:900000000000:', current: '900000000000:900000000000:' }
    expect(await rejection(store.outbox.read(ahead, 10))).toMatchObject({ reason: 'FOREIGN_CLUSTER' })
  })

  it('T9: a jump of the sequence is nothing to wait for', async () => {
    await publish('a')
    const { cursor } = await readLabels(store.outbox, undefined)
    await asAdmin(url, (session) => session.query("SELECT setval('banyan.outbox_id', 100000)"))
    await publish('b')
    expect((await readLabels(store.outbox, cursor)).labels).toEqual(['b'])
  })

  it('T10: an empty page moves the cursor only as far as its snapshot proves', async () => {
    const early = await writeEarly('early')
    let { cursor } = await readLabels(store.outbox, undefined)
    for (let round = 0; round < 3; round += 1) {
      await store.transact((tx) => tx.sql`INSERT INTO item VALUES (${`filler ${round}`}, 1)`)
      const page = await readLabels(store.outbox, cursor)
      expect(page.labels).toEqual([])
      cursor = page.cursor
    }
    await early.commit()
    expect((await readLabels(store.outbox, cursor)).labels).toEqual(['early'])
  })

  it('pages through a big difference while others commit, each once and in order', async () => {
    const early = await writeEarly('early')
    for (let index = 0; index < 10; index += 1) await publish(`a${index}`)
    const first = await store.outbox.read(undefined, 4)
    expect(first.more).toBe(true)
    await early.commit()
    await publish('later')
    const rest = await readLabels(store.outbox, first.cursor, 4)
    const all = [...first.events.map((event) => event.type), ...rest.labels]
    expect(all).toEqual([...Array.from({ length: 10 }, (_, index) => `a${index}`), 'early', 'later'])
  })

  it('trims only what the cursor proves to be read', async () => {
    const early = await writeEarly('early')
    for (const label of ['a', 'b', 'c']) await publish(label)
    const page = await store.outbox.read(undefined, 2)
    await early.commit()
    expect(await store.outbox.trim(page.cursor)).toBe(2)
    const rest = await readLabels(store.outbox, page.cursor)
    expect(rest.labels).toEqual(['c', 'early'])
    expect(await store.outbox.trim(rest.cursor)).toBe(2)
    expect(await store.outbox.depth()).toBe(0)
  })

  it('finds the tail by transaction id however long the history is, also beside an old open transaction', async () => {
    const fill = `INSERT INTO banyan.outbox (event_id, type, key, envelope)
      SELECT gen_random_uuid(), 'old', 'k', '{}' FROM generate_series(1, 20000); ANALYZE banyan.outbox`
    await asAdmin(url, (session) => session.script(fill))
    const held = await hold(store)
    await held.tx.sql`INSERT INTO item VALUES ('a', 1)`
    const { cursor } = await readLabels(store.outbox, undefined, 30_000)
    await publish('new')
    const { values, text } = tailStatement(cursor, 100)
    const touched = await asAdmin(url, async (session) => {
      const { rows } = await session.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values)
      return touchedRows(rows[0]['QUERY PLAN'][0].Plan)
    })
    expect((await readLabels(store.outbox, cursor)).labels).toEqual(['new'])
    expect(touched).toBeLessThan(100)
    await held.commit()
  })

  it('T12: nothing in the transaction notifies', async () => {
    const heard: string[] = []
    await asAdmin(sameServer(url, new URL(url).pathname.slice(1)), async (session) => {
      session.onNotification((payload) => heard.push(payload))
      const { rows } = await session.query("SELECT prosrc FROM pg_proc WHERE pronamespace = 'banyan'::regnamespace")
      expect(rows.length).toBeGreaterThan(0)
      expect(rows.filter((row) => /notify/i.test(row.prosrc))).toEqual([])
      await publish('silent')
      // An answer after the commit would have brought along any notification of it.
      await session.query('SELECT 1')
    })
    expect(heard).toEqual([])
  })
})

interface PlanNode {
  readonly 'Actual Rows': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

/** Rows that all nodes of a plan have looked at. */
function touchedRows(node: PlanNode): number {
  const below = (node.Plans ?? []).reduce((sum, plan) => sum + touchedRows(plan), 0)
  return node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + below
}
