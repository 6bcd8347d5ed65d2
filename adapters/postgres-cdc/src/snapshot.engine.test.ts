// From the rows that are there to the stream: nothing missing and nothing doubled, under writes and over crashes.
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ask, describeEngines, eventually, run } from './testing/engines.ts'
import { findFaults } from './testing/ledger.ts'
import { createRig, type Rig, startStreaming } from './testing/mirror.ts'
import { startReader } from './testing/reader.ts'

/** Updates, inserts and deletes at random until told to stop. */
function startWriter(url: string): { readonly stop: () => Promise<number> } {
  let going = true
  let writes = 0
  const script = `UPDATE customer SET n = n + 1 WHERE id = ANY(ARRAY(SELECT (random() * 3000)::int FROM generate_series(1, 20)));
    INSERT INTO customer SELECT 100000 + (random() * 1e9)::int, 0 FROM generate_series(1, 3) ON CONFLICT DO NOTHING;
    DELETE FROM customer WHERE id = (random() * 3000)::int`
  const work = (async () => {
    while (going) {
      await run(url, script)
      writes += 1
    }
  })()
  work.catch(() => {}) // of a test that failed; the others await it
  return {
    async stop() {
      going = false
      await work
      return writes
    },
  }
}

/** Everything that is committed now has been read. */
async function caughtUp(rig: Rig): Promise<void> {
  const [end] = await ask(rig.url, 'SELECT pg_current_wal_lsn()::text AS lsn')
  await eventually(
    () => ask(rig.target, `SELECT position >= $1::pg_lsn AS past FROM banyan.change_source`, [end?.['lsn']]),
    (rows) => rows[0]?.['past'] === true,
    30_000,
  )
}

describeEngines(
  'a snapshot',
  (engine) => {
    let rig: Rig

    beforeEach(async () => {
      rig = await createRig(engine(), 'crm')
      await run(
        rig.url,
        `CREATE TABLE customer (id bigint PRIMARY KEY, n int NOT NULL);
       INSERT INTO customer SELECT i, 0 FROM generate_series(1, 3000) i`,
      )
    })
    afterEach(() => rig.close())

    test('is handed over to the stream under writes', async () => {
      const writer = startWriter(rig.url)
      const source = rig.source({ batchEvents: 50 })
      await startStreaming(source)
      const before = (await rig.published()).length
      await eventually(
        async () => (await rig.published()).length,
        (length) => length > before + 200,
      )
      expect(await writer.stop()).toBeGreaterThan(5)
      await caughtUp(rig)
      expect(await findFaults(rig.url, await rig.published())).toEqual([])
      expect((await rig.published()).some(({ change }) => change.op === 'update')).toBe(true)
      expect(await ask(rig.target, 'SELECT 1 FROM banyan.change_source_key')).toEqual([])
    })

    const deaths = [
      { when: 'after', transaction: 1, what: 'before its slot is made' },
      { when: 'before', transaction: 2, what: 'before its first page is committed' },
      { when: 'after', transaction: 4, what: 'in the middle' },
      { when: 'before', transaction: 62, what: 'before it is complete' },
      { when: 'after', transaction: 61, what: 'when it is complete, before the stream' },
      { when: 'before', transaction: 65, what: 'before the commit of a change' },
      { when: 'after', transaction: 65, what: 'after the commit of a change, before the server hears of it' },
    ] as const
    test.each(deaths)(
      'killed $what',
      async ({ when, transaction }) => {
        const task = { url: rig.url, target: rig.target, name: 'crm', leaseMs: 500, batchEvents: 50 }
        const writer = startWriter(rig.url)
        const reader = await startReader({ ...task, die: { when, transaction } })
        expect(await reader.ended).toBe('SIGKILL')
        await run(rig.url, 'DELETE FROM customer WHERE id BETWEEN 10 AND 30')
        await startStreaming(rig.source({ batchEvents: 50 }))
        await writer.stop()
        await caughtUp(rig)
        expect(await findFaults(rig.url, await rig.published())).toEqual([])
        expect(
          await ask(
            rig.url,
            'SELECT count(*)::int AS slots FROM pg_replication_slots WHERE database = current_database()',
          ),
        ).toEqual([{ slots: 1 }])
      },
      120_000,
    )

    test('rows that went between two attempts come as deletes', async () => {
      const reader = await startReader({
        url: rig.url,
        target: rig.target,
        name: 'crm',
        leaseMs: 500,
        batchEvents: 100,
        die: { when: 'after', transaction: 6 },
      })
      expect(await reader.ended).toBe('SIGKILL')
      const attempt = (await rig.published()).length
      expect(attempt).toBeGreaterThanOrEqual(400)
      await run(rig.url, 'DELETE FROM customer WHERE id IN (3, 7); UPDATE customer SET n = 5 WHERE id = 9')
      await startStreaming(rig.source())
      const later = (await rig.published()).slice(attempt).map((one) => one.change)
      expect(
        later
          .filter((change) => change.op === 'delete')
          .map((change) => change.key.id)
          .sort(),
      ).toEqual(['3', '7'])
      expect(later.filter((change) => change.op === 'read')).toHaveLength(2_998)
      expect(later.find((change) => change.key.id === '9').new.n).toBe(5)
      expect(later.every((change) => change.generation === 2)).toBe(true)
      expect(await ask(rig.target, 'SELECT 1 FROM banyan.change_source_key')).toEqual([])
    })

    test('waits for transactions that run when the slot is made, can be stopped meanwhile, and leaves nothing in the way', async () => {
      const other = new pg.Client(rig.url)
      await other.connect()
      await other.query('BEGIN; INSERT INTO customer VALUES (-1, 0)')
      const first = rig.source()
      await first.start()
      const waiting =
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'banyan cdc crm' AND wait_event = 'transactionid'"
      await eventually(
        () => ask(rig.url, waiting),
        (rows) => rows.length > 0,
      )
      await first.stop()
      expect(await rig.labels()).toEqual([])
      const second = rig.source()
      await second.start()
      await eventually(
        () => second.state,
        (state) => state === 'snapshot',
      )
      await other.query('COMMIT')
      await other.end()
      await eventually(
        () => second.state,
        (state) => state === 'streaming',
      )
      const labels = await rig.labels()
      expect([labels.length, labels.includes('read customer/-1')]).toEqual([3_001, true])
    })

    test('can be left out', async () => {
      await startStreaming(rig.source({ snapshot: false }))
      await run(rig.url, 'UPDATE customer SET n = 1 WHERE id = 5')
      const labels = await eventually(rig.labels, (seen) => seen.length > 0)
      expect(labels).toEqual(['update customer/5'])
    })

    test('a filter and a list of columns of the publication hold for it too', async () => {
      await run(
        rig.url,
        `ALTER TABLE customer ADD secret text DEFAULT 's', ADD twice int GENERATED ALWAYS AS (n * 2) STORED;
       CREATE PUBLICATION banyan_crm FOR TABLE customer (id, n) WHERE (id <= 2)`,
      )
      await startStreaming(rig.source())
      await run(rig.url, 'UPDATE customer SET n = 1 WHERE id IN (2, 3)')
      const published = await eventually(rig.published, (seen) => seen.length >= 3)
      expect(published.map(({ change }) => [change.op, change.new])).toEqual([
        ['read', { id: '1', n: 0 }],
        ['read', { id: '2', n: 0 }],
        ['update', { id: '2', n: 1 }],
      ])
    })
  },
  { mostlyOn: 'server' },
)
