/** Sagas where only a database can go wrong: rows that others have locked, answers that are lost, plans that read too much. */
import { realEnvironment } from 'banyan/core'
import type { NewSaga, SagaChange, SagaWrite } from 'banyan/store'
import { expect, it } from 'vitest'
import type { Session } from '../client/session.ts'
import { startCuttingProxy } from '../testing/cutting-proxy.ts'
import { asAdmin, describeEngines, oneDatabase } from '../testing/engines.ts'
import { emptyStore, hold, openStore, rejection } from '../testing/fixtures.ts'
import { listStatement } from './postgres-saga-views.ts'
import type { PostgresStore } from './postgres-store.ts'
import { createPostgresStore } from './postgres-store.ts'

const { random } = realEnvironment()
const databaseOf = oneDatabase()
const wait: SagaChange = { to: 'wait', dueMs: undefined, mail: 0, note: '' }
const end: SagaChange = { to: 'completed', outcome: '{}' }
const mail = { id: 'm', kind: 'signal', name: 'm', key: '', body: '{}' }

function newSaga(given: Partial<NewSaga> = {}): NewSaga {
  const id = random.uuidv7()
  const nothing = { timeoutMs: undefined, correlations: [], parent: undefined, traceparent: undefined }
  const start = { id, name: 'checkout', version: 1, key: id, run: 1, input: '{}', startedBy: 'test' }
  return { ...start, priority: 'normal', ...nothing, ...given }
}

function write({ id }: { readonly id: string }, n: number, change?: SagaChange): SagaWrite {
  const entry = { n, seq: n, kind: 'step', name: 's', atMs: 1_767_225_600_000, body: '{}' }
  return { id, epoch: 1, holder: 'h1#a', entries: [entry], ...(change === undefined ? {} : { change }) }
}

