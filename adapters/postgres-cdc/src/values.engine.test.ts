// What every type looks like, from the snapshot and from the stream alike; and tables that change under the reader.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { describeEngines, eventually, run } from './testing/engines.ts'
import { createRig, type Published, type Rig, startStreaming } from './testing/mirror.ts'

const row = `(1, true, 7, 9007199254740993, 12345678901234567890.123456789012345678, 0.1, 'NaN',
  '2026-01-31 13:00:00.123456+01', 'infinity', '2026-01-31 12:00:00', '2026-01-31', '1 day 02:03:04.5',
  '{"big": 9007199254740993, "deep": [1.10, {"x": null}]}', '\\x00ff', 'größe "€" 𝄞', 'sad',
  '{1,NULL,3}', '{{"a,b","c\\"d"},{NULL,""}}', '{9007199254740993}', '[1,5)', 12.50, '{NaN,0.5}', '{2026-01-31 12:00:00+00}')`

const expected = {
  id: '1',
  yes: true,
  small: 7,
  big: '9007199254740993',
  exact: '12345678901234567890.123456789012345678',
  float: 0.1,
  odd: 'NaN',
  at: '2026-01-31T12:00:00.123456Z',
  never: 'infinity',
  local: '2026-01-31T12:00:00',
  day: '2026-01-31',
  span: 'P1DT2H3M4.5S',
  doc: { big: '9007199254740993', deep: [1.1, { x: null }] },
  bytes: 'AP8=',
  text: 'größe "€" 𝄞',
  mood: 'sad',
  ints: [1, null, 3],
  texts: [
    ['a,b', 'c"d'],
    [null, ''],
  ],
  bigs: ['9007199254740993'],
  span4: '[1,5)',
  money: '12.50',
  floats: ['NaN', 0.5],
  times: ['2026-01-31T12:00:00Z'],
}

describeEngines(
  'values',
  (engine) => {
    let rig: Rig
    const last = async (count: number): Promise<Published['change']> =>
      (await eventually(rig.published, (seen) => seen.length >= count))[count - 1]?.change

    beforeEach(async () => {
      rig = await createRig(engine(), 'crm')
    })
    afterEach(() => rig.close())

    test('of every kind, the same from the snapshot and from the stream', async () => {
      await run(
        rig.url,
        `ALTER DATABASE ${new URL(rig.url).pathname.slice(1)} SET timezone = 'Asia/Kolkata';
       ALTER DATABASE ${new URL(rig.url).pathname.slice(1)} SET datestyle = 'German';
       CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN price AS numeric(10,2);
       CREATE TABLE customer (id bigint PRIMARY KEY, yes bool, small int2, big int8, exact numeric, float float8, odd float4,
         at timestamptz, never timestamptz, local timestamp, day date, span interval, doc jsonb, bytes bytea, text text,
         mood mood, ints int4[], texts text[][], bigs int8[], span4 int4range, money price, floats float8[], times timestamptz[]);
       INSERT INTO customer VALUES ${row}`,
      )
      await startStreaming(rig.source())
      expect((await last(1)).new).toEqual(expected)
      await run(rig.url, `INSERT INTO customer VALUES ${row.replace('(1,', '(2,')}`)
      expect(await last(2)).toMatchObject({ op: 'insert', new: { ...expected, id: '2' } })
    })

    test('a large value that an update leaves alone is named; with REPLICA IDENTITY FULL it is there', async () => {
      await run(
        rig.url,
        `CREATE TABLE customer (id int PRIMARY KEY, n int, doc text);
       ALTER TABLE customer ALTER doc SET STORAGE EXTERNAL;
       INSERT INTO customer VALUES (1, 0, repeat('large ', 5000))`,
      )
      await startStreaming(rig.source())
      await run(rig.url, 'UPDATE customer SET n = 1')
      expect(await last(2)).toMatchObject({ op: 'update', new: { id: 1, n: 1 }, unchanged: ['doc'] })
      await run(rig.url, 'ALTER TABLE customer REPLICA IDENTITY FULL')
      await run(rig.url, 'UPDATE customer SET n = 2')
      const full = await last(3)
      expect(full).toMatchObject({
        new: { n: 2, doc: 'large '.repeat(5_000) },
        old: { n: 1 },
        key: { id: 1 },
        unchanged: [],
      })
      await run(rig.url, 'DELETE FROM customer')
      expect(await last(4)).toMatchObject({ op: 'delete', key: { id: 1 }, old: { n: 2 } })
    }, 30_000)

    test('columns and types that change in the middle of the stream, and of a transaction', async () => {
      await run(rig.url, "CREATE TABLE customer (id int PRIMARY KEY, a text); INSERT INTO customer VALUES (1, 'x')")
      await startStreaming(rig.source())
      await run(
        rig.url,
        `BEGIN; INSERT INTO customer VALUES (2, 'y'); ALTER TABLE customer ADD b bigint DEFAULT 5;
       INSERT INTO customer VALUES (3, 'z', 6); ALTER TABLE customer DROP a; UPDATE customer SET b = 7 WHERE id = 2;
       CREATE TYPE colour AS ENUM ('red'); ALTER TABLE customer ADD c colour[] DEFAULT '{red}', ALTER id TYPE bigint;
       INSERT INTO customer VALUES (4, 8); COMMIT`,
      )
      await last(5)
      const rows = (await rig.published()).map(({ change }) => change.new)
      expect(rows.slice(0, 4)).toEqual([
        { id: 1, a: 'x' },
        { id: 2, a: 'y' },
        { id: 3, a: 'z', b: '6' },
        { id: 2, b: '7' },
      ])
      expect(rows.at(-1)).toEqual({ id: '4', b: '8', c: ['red'] })
    })

    test('a partitioned table comes under its own name, whatever its partitions are called', async () => {
      await run(
        rig.url,
        `CREATE TABLE customer (id int PRIMARY KEY, n int) PARTITION BY RANGE (id);
       CREATE TABLE low PARTITION OF customer FOR VALUES FROM (0) TO (10);
       CREATE TABLE high PARTITION OF customer FOR VALUES FROM (10) TO (20);
       INSERT INTO customer VALUES (1, 0), (11, 0)`,
      )
      await startStreaming(rig.source())
      await run(rig.url, 'UPDATE customer SET id = 12 WHERE id = 1; DELETE FROM customer WHERE id = 11')
      await last(5)
      expect(await rig.labels()).toEqual([
        'read customer/1',
        'read customer/11',
        'delete customer/1',
        'insert customer/12',
        'delete customer/11',
      ])
    })

    test('names that need quotes', async () => {
      await run(
        rig.url,
        `CREATE SCHEMA "Odd ""One"; CREATE TABLE "Odd ""One"."ta'ble" ("I d" int PRIMARY KEY, "select" text)`,
      )
      await run(rig.url, `INSERT INTO "Odd ""One"."ta'ble" VALUES (1, 'a')`)
      await startStreaming(rig.source({ tables: [`Odd "One.ta'ble`], publication: `Pub 'x" y` }))
      await run(rig.url, `UPDATE "Odd ""One"."ta'ble" SET "select" = 'b'`)
      await last(2)
      const [read, update] = (await rig.published()).map((one) => one.change)
      expect(read).toMatchObject({ op: 'read', schema: 'Odd "One', table: "ta'ble", new: { 'I d': 1, select: 'a' } })
      expect(update).toMatchObject({ op: 'update', new: { 'I d': 1, select: 'b' } })
    })
  },
  { mostlyOn: 'server' },
)
