/**
 * What loses, doubles, stalls or inverts events in other event stores, tried on ours. The naive ways are here as the things
 * that fail, so that the tests are known to set up what they say: reading by `position > last`, ordering by transaction id,
 * checking the version before inserting.
 */

import { t } from 'banyan/contract'
import { AggregateSession, defineAggregate, loadAggregate } from 'banyan/event-sourcing'
import type { NewStreamEvent, StreamCursor } from 'banyan/store'
import { factLabels as labelsOf, readStreams } from 'banyan/testing/suites'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CuttingProxy, startCuttingProxy } from '../testing/cutting-proxy.ts'
import { asAdmin, createDatabase, describeEngines, oneDatabase } from '../testing/engines.ts'
import { emptyStore, hold, newEventId, openStore, rejection } from '../testing/fixtures.ts'
import { tailStatement } from './all-streams.ts'
import type { PostgresStore } from './postgres-store.ts'
import { append } from './stream-append.ts'

const fact = (label: string): NewStreamEvent => ({ id: newEventId(), type: 'happened', data: { label } })

/** The reader that everybody writes first. */
async function readNaively(url: string, last: bigint): Promise<{ labels: string[]; last: bigint }> {
  const { rows } = await asAdmin(url, (session) =>
    session.query(
      `SELECT position, data->>'label' AS label FROM banyan.stream_event WHERE position > $1 ORDER BY position`,
      [last],
    ),
  )
  return { labels: rows.map((row) => row.label), last: BigInt(rows.at(-1)?.position ?? last) }
}