describeEngines(
  'sagas in Postgres',
  (engine) => {
    async function withStore(work: (store: PostgresStore, url: string) => Promise<void>): Promise<void> {
      const url = await databaseOf(engine())
      const store = await openStore(url)
      try {
        await emptyStore(url)
        await store.sagas.beat('h1#a', 10_000, new Map())
        await work(store, url)
      } finally {
        await store.close()
      }
    }
    async function startHeld(store: PostgresStore, given: Partial<NewSaga> = {}): Promise<NewSaga> {
      const saga = newSaga(given)
      await store.sagas.start([saga], 'h1#a')
      return saga
    }
    /** Until so many sessions wait for a lock. */
    async function blocked(url: string, count = 1): Promise<void> {
      const text =
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
      await asAdmin(url, (admin) => expect.poll(async () => (await admin.query(text)).rows[0].n).toBe(count))
    }
    /** Something that is done in another session, and not committed until the work says so. */
    async function uncommitted(
      url: string,
      text: string,
      values: unknown[],
      work: (admin: Session) => Promise<void>,
    ): Promise<void> {
      await asAdmin(url, async (admin) => {
        await admin.query('BEGIN')
        await admin.query(text, values)
        await work(admin)
      })
    }

    it('mail that commits while a wait or a point of no return waits for its row refuses it', () =>
      withStore(async (store, url) => {
        for (const change of [wait, { to: 'running', mail: 0 } as const]) {
          const saga = await startHeld(store)
          const sending = await hold(store)
          await sending.tx.sagas.send(saga.id, mail)
          const writing = store.sagas.write([write(saga, 1, change)])
          await blocked(url)
          await sending.commit()
          expect(await writing, change.to).toEqual(['mail'])
          expect(await store.sagas.find(saga.id)).toMatchObject({
            holder: 'h1#a',
            length: change.to === 'wait' ? 1 : 0,
          })
        }
      }))

    it('a take-over that commits while a write waits for the row fences it, whatever it writes', () =>
      withStore(async (store, url) => {
        const takeOver = "UPDATE banyan.saga SET epoch = 2, holder = 'h2#a' WHERE id = $1"
        for (const change of [undefined, wait, end]) {
          const [saga, mine] = [await startHeld(store), await startHeld(store)]
          await uncommitted(url, takeOver, [saga.id], async (admin) => {
            const writing = store.sagas.write([write(saga, 1, change), write(mine, 1, change)])
            await blocked(url)
            await admin.query('COMMIT')
            expect(await writing).toEqual(['fenced', 'written'])
          })
          expect(await store.sagas.entries(saga.id, 0, 10)).toEqual([])
        }
      }))

    it('a write that is repeated while the first of it is still under way is written once, and known', () =>
      withStore(async (store, url) => {
        for (const change of [undefined, wait, end, { to: 'running', mail: 0 } as const]) {
          const saga = await startHeld(store)
          await uncommitted(url, 'SELECT FROM banyan.saga WHERE id = $1 FOR UPDATE', [saga.id], async (admin) => {
            const both = [store.sagas.write([write(saga, 1, change)]), store.sagas.write([write(saga, 1, change)])]
            await blocked(url, 2)
            await admin.query('COMMIT')
            expect(await Promise.all(both)).toEqual([['written'], ['written']])
          })
          expect(await store.sagas.entries(saga.id, 0, 10)).toHaveLength(1)
        }
      }))

    it('a beat does not wait for a step of a dead host that holds its row, and lets the run go once that is over', () =>
      withStore(async (store, url) => {
        const saga = await startHeld(store)
        const step = await hold(store)
        await step.tx.sagas.write(write(saga, 1))
        await asAdmin(url, (admin) => admin.query("UPDATE banyan.saga_host SET alive_until = 'epoch'"))
        expect(await store.sagas.beat('h2#a', 10_000, new Map())).toMatchObject({ reaped: 0 })
        await step.commit()
        expect(await store.sagas.beat('h2#a', 10_000, new Map())).toMatchObject({ reaped: 1 })
        expect(await store.sagas.write([write(saga, 2)])).toEqual(['fenced'])
      }))

    it('a take passes by what others have locked', () =>
      withStore(async (store) => {
        const [busy, free] = [newSaga(), newSaga()]
        await store.sagas.start([busy, free])
        const sending = await hold(store)
        await sending.tx.sagas.send(busy.id, mail)
        const request = { holder: 'h1#a', kinds: [{ name: 'checkout', version: 1 }], limit: 10 }
        expect((await store.sagas.take(request)).taken.map(({ saga }) => saga.id)).toEqual([free.id])
        const again = await store.sagas.take(request)
        expect(again.taken).toEqual([])
        expect(again.nextInMs).toBeGreaterThan(0)
        await sending.commit()
        expect((await store.sagas.take(request)).taken.map(({ saga }) => saga.id)).toEqual([busy.id])
      }))

    it('groups whose runs tell each other’s parents never deadlock', () =>
      withStore(async (store, url) => {
        const deadlocks = 'SELECT deadlocks::int AS n FROM pg_stat_database WHERE datname = current_database()'
        const count = (): Promise<number> => asAdmin(url, async (admin) => (await admin.query(deadlocks)).rows[0].n)
        const before = await count()
        for (let round = 0; round < 15; round++) {
          const parents = await Promise.all(Array.from({ length: 8 }, () => startHeld(store)))
          const children = await Promise.all(parents.map(({ id }) => startHeld(store, { parent: { id, seq: 1 } })))
          const half = <Item>(all: readonly Item[], odd: number): Item[] => all.filter((_, place) => place % 2 === odd)
          const groups = [0, 1].map((odd) => [
            ...half(children, odd).map((child) => write(child, 1, end)),
            ...half(parents, 1 - odd).map((parent) => write(parent, 1)),
          ])
          await Promise.all(groups.map((group) => store.sagas.write(group)))
          for (const { id } of parents) expect(await store.sagas.messages(id, 0)).toHaveLength(1)
        }
        expect(await count()).toBe(before)
      }))

    it.each(['all', 'before'] as const)(
      'a connection that is cut (%s) leaves it unknown, and the repetition writes it or knows it',
      (cut) =>
        withStore(async (store, url) => {
          const proxy = await startCuttingProxy(url)
          const through = await createPostgresStore({ url: proxy.url, service: 'cut' })
          try {
            for (const change of [undefined, wait, end]) {
              const saga = await startHeld(store)
              // The text of a statement goes over the wire while it is new to its connection.
              proxy.arm(cut, 'saga_write')
              const lost = await rejection(through.sagas.write([write(saga, 1, change)]))
              expect(lost).toMatchObject({ code: 'UNAVAILABLE', reason: 'COMMIT_UNKNOWN', outcome: 'unknown' })
              await expect.poll(async () => (await store.sagas.find(saga.id))?.length).toBe(cut === 'all' ? 1 : 0)
              expect(await store.sagas.write([write(saga, 1, change)])).toEqual(['written'])
              expect(await store.sagas.entries(saga.id, 0, 10)).toHaveLength(1)
            }
          } finally {
            await through.close()
            await proxy.close()
          }
        }),
    )

    it('nothing that hosts do all the time reads the whole table, though it was planned when that was empty', () =>
      withStore(async (_, url) =>
        asAdmin(url, async (admin) => {
          await admin.query('VACUUM ANALYZE banyan.saga')
          const id = random.uuidv7()
          const take = "SELECT count(*)::int AS n FROM banyan.saga_take('h1#a', ARRAY['sleeper'], ARRAY[1], 10, NULL)"
          const hot = [
            [take],
            [`SELECT banyan.saga_next_in(ARRAY['sleeper'], ARRAY[1])`],
            [`SELECT banyan.saga_beat('h1#a', 10000, 1000, ARRAY[$1]::uuid[], ARRAY[0])`, [id]],
            [
              `SELECT banyan.saga_write('h1#a', ARRAY[$1]::uuid[], '{1}', '{NULL}', '{1}', '{0}', '{1}', '{1}', '{k}', '{n}', '{b}', '{1}',
            '{completed}', '{NULL}', '{NULL}', '{""}', '{o}', '{NULL}', NULL, NULL, NULL, NULL, NULL)`,
              [id],
            ],
          ] as const
          const run = async (): Promise<void> => {
            for (const [text, values] of hot) await admin.query(text, values ?? [])
          }
          await run()
          const sleepers = `INSERT INTO banyan.saga (id, name, version, key, run, priority, state, epoch, due_at, started_at, changed_at,
            started_by, input)
          SELECT gen_random_uuid(), 'sleeper', 1, i::text, 1, 1, 'running', 1,
            banyan.now() + CASE WHEN i <= 3 THEN interval '-1 s' ELSE interval '1 day' END, banyan.now(), banyan.now(), 'test', '{}'
          FROM generate_series(1, 20000) AS i`
          await admin.query(sleepers)
          await admin.query('BEGIN')
          await run()
          const scans =
            "SELECT seq_scan::int AS seq, seq_tup_read::int AS rows, idx_tup_fetch::int AS fetched FROM pg_stat_xact_user_tables WHERE relname = 'saga'"
          const { rows } = await admin.query(scans)
          await admin.query('ROLLBACK')
          expect(rows[0]).toMatchObject({ seq: 0, rows: 0 })
          expect(rows[0].fetched).toBeLessThan(100)
          // What is stuck or parked is looked for every few seconds, among any number that sleep.
          await admin.script(
            "ANALYZE banyan.saga; UPDATE banyan.saga SET state = 'parked', due_at = NULL WHERE name = 'sleeper' AND key = '9'",
          )
          await admin.query('BEGIN')
          for (const [filter, count] of [
            [{ stuckMs: 500, limit: 100 }, 3],
            [{ states: ['parked'], limit: 100 }, 1],
          ] as const) {
            const { text, values: given } = listStatement(filter)
            expect((await admin.query(text, given)).rows).toHaveLength(count)
          }
          expect((await admin.query(scans)).rows[0]).toMatchObject({ seq: 0, fetched: expect.toSatisfy((n) => n < 50) })
          await admin.query('ROLLBACK')
          expect((await admin.query(take)).rows).toEqual([{ n: 3 }])
        }),
      ))
  },
  'server',
)
