/**
 * Traps 1 to 5 and 14: reading an outbox. Each scenario is read naively, which loses, stalls, inverts or doubles something, and by
 * Banyan's reader, which does not.
 */
import { createNaiveOutbox, type NaiveReading } from 'banyan/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { tailStatement } from '../store/postgres-outbox.ts'
import type { PostgresStore } from '../store/postgres-store.ts'
import { asAdmin, createDatabase, describeEngines, oneDatabase } from '../testing/engines.ts'
import { emptyStore, hold, openStore, rejection } from '../testing/fixtures.ts'
import { emptyNaive, type Following, follow, write, writeBoth, writeEarly } from '../testing/two-outboxes.ts'

describeEngines('traps of reading', (engine) => {
  const databaseOf = oneDatabase()
  let url: string
  let store: PostgresStore
  let ours: Following
  beforeEach(async () => {
    url = await databaseOf(engine())
    store = await openStore(url)
    await emptyStore(url)
    await emptyNaive(url)
    ours = follow(store.outbox)
  })
  afterEach(async () => store.close(1_000))

  const naively = (reading: NaiveReading, between?: () => Promise<void>): Following =>
    follow(createNaiveOutbox({ store, reading, ...(between === undefined ? {} : { between }) }))

  it('trap 1: id 1 commits after id 2; `id > last` loses it', async () => {
    const naive = naively('serial id')
    const early = await writeEarly(store, 'early')
    await write(store, 'late')
    expect([await naive.next(), await ours.next()]).toEqual([['late'], ['late']])
    await early.commit()
    expect([await naive.next(), await ours.next()]).toEqual([[], ['early']])
  })

  it('trap 1: the time of creation is that of the transaction’s beginning; `created_at > last` loses what began earlier', async () => {
    const naive = naively('creation time')
    const early = await writeEarly(store, 'early')
    await write(store, 'late')
    expect([await naive.next(), await ours.next()]).toEqual([['late'], ['late']])
    await early.commit()
    expect([await naive.next(), await ours.next()]).toEqual([[], ['early']])
  })

  it.each([
    [
      'writes in another database',
      async (other: PostgresStore) => {
        const held = await hold(other)
        await held.tx.sql`INSERT INTO item VALUES ('a', 1)`
        return held
      },
    ],
    [
      'locks a row FOR UPDATE in another database',
      async (other: PostgresStore) => {
        await other.transact((tx) => tx.sql`INSERT INTO item VALUES ('b', 1)`)
        const held = await hold(other)
        await held.tx.sql`SELECT * FROM item FOR UPDATE`
        return held
      },
    ],
  ] as const)('trap 2: a foreign transaction that %s; holding back to xmin stalls behind it', async (_, begin) => {
    const other = await openStore(await createDatabase(engine()))
    const naive = naively('hold-back')
    const foreign = await begin(other)
    await write(store, 'first')
    await write(store, 'second')
    expect([await naive.next(), await ours.next()]).toEqual([[], ['first', 'second']])
    await foreign.commit()
    await other.close()
    expect([await naive.next(), await ours.next()]).toEqual([['first', 'second'], []])
  })

  it('trap 3: a transaction that wrote elsewhere first has the lower xid; ordering by it inverts the stream', async () => {
    await store.transact((tx) => tx.sql`INSERT INTO item VALUES ('stream', 0), ('other', 0)`)
    const naive = naively('hold-back')
    const early = await hold(store)
    await early.tx.sql`UPDATE item SET n = 1 WHERE sku = 'other'`
    await store.transact(async (tx) => {
      await tx.sql`UPDATE item SET n = n + 1 WHERE sku = 'stream'`
      await writeBoth(tx, 'v1')
    })
    await early.tx.sql`UPDATE item SET n = n + 1 WHERE sku = 'stream'`
    await writeBoth(early.tx, 'v2')
    await early.commit()
    expect([await naive.next(), await ours.next()]).toEqual([
      ['v2', 'v1'],
      ['v1', 'v2'],
    ])
  })

  it('trap 4: rows and snapshot from two statements; what commits between them is lost', async () => {
    const early = await writeEarly(store, 'between')
    let committed = false
    const naive = naively('two statements', async () => {
      if (!committed) await early.commit()
      committed = true
    })
    expect([await naive.next(), await ours.next()]).toEqual([[], ['between']])
    await write(store, 'after')
    expect([await naive.next(), await ours.next()]).toEqual([['after'], ['after']])
  })

  it('trap 4: an empty page; a position moved to what the sequence has given out passes an invisible event', async () => {
    const early = await writeEarly(store, 'early')
    const high = async (): Promise<bigint> => {
      const [row] = await store.sql<{ last: string }>`SELECT last_value::text AS last FROM naive_outbox_id_seq`
      return BigInt(row?.last ?? 0)
    }
    // Nothing to read, so the naive reader believes to have read everything up to here.
    const position = await high()
    expect(await ours.next()).toEqual([])
    await early.commit()
    const missed = await store.sql`SELECT FROM naive_outbox WHERE id > ${position}::bigint`
    expect([missed.length, await ours.next()]).toEqual([0, ['early']])
  })

  it('trap 5: a row written under a savepoint has a subtransaction’s xmin; visibility asked for that doubles or loses it', async () => {
    const naive = naively('system xmin')
    const held = await hold(store)
    await held.tx.sql`INSERT INTO item VALUES ('a', 1)`
    await held.tx.sql`SAVEPOINT one`
    await writeBoth(held.tx, 'nested')
    await write(store, 'between')
    expect([await naive.next(), await ours.next()]).toEqual([['between'], ['between']])
    await held.commit()
    const seen = [await naive.next(), await naive.next()].flat()
    expect(seen).not.toEqual(['nested'])
    expect([await ours.next(), await ours.next()]).toEqual([['nested'], []])
  })

  it('trap 5: restored into a younger cluster; a naive reader sees nothing and says nothing, ours refuses and reads once adopted', async () => {
    await write(store, 'restored')
    await asAdmin(url, (admin) =>
      admin.script(`
        UPDATE naive_outbox SET xid = '900000000000'; UPDATE banyan.outbox SET xid = '900000000000';
        UPDATE banyan.meta SET cluster = '1/1'`),
    )
    expect(await naively('hold-back').next()).toEqual([])
    expect(await rejection(ours.next())).toMatchObject({ reason: 'FOREIGN_CLUSTER' })
    await store.adopt()
    expect(await follow(store.outbox).next()).toEqual(['restored'])
  })

  it('trap 14: a transaction holds xmin; a queue that removes row by row walks over all it removed, ours reads what is new', async () => {
    const held = await hold(store, { isolation: 'repeatable read' })
    await held.tx.sql`INSERT INTO item VALUES ('a', 1)`
    const count = 20_000
    const fill = (table: string): string =>
      `INSERT INTO ${table} (event_id, type, key, envelope)
       SELECT gen_random_uuid(), 'x', 'k', '{}' FROM generate_series(1, ${count})`
    await asAdmin(url, (admin) => admin.script(`${fill('naive_outbox')}; ${fill('banyan.outbox')}`))
    // A queue's claim: take the oldest, remove it. Vacuum may not clean up behind it while anybody could still look.
    for (const text of [
      'DELETE FROM naive_outbox',
      'VACUUM naive_outbox',
      fill('naive_outbox'),
      'ANALYZE naive_outbox',
    ])
      await asAdmin(url, (admin) => admin.query(text))
    expect(
      await buffersOf(url, 'SELECT id FROM naive_outbox ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED'),
    ).toBeGreaterThan(200)
    expect((await ours.next()).length).toBe(count)
    const { cursor } = await store.outbox.read(undefined, 2 * count)
    await write(store, 'new')
    const tail = tailStatement(cursor, 100)
    expect(await buffersOf(url, tail.text, tail.values)).toBeLessThan(100)
    expect(await ours.next()).toEqual(['new'])
    await held.commit()
  })
})

/** Pages that a statement touches. */
async function buffersOf(url: string, text: string, values: readonly unknown[] = []): Promise<number> {
  return asAdmin(url, async (session) => {
    const { rows } = await session.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, values)
    const { Plan } = rows[0]['QUERY PLAN'][0]
    return Plan['Shared Hit Blocks'] + Plan['Shared Read Blocks']
  })
}