describeEngines(
  'event store traps',
  (engine) => {
    const databaseOf = oneDatabase()
    let url: string
    let store: PostgresStore
    beforeEach(async () => {
      url = await databaseOf(engine())
      store = await openStore(url, { maxConnections: 20 })
      await emptyStore(url)
    })
    afterEach(async () => store.close(1_000))

    const add = (stream: string, expected: number | 'any', label: string): Promise<unknown> =>
      store.streams.append(stream, [fact(label)], { expected })

    describe('reading all streams', () => {
      it('T1: an event that commits after a later position is not lost, where the naive reader loses it', async () => {
        const early = await hold(store)
        await early.tx.streams.append('a-1', [fact('early')], { expected: 'none' })
        await add('a-2', 0, 'late')
        const naive = await readNaively(url, 0n)
        const first = await readStreams(store.streams)
        expect([naive.labels, labelsOf(first.events)]).toEqual([['late'], ['late']])
        await early.commit()
        expect((await readNaively(url, naive.last)).labels).toEqual([])
        expect(labelsOf((await readStreams(store.streams, first.cursor)).events)).toEqual(['early'])
      })

      it('T5: a writing transaction left open anywhere in the cluster stalls nothing', async () => {
        const other = await openStore(await createDatabase(engine()))
        const elsewhere = await hold(other)
        await elsewhere.tx.streams.append('a-1', [fact('elsewhere')], { expected: 'none' })
        const here = await hold(store)
        await here.tx.sql`INSERT INTO item VALUES ('b', 1)`
        await add('a-1', 0, 'first')
        const one = await readStreams(store.streams)
        await add('a-1', 1, 'second')
        const two = await readStreams(store.streams, one.cursor)
        expect([labelsOf(one.events), labelsOf(two.events)]).toEqual([['first'], ['second']])
        const { rows } = await asAdmin(url, (session) =>
          session.query(`SELECT 1 FROM banyan.stream_event WHERE xid < pg_snapshot_xmin(pg_current_snapshot())`),
        )
        expect(rows).toEqual([])
        await Promise.all([elsewhere.commit(), here.commit()])
        await other.close()
      })

      it('T6: a transaction with an early id does not put version 2 before version 1, where ordering by it does', async () => {
        const early = await hold(store)
        await early.tx.sql`INSERT INTO item VALUES ('a', 1)`
        await add('a-1', 0, 'v1')
        await early.tx.streams.append('a-1', [fact('v2')], { expected: 1 })
        await early.commit()
        const { rows } = await asAdmin(url, (session) =>
          session.query(`SELECT data->>'label' AS label FROM banyan.stream_event ORDER BY xid, position`),
        )
        expect(rows.map((row) => row.label)).toEqual(['v2', 'v1'])
        for (const limit of [1, 100])
          expect(labelsOf((await readStreams(store.streams, undefined, limit)).events)).toEqual(['v1', 'v2'])
      })

      it('T7: an event appended under a savepoint carries the id of the whole transaction', async () => {
        const held = await hold(store)
        await held.tx.sql`INSERT INTO item VALUES ('a', 1)`
        await held.tx.sql`SAVEPOINT one`
        await held.tx.streams.append('a-1', [fact('nested')], { expected: 'none' })
        await add('a-2', 0, 'between')
        const first = await readStreams(store.streams)
        expect(labelsOf(first.events)).toEqual(['between'])
        await held.commit()
        expect(labelsOf((await readStreams(store.streams, first.cursor)).events)).toEqual(['nested'])
      })

      it('T8: restored streams are refused, by their rows and by a cursor, and read again once adopted', async () => {
        await add('a-1', 0, 'before')
        const { cursor } = await readStreams(store.streams)
        const restored = `UPDATE banyan.stream_event SET xid = '900000000000'; UPDATE banyan.meta SET cluster = '1/1'`
        await asAdmin(url, (session) => session.script(restored))
        for (const from of [undefined, cursor])
          expect(await rejection(store.streams.readAll(from, 10))).toMatchObject({ reason: 'FOREIGN_CLUSTER' })
        await store.adopt()
        expect(await rejection(store.streams.readAll(cursor, 10))).toMatchObject({ reason: 'FOREIGN_CLUSTER' })
        await add('a-1', 1, 'after')
        expect(labelsOf((await readStreams(store.streams)).events)).toEqual(['before', 'after'])
      })

      it('T8: a cursor from this cluster’s future (an older backup was put back) is refused', async () => {
        const { cursor } = await store.streams.readAll(undefined, 10)
        const ahead = { ...cursor, previous: '900000000000:900000000000:', current: '900000000000:900000000000:' }
        expect(await rejection(store.streams.readAll(ahead, 10))).toMatchObject({ reason: 'FOREIGN_CLUSTER' })
      })

      it('T10: an empty page, and one that a category emptied, move the cursor only as far as its snapshot proves', async () => {
        const early = await hold(store)
        await early.tx.streams.append('a-1', [fact('early')], { expected: 'none' })
        let cursor: StreamCursor | undefined
        for (let round = 0; round < 3; round += 1) {
          await add('b-1', 'any', `other ${round}`)
          const page = await store.streams.readAll(cursor, 10, { categories: ['a'] })
          expect(page.events).toEqual([])
          cursor = page.cursor
        }
        await early.commit()
        expect(labelsOf((await store.streams.readAll(cursor, 10, { categories: ['a'] })).events)).toEqual(['early'])
      })

      it('loses, doubles and inverts nothing while many write and some of them are slow', async () => {
        const seen: { stream: string; version: number }[] = []
        let cursor: StreamCursor | undefined
        let writing = true
        const lane = async (number: number): Promise<void> => {
          for (let round = 0; round < 25; round += 1)
            await store.transact(async (tx) => {
              await tx.sql`SELECT pg_current_xact_id()`
              await tx.streams.append(`a-${(number + round) % 5}`, [fact('x'), fact('y')], { expected: 'any' })
              await tx.sql`SELECT pg_sleep(${(number % 3) / 1_000})`
            })
        }
        const read = async (): Promise<void> => {
          const page = await readStreams(store.streams, cursor, 7)
          seen.push(...page.events)
          cursor = page.cursor
        }
        const writers = Promise.all(Array.from({ length: 8 }, (_, number) => lane(number))).finally(() => {
          writing = false
        })
        while (writing) await read()
        await writers
        await read()
        expect(seen).toHaveLength(400)
        for (let stream = 0; stream < 5; stream += 1) {
          const versions = seen.filter((event) => event.stream === `a-${stream}`).map(({ version }) => version)
          expect(versions).toEqual(Array.from({ length: 80 }, (_, index) => index + 1))
        }
      })

      it('finds the tail by transaction id however long the history is, also beside an old open transaction', async () => {
        const fill = `INSERT INTO banyan.stream_event (stream, version, event_id, type, major, data, metadata)
        SELECT 'old-' || n % 100, 1 + n / 100, gen_random_uuid(), 'old', 1, '{}', '{}' FROM generate_series(0, 19999) AS n;
        ANALYZE banyan.stream_event`
        await asAdmin(url, (session) => session.script(fill))
        const held = await hold(store)
        await held.tx.sql`INSERT INTO item VALUES ('a', 1)`
        const { cursor } = await readStreams(store.streams, undefined, 10_000)
        await add('a-1', 0, 'new')
        const { values, text } = tailStatement(cursor, 100, null)
        const touched = await asAdmin(url, async (session) => {
          const { rows } = await session.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values)
          return touchedRows(rows[0]['QUERY PLAN'][0].Plan)
        })
        expect(labelsOf((await readStreams(store.streams, cursor)).events)).toEqual(['new'])
        expect(touched).toBeLessThan(100)
        await held.commit()
      })
    })

    describe('appending', () => {
      it('T26: two that have both seen version 0 cannot both write version 1, where checking first lets them', async () => {
        const [one, other] = [await hold(store), await hold(store)]
        for (const { tx } of [one, other]) {
          const [row] = await tx.sql<{ v: number }>`SELECT coalesce(max(n), 0) AS v FROM item`
          expect(row?.v).toBe(0)
        }
        for (const [sku, { tx }] of Object.entries({ one, other })) await tx.sql`INSERT INTO item VALUES (${sku}, 1)`
        for (const { tx } of [one, other]) expect((await tx.streams.read('a-1')).events).toEqual([])
        await one.tx.streams.append('a-1', [fact('one')], { expected: 0 })
        const late = rejection(other.tx.streams.append('a-1', [fact('other')], { expected: 0 }))
        await one.commit()
        expect(await late).toMatchObject({ reason: 'VERSION_CONFLICT', details: { actual: 1 } })
        await other.commit()
        expect(await store.sql`SELECT n FROM item`).toEqual([{ n: 1 }, { n: 1 }])
      })

      it('a conflict leaves the transaction in order, and its other rows are committed', async () => {
        await add('a-1', 0, 'x')
        await store.transact(async (tx) => {
          await tx.sql`INSERT INTO item VALUES ('kept', 1)`
          const append = tx.streams.append('a-1', [fact('y'), fact('z')], { expected: 0 })
          expect(await rejection(append)).toMatchObject({ reason: 'VERSION_CONFLICT' })
        })
        expect(await store.sql`SELECT sku FROM item`).toEqual([{ sku: 'kept' }])
        expect(labelsOf((await store.streams.read('a-1')).events)).toEqual(['x'])
      })

      it('under a stricter isolation a conflict that cannot be seen runs the transaction again', async () => {
        let runs = 0
        const work = store.transact(
          async (tx) => {
            runs += 1
            const { events } = await tx.streams.read('a-1')
            if (runs === 1) await add('a-1', 0, 'quicker')
            await tx.streams.append('a-1', [fact('slower')], { expected: events.length })
          },
          { isolation: 'repeatable read' },
        )
        await work
        expect(runs).toBe(2)
        expect(labelsOf((await store.streams.read('a-1')).events)).toEqual(['quicker', 'slower'])
      })

      it('64 decisions at once on one stream all come through, each on what the one before has left', async () => {
        const Counter = defineAggregate('counter', {
          events: { counted: t.Object({ to: t.Integer() }) },
          initial: { count: 0 },
          evolve: (_, { data }) => ({ count: data.to }),
          commands: { count: t.Object({}) },
          decide: { count: ({ count }) => [{ type: 'counted', data: { to: count + 1 } }] },
        })
        const decide = (): Promise<unknown> =>
          store.transact((tx) => {
            const scope = { streams: tx.streams, newId: newEventId, metadata: {}, publish: () => {} }
            return new AggregateSession(scope).decide(Counter, '1', 'count', {})
          })
        await Promise.all(Array.from({ length: 64 }, decide))
        expect(await loadAggregate(store.streams, Counter, '1')).toMatchObject({ state: { count: 64 }, version: 64 })
      })

      it('costs one statement', async () => {
        const sent: string[] = []
        const run = async (text: string): Promise<{ command: string; rowCount: number; rows: object[] }> => {
          sent.push(text)
          return { command: 'INSERT', rowCount: 1, rows: [{ version: '1', position: '1', xid: '7' }] }
        }
        await append(run, 'a-1', [fact('x')], 0)
        await append(run, 'a-1', [fact('x'), fact('y')], 'any')
        expect(sent).toHaveLength(2)
      })
    })

    describe('when the connection goes away', () => {
      let proxy: CuttingProxy
      let cut: PostgresStore
      beforeEach(async () => {
        proxy = await startCuttingProxy(url)
        cut = await openStore(proxy.url, { prepareStatements: false })
      })
      afterEach(async () => {
        await cut.close(1_000)
        await proxy.close()
      })

      it.each(['before', 'all'] as const)('T20, T27: an append alone is applied once (cut: %s)', async (where) => {
        for (const [version, expected] of [0, 1, 'any', 'exists'].entries()) {
          proxy.arm(where, 'banyan.stream_event')
          const appended = await cut.streams.append('a-1', [fact(`${version}a`), fact(`${version}b`)], {
            expected: expected === 1 ? 2 : (expected as 'any'),
          })
          expect(appended.version).toBe(2 * version + 2)
          expect(appended.repeated).toBe(where === 'all')
        }
        expect(labelsOf((await store.streams.read('a-1')).events)).toEqual(
          [0, 1, 2, 3].flatMap((version) => [`${version}a`, `${version}b`]),
        )
      })

      it('an append whose answer was lost while somebody else was quicker is a conflict, and not applied', async () => {
        proxy.arm('before', 'banyan.stream_event')
        const slow = cut.streams.append('a-1', [fact('slow')], { expected: 'none' })
        await store.streams.append('a-1', [fact('quick')], { expected: 'any' })
        const outcome = await slow.then(
          () => 'applied',
          (error: { reason?: string }) => error.reason,
        )
        const labels = labelsOf((await store.streams.read('a-1')).events)
        expect([outcome, labels]).toEqual(
          outcome === 'applied' ? ['applied', ['slow', 'quick']] : ['VERSION_CONFLICT', ['quick']],
        )
      })

      it.each(['answer', 'all'] as const)(
        'T20: a transaction with an append is known by its id (cut: %s)',
        async (where) => {
          let runs = 0
          proxy.arm(where)
          const result = await cut.transact(async (tx) => {
            runs += 1
            return tx.streams.append('a-1', [fact('x')], { expected: 'none' })
          })
          expect([result.version, runs]).toEqual([1, 1])
          expect(labelsOf((await store.streams.read('a-1')).events)).toEqual(['x'])
        },
      )

      it('T20: a transaction whose COMMIT never arrived runs again, and appends once', async () => {
        let runs = 0
        proxy.arm('before')
        const result = await cut.transact(async (tx) => {
          runs += 1
          return tx.streams.append('a-1', [fact('x')], { expected: 'none' })
        })
        expect([result.version, runs]).toEqual([1, 2])
        expect(labelsOf((await store.streams.read('a-1')).events)).toEqual(['x'])
      })
    })
  },
  'server',
)

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
