// What a source refuses, and that it says what to do. Each would otherwise lose changes, or fail later and worse.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { resnapshot } from './state/source-state.ts'
import { ask, createDatabase, describeEngines, eventually, onDatabase, run } from './testing/engines.ts'
import { createRig, joinRig, mirror, type Rig, startStreaming } from './testing/mirror.ts'

const table = 'CREATE TABLE customer (id int PRIMARY KEY, n int DEFAULT 0)'
const slot = 'banyan_crm'

describeEngines(
  'a source refuses',
  (engine) => {
    let rig: Rig
    const database = (): string => new URL(rig.url).pathname.slice(1)

    beforeEach(async () => {
      rig = await createRig(engine(), 'crm')
      await run(rig.url, table)
    })
    afterEach(() => rig.close())

    test.each<[string, string, string, RegExp]>([
      ['a table that is not there', 'DROP TABLE customer', 'CDC_TABLE', /no table public\.customer/],
      ['a view', 'DROP TABLE customer; CREATE VIEW customer AS SELECT 1 AS id', 'CDC_TABLE', /not a table/],
      ['an unlogged table', 'ALTER TABLE customer SET UNLOGGED', 'CDC_TABLE', /unlogged/],
      [
        'a table without a key',
        'ALTER TABLE customer DROP CONSTRAINT customer_pkey',
        'CDC_REPLICA_IDENTITY',
        /no replica identity/,
      ],
      [
        'REPLICA IDENTITY NOTHING',
        'ALTER TABLE customer REPLICA IDENTITY NOTHING',
        'CDC_REPLICA_IDENTITY',
        /UPDATEs and DELETEs/,
      ],
      [
        'a publication without the table',
        'CREATE PUBLICATION banyan_crm',
        'CDC_PUBLICATION',
        /does not have the table public\.customer/,
      ],
      [
        'a publication of inserts only',
        "CREATE PUBLICATION banyan_crm FOR TABLE customer WITH (publish = 'insert')",
        'CDC_PUBLICATION',
        /leaves out update, delete, truncate/,
      ],
      [
        'partitions under their own names',
        `DROP TABLE customer; CREATE TABLE customer (id int PRIMARY KEY) PARTITION BY RANGE (id);
       CREATE PUBLICATION banyan_crm FOR TABLE customer`,
        'CDC_PUBLICATION',
        /names of partitions/,
      ],
    ])('%s', async (_what, script, reason, message) => {
      await run(rig.url, script)
      const source = rig.source()
      await expect(source.start()).rejects.toMatchObject({
        reason,
        message: expect.stringMatching(message),
        hint: expect.any(String),
      })
      expect(source.state).toBe('failed')
      expect(await ask(rig.url, 'SELECT 1 FROM pg_replication_slots WHERE database = current_database()')).toEqual([])
    })

    test('a role that may not replicate, and one that may not read', async () => {
      const role = `reader_${database()}`
      await run(
        rig.url,
        `CREATE ROLE ${role} LOGIN PASSWORD 'secret'; CREATE PUBLICATION banyan_crm FOR TABLE customer`,
      )
      const url = onDatabase(rig.url, database(), role, 'secret')
      await expect(rig.source({ url }).start()).rejects.toMatchObject({
        reason: 'CDC_PRIVILEGE',
        hint: expect.stringContaining('REPLICATION'),
      })
      await run(rig.url, `ALTER ROLE ${role} REPLICATION`)
      await expect(rig.source({ url }).start()).rejects.toMatchObject({
        reason: 'CDC_PRIVILEGE',
        hint: expect.stringContaining('GRANT SELECT'),
      })
      await run(rig.url, `GRANT SELECT ON customer TO ${role}`)
      await startStreaming(rig.source({ url }))
      await expect(rig.source({ url: onDatabase(rig.url, database(), role, 'wrong') }).start()).rejects.toMatchObject({
        reason: 'CDC_PRIVILEGE',
      })
    })

    test('a role that may not make the publication is told who may', async () => {
      const role = `maker_${database()}`
      await run(rig.url, `CREATE ROLE ${role} LOGIN REPLICATION PASSWORD 'secret'; GRANT SELECT ON customer TO ${role}`)
      const source = rig.source({ url: onDatabase(rig.url, database(), role, 'secret') })
      await expect(source.start()).rejects.toMatchObject({
        reason: 'CDC_PRIVILEGE',
        hint: expect.stringContaining('CREATE PUBLICATION "banyan_crm" FOR TABLE'),
      })
    })

    test('a slot that somebody else has made, and leaves it alone', async () => {
      await ask(rig.url, `SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`)
      const source = rig.source()
      await source.start()
      expect(await source.ended).toMatchObject({ reason: 'CDC_SLOT_EXISTS' })
      expect(
        await ask(rig.url, `SELECT 1 AS there FROM pg_replication_slots WHERE slot_name = '${slot}'`),
      ).toHaveLength(1)
    })

    const gaps: [string, string, string, RegExp][] = [
      ['dropped', `SELECT pg_drop_replication_slot('${slot}')`, 'CDC_SLOT_MISSING', /is gone/],
      [
        'made anew',
        `SELECT pg_drop_replication_slot('${slot}'), pg_create_logical_replication_slot('${slot}', 'pgoutput')`,
        'CDC_GAP',
        /begins at .*, but was read only up to/,
      ],
      [
        'moved on by somebody',
        `SELECT pg_replication_slot_advance('${slot}', pg_current_wal_lsn())`,
        'CDC_GAP',
        /what lies between is gone/,
      ],
      [
        'of another plugin',
        `SELECT pg_drop_replication_slot('${slot}'), pg_create_logical_replication_slot('${slot}', 'test_decoding')`,
        'CDC_SLOT_FOREIGN',
        /not a lasting slot of pgoutput/,
      ],
    ]
    test.each(gaps)(
      'to go on after a slot that was %s; a new snapshot heals it',
      async (_what, damage, reason, message) => {
        const first = rig.source({ trackKeys: true })
        await startStreaming(first)
        await run(rig.url, 'INSERT INTO customer VALUES (1), (2)')
        await eventually(rig.labels, (labels) => labels.length === 2)
        await first.stop()
        await run(rig.url, 'INSERT INTO customer VALUES (3); DELETE FROM customer WHERE id = 1')
        await ask(rig.url, damage)
        const second = rig.source({ trackKeys: true })
        await second.start()
        const refusal = await second.ended
        expect(refusal).toMatchObject({ reason, message: expect.stringMatching(message) })
        expect(await rig.labels()).toHaveLength(2)
        expect(await second.status()).toMatchObject({
          state: 'failed',
          lastError: refusal?.message,
          hint: expect.any(String),
        })
        if (reason === 'CDC_SLOT_FOREIGN') await ask(rig.url, `SELECT pg_drop_replication_slot('${slot}')`)
        await resnapshot(rig.store, 'crm')
        await startStreaming(rig.source({ trackKeys: true }))
        expect((await rig.labels()).slice(2)).toEqual(['read customer/2', 'read customer/3', 'delete customer/1'])
        await run(rig.url, 'UPDATE customer SET n = 1 WHERE id = 3')
        expect(await eventually(rig.labels, (labels) => labels.length === 6)).toContain('update customer/3')
      },
    )

    test('another database or other tables under the same name', async () => {
      const first = rig.source()
      await startStreaming(first)
      await first.stop()
      const elsewhere = await joinRig(await createDatabase(engine(), 'moved'), rig.target, 'crm')
      await run(elsewhere.url, table)
      const moved = elsewhere.source()
      await moved.start()
      expect(await moved.ended).toMatchObject({
        reason: 'CDC_FOREIGN_CLUSTER',
        message: expect.stringContaining('moved_'),
      })
      await elsewhere.close()
      await run(rig.url, 'CREATE TABLE more (id int PRIMARY KEY); ALTER PUBLICATION banyan_crm ADD TABLE more')
      const wider = rig.source({ tables: ['customer', 'more'] })
      await wider.start()
      expect(await wider.ended).toMatchObject({
        reason: 'CDC_CHANGED',
        message: expect.stringContaining('public.more'),
      })
      await ask(rig.target, "UPDATE banyan.change_source SET system_id = '1'")
      const foreign = rig.source()
      await foreign.start()
      expect(await foreign.ended).toMatchObject({ reason: 'CDC_FOREIGN_CLUSTER' })
    })

    test('a slot that somebody else reads', async () => {
      const first = rig.source()
      await startStreaming(first)
      await first.stop()
      const intruder = rig.source({ name: 'intruder', slot })
      await ask(
        rig.target,
        `INSERT INTO banyan.change_source SELECT 'intruder', epoch, holder, lease_until, revision, phase,
      generation, slot, system_id, timeline, database, tables, position, partial_commit, partial_changes, moved_at
      FROM banyan.change_source WHERE name = 'crm'`,
      )
      await run(rig.url, 'CREATE PUBLICATION banyan_intruder FOR TABLE customer')
      await startStreaming(intruder)
      const second = rig.source()
      await second.start()
      expect(await second.ended).toMatchObject({
        reason: 'CDC_SLOT_IN_USE',
        message: expect.stringContaining('banyan cdc intruder'),
      })
      expect(intruder.state).toBe('streaming')
    })

    test('an event that does not fit its contract, naming the row; and goes on there once it does', async () => {
      let broken = true
      const source = (): ReturnType<Rig['source']> =>
        rig.source({
          toEvent: (change, publish) => {
            if (broken && 'key' in change && change.key['id'] === 2) throw new Error('cannot say that')
            mirror(change, publish)
          },
        })
      const first = source()
      await startStreaming(first)
      await run(rig.url, 'INSERT INTO customer VALUES (1)')
      await run(rig.url, 'INSERT INTO customer VALUES (2)')
      expect(await first.ended).toMatchObject({
        reason: 'CDC_MAPPING',
        message: expect.stringMatching(/insert of public\.customer \{"id":2\}.*cannot say that/),
      })
      broken = false
      await startStreaming(source())
      expect(await eventually(rig.labels, (labels) => labels.length === 2)).toEqual([
        'insert customer/1',
        'insert customer/2',
      ])
    })
  },
  { mostlyOn: 'server' },
)

