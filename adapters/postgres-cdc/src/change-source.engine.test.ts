// The whole way: rows of one database become events in the outbox of another, each once and in order.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ask, describeEngines, eventually, run } from './testing/engines.ts'
import { createRig, mirror, type Rig, startStreaming } from './testing/mirror.ts'

describeEngines('a source of changes', (engine) => {
  let rig: Rig

  beforeEach(async () => {
    rig = await createRig(engine(), 'crm')
    await run(rig.url, 'CREATE TABLE customer (id bigint PRIMARY KEY, name text, note text)')
  })
  afterEach(() => rig.close())

  test('rows that are there, then changes, in order and each once', async () => {
    await run(rig.url, "INSERT INTO customer SELECT i, 'n' || i FROM generate_series(1, 3) i")
    await rig.source().start()
    await eventually(rig.labels, (labels) => labels.length >= 3)
    await run(
      rig.url,
      "INSERT INTO customer VALUES (4, 'n4'); UPDATE customer SET name = 'x' WHERE id = 1; DELETE FROM customer WHERE id = 2",
    )
    await run(rig.url, 'UPDATE customer SET id = 30 WHERE id = 3; TRUNCATE customer')
    const labels = await eventually(rig.labels, (seen) => seen.length >= 8)
    expect(labels).toEqual([
      'read customer/1',
      'read customer/2',
      'read customer/3',
      'insert customer/4',
      'update customer/1',
      'delete customer/2',
      'update customer/30',
      'truncate customer/*',
    ])
    const changes = (await rig.published()).map((one) => one.change)
    expect(changes[0]).toMatchObject({ key: { id: '1' }, new: { id: '1', name: 'n1', note: null }, generation: 1 })
    expect(changes[4]).toMatchObject({ new: { id: '1', name: 'x' }, unchanged: [] })
    expect(changes[5]).toMatchObject({ key: { id: '2' } })
    expect(changes[6]).toMatchObject({ key: { id: '30' }, oldKey: { id: '3' } })
    expect(changes[3].commit.xid).toBe(changes[5].commit.xid)
    expect(changes.slice(3, 6).map((change) => change.commit.index)).toEqual([0, 1, 2])
  })

  test('goes on where it stopped, and a standing position is confirmed to the server', async () => {
    const first = rig.source()
    await startStreaming(first)
    await run(rig.url, "INSERT INTO customer VALUES (1, 'a')")
    await eventually(rig.labels, (labels) => labels.length === 1)
    await first.stop()
    await run(rig.url, "INSERT INTO customer VALUES (2, 'b')")
    const second = rig.source()
    await second.start()
    await eventually(rig.labels, (labels) => labels.length === 2)
    await second.stop()
    const third = rig.source()
    await third.start()
    await run(rig.url, "INSERT INTO customer VALUES (3, 'c')")
    await eventually(rig.labels, (labels) => labels.length >= 3)
    expect(await rig.labels()).toEqual(['insert customer/1', 'insert customer/2', 'insert customer/3'])
    const status = await eventually(
      () => third.status(),
      (seen) => seen.state === 'streaming' && seen.slot?.confirmedLsn === seen.position,
    )
    expect(status).toMatchObject({
      holder: expect.any(String),
      generation: 1,
      slot: { active: true, walStatus: 'reserved' },
    })
  })

  test('a transaction larger than a batch is published in parts, in order, and goes on in its middle', async () => {
    let failAt = 2_345
    const failing = rig.source({
      batchEvents: 100,
      toEvent: (change, publish) => {
        if (change.op === 'insert' && change.key['id'] === String(failAt)) throw new Error('not yet')
        return mirror(change, publish)
      },
    })
    await startStreaming(failing)
    await run(rig.url, "INSERT INTO customer SELECT i, 'n' FROM generate_series(1, 5000) i")
    expect(await failing.ended).toMatchObject({ reason: 'CDC_MAPPING', message: expect.stringContaining('"2345"') })
    const part = await rig.labels()
    expect(part.length).toBeGreaterThan(2_000)
    expect(part.length).toBeLessThan(2_345)
    failAt = -1
    await rig.source({ batchEvents: 100 }).start()
    const labels = await eventually(rig.labels, (seen) => seen.length >= 5_000)
    expect(labels).toEqual(Array.from({ length: 5_000 }, (_, index) => `insert customer/${index + 1}`))
    expect(new Set((await rig.published()).map((one) => one.id)).size).toBe(5_000)
  })

  test('an aborted transaction and other tables leave no trace, and do not hold the slot back', async () => {
    await run(rig.url, 'CREATE TABLE other (id int PRIMARY KEY, v text)')
    const source = rig.source()
    await startStreaming(source)
    const before = await source.status()
    await run(rig.url, "BEGIN; INSERT INTO customer VALUES (1, 'a'); ROLLBACK")
    await run(rig.url, "INSERT INTO other SELECT i, repeat('x', 500) FROM generate_series(1, 4000) i")
    const [end] = await ask(rig.url, 'SELECT pg_current_wal_lsn()::text AS lsn')
    await eventually(
      () =>
        ask(
          rig.url,
          `SELECT (confirmed_flush_lsn >= $1::pg_lsn) AS past FROM pg_replication_slots WHERE slot_name = 'banyan_crm'`,
          [end?.['lsn']],
        ),
      (rows) => rows[0]?.['past'] === true,
    )
    expect(await rig.labels()).toEqual([])
    expect((await source.status()).position).not.toBe(before.position)
  })
})