describeEngines(
  'a source refuses a server',
  (engine) => {
    test('without logical replication', async () => {
      const rig = await createRig(engine(), 'crm')
      await run(rig.url, table)
      await expect(rig.source().start()).rejects.toMatchObject({
        reason: 'CDC_WAL_LEVEL',
        hint: expect.stringContaining('wal_level = logical'),
      })
      await rig.close()
    })
  },
  { settings: { wal_level: 'replica' }, mostlyOn: 'embedded' },
)

describeEngines(
  'a source refuses a slot',
  (engine) => {
    test('that the server has given up, after it raised alarms', async () => {
      const rig = await createRig(engine(), 'crm')
      await run(rig.url, table)
      const first = rig.source({ alarmRetainedBytes: 1_000_000 })
      await startStreaming(first)
      await first.stop()
      const wal = "SELECT pg_switch_wal(), pg_logical_emit_message(true, 'x', repeat('x', 1000))"
      const status = await eventually(
        async () => {
          await ask(rig.url, wal)
          await run(rig.url, 'CHECKPOINT')
          return first.status()
        },
        (seen) => seen.slot?.walStatus === 'lost',
        40_000,
      )
      expect(status.slot?.alarms).toContainEqual({ level: 'critical', message: expect.stringContaining('lost') })
      const second = rig.source()
      await second.start()
      expect(await second.ended).toMatchObject({ reason: 'CDC_SLOT_LOST', hint: expect.stringContaining('resnapshot') })
      await rig.close()
    }, 60_000)
  },
  { settings: { max_slot_wal_keep_size: '16MB', max_wal_size: '32MB', min_wal_size: '32MB' }, mostlyOn: 'embedded' },
)
