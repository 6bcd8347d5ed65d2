/** The pool and its sessions: bounds, aborts, broken connections, a server that goes away and comes back. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startCuttingProxy } from '../testing/cutting-proxy.ts'
import { asAdmin, describeEngines, oneDatabase } from '../testing/engines.ts'
import { emptyStore, hold, newEvent, openStore, readLabels, rejection } from '../testing/fixtures.ts'
import type { PostgresStore } from './postgres-store.ts'

describeEngines('connections', (engine) => {
  const databaseOf = oneDatabase()
  let url: string
  const stores: PostgresStore[] = []
  const open = async (options: Parameters<typeof openStore>[1] = {}, at = url): Promise<PostgresStore> => {
    const store = await openStore(at, options)
    stores.push(store)
    return store
  }
  beforeEach(async () => {
    url = await databaseOf(engine())
    await open()
    await emptyStore(url)
  })
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close(100)))
  })

  it('holds its bounds: connections, waiters, waiting time', async () => {
    const store = await open({ maxConnections: 2, queueLimit: 3, acquireTimeoutMs: 200 })
    const held = [await hold(store), await hold(store)]
    for (const { tx } of held) await tx.sql`SELECT 1`
    const waiting = Array.from({ length: 3 }, () => rejection(store.ping()))
    expect(store.pool).toEqual({ open: 2, idle: 0, waiting: 3 })
    expect(await rejection(store.ping())).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'POOL_QUEUE_FULL',
      retryable: true,
    })
    for (const error of await Promise.all(waiting))
      expect(error).toMatchObject({ code: 'UNAVAILABLE', reason: 'POOL_TIMEOUT', retryable: true })
    await Promise.all(held.map((one) => one.commit()))
    await store.ping()
    expect(store.pool).toEqual({ open: 2, idle: 2, waiting: 0 })
  })

  it('serves waiters in the order they came', async () => {
    const store = await open({ maxConnections: 1 })
    const held = await hold(store)
    const order: number[] = []
    const waiting = [1, 2, 3].map((place) => store.ping().then(() => order.push(place)))
    await held.commit()
    await Promise.all(waiting)
    expect(order).toEqual([1, 2, 3])
  })

  it('lets a waiter leave when its signal is aborted', async () => {
    const store = await open({ maxConnections: 1 })
    const held = await hold(store)
    const abort = new AbortController()
    const waiting = rejection(store.transact(async () => 1, { signal: abort.signal }))
    abort.abort()
    expect(await waiting).toMatchObject({ code: 'CANCELLED', outcome: 'none' })
    expect(store.pool.waiting).toBe(0)
    await held.commit()
  })

  it('cancels the statement that runs when the signal is aborted, and nothing commits', async () => {
    const store = await open({ maxConnections: 1 })
    const abort = new AbortController()
    const work = rejection(
      store.transact(
        async (tx) => {
          await tx.sql`INSERT INTO item VALUES ('a', 1)`
          tx.publish(newEvent('lost'))
          await tx.sql`SELECT pg_sleep(60)`
        },
        { signal: abort.signal },
      ),
    )
    await expect.poll(() => sleeping(url)).toBe(1)
    abort.abort(new Error('the caller left'))
    expect(await work).toMatchObject({ code: 'CANCELLED', outcome: 'none' })
    // The server was told: without the cancel it would go on sleeping after the connection is gone.
    await expect.poll(() => sleeping(url), { timeout: 5_000 }).toBe(0)
    expect(await store.sql`SELECT * FROM item`).toEqual([])
    expect((await readLabels(store.outbox, undefined)).labels).toEqual([])
  })

  it('gives the connection to the next one at once when work is aborted between statements', async () => {
    const store = await open({ maxConnections: 1 })
    const abort = new AbortController()
    const never = Promise.withResolvers<void>()
    const started = Promise.withResolvers<void>()
    const work = rejection(
      store.transact(
        async (tx) => {
          await tx.sql`INSERT INTO item VALUES ('a', 1)`
          started.resolve()
          await never.promise
          await tx.sql`INSERT INTO item VALUES ('b', 1)`
        },
        { signal: abort.signal },
      ),
    )
    await started.promise
    abort.abort()
    expect(await work).toMatchObject({ code: 'CANCELLED' })
    const next = await hold(store)
    await next.tx.sql`INSERT INTO item VALUES ('c', 1)`
    never.resolve()
    await next.commit()
    expect(await store.sql`SELECT sku FROM item`).toEqual([{ sku: 'c' }])
  })

  it('forgets a connection that breaks while idle', async () => {
    const store = await open({ maxConnections: 1 })
    await store.ping()
    await terminateAll(url)
    await expect.poll(() => store.pool.open).toBe(0)
    await store.ping()
  })

  it('says UNAVAILABLE, retryable, when the connection breaks under a transaction before COMMIT', async () => {
    const store = await open({ maxConnections: 1 })
    const held = await hold(store)
    await held.tx.sql`INSERT INTO item VALUES ('a', 1)`
    await terminateAll(url)
    expect(await rejection(held.tx.sql`SELECT 1`)).toBeInstanceOf(Error)
    expect(await rejection(held.commit())).toMatchObject({ code: 'UNAVAILABLE' })
    expect(await store.sql`SELECT * FROM item`).toEqual([])
  })

  it('lets the server end a transaction that waits too long', async () => {
    const store = await open({ idleInTransactionMs: 100 })
    const held = await hold(store)
    await held.tx.sql`INSERT INTO item VALUES ('a', 1)`
    await expect.poll(() => store.pool.open).toBe(0)
    await rejection(held.tx.sql`SELECT 1`)
    expect(await rejection(held.commit())).toBeInstanceOf(Error)
    expect(await store.sql`SELECT * FROM item`).toEqual([])
  })

  it('gives up on a network that swallows everything', async () => {
    const proxy = await startCuttingProxy(url)
    const swallowed = await open({ statementTimeoutMs: 10, after: quick }, proxy.url)
    await swallowed.ping()
    proxy.swallow(true)
    expect(await rejection(swallowed.ping())).toMatchObject({ code: 'UNAVAILABLE' })
    proxy.swallow(false)
    await swallowed.ping()
    await proxy.close()
  })

  it('bears 64 transactions at once on 8 connections, each event once', async () => {
    const store = await open()
    const wanted = Array.from({ length: 64 }, (_, index) => `e${index}`)
    await Promise.all(
      wanted.map((label, index) =>
        store.transact(async (tx) => {
          await tx.db.insertInto('item').values({ sku: label, n: index }).execute()
          tx.publish(newEvent(label))
        }),
      ),
    )
    expect((await readLabels(store.outbox, undefined, 10)).labels.toSorted()).toEqual(wanted.toSorted())
    expect(await store.db.selectFrom('item').select('n').where('sku', '=', 'e63').execute()).toEqual([{ n: 63 }])
  })

  it('sends no statement on its own when BEGIN failed: concurrent ones wait for it', async () => {
    const store = await open()
    const work = store.transact(async (tx) => {
      await Promise.all([tx.sql`SELECT 1 / 0`, tx.sql`INSERT INTO item VALUES ('a', 1)`])
    })
    expect(await rejection(work)).toMatchObject({ cause: { code: '22012' } })
    expect(await store.sql`SELECT * FROM item`).toEqual([])
  })

  it('survives that a migration changes a table under prepared statements', async () => {
    const store = await open({ maxConnections: 1 })
    const read = (): Promise<unknown[]> => store.sql`SELECT * FROM item`
    for (let round = 0; round < 3; round += 1) await read()
    const inside = (): Promise<unknown[]> => store.transact((tx) => tx.sql`SELECT * FROM item`)
    for (let round = 0; round < 3; round += 1) await inside()
    await asAdmin(url, (session) => session.script('ALTER TABLE item ADD COLUMN added int'))
    expect(await read()).toEqual([])
    await asAdmin(url, (session) => session.script('ALTER TABLE item DROP COLUMN added'))
    expect(await inside()).toEqual([])
  })

  describe('a server that is killed and started again', () => {
    it('costs UNAVAILABLE while it is away, and nothing after', async (context) => {
      const { crash, restart } = engine()
      if (crash === undefined || restart === undefined) return context.skip()
      const store = await open({ connectTimeoutMs: 1_000 })
      await store.transact(async (tx) => tx.publish(newEvent('before')))
      const held = await hold(store)
      await held.tx.sql`INSERT INTO item VALUES ('open', 1)`
      await crash()
      await rejection(held.tx.sql`SELECT 1`)
      expect(await rejection(held.commit())).toMatchObject({ code: 'UNAVAILABLE' })
      expect(await rejection(store.ping())).toMatchObject({ code: 'UNAVAILABLE', retryable: true, outcome: 'none' })
      await restart()
      await store.transact(async (tx) => tx.publish(newEvent('after')))
      expect((await readLabels(store.outbox, undefined)).labels).toEqual(['before', 'after'])
      expect(await store.sql`SELECT * FROM item`).toEqual([])
    })
  })
})

/** A twentieth of the time. */
function quick(delayMs: number, callback: () => void): { cancel(): void } {
  const timer = setTimeout(callback, delayMs / 20)
  return { cancel: () => clearTimeout(timer) }
}

async function sleeping(url: string): Promise<number> {
  const text =
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()"
  const active = `${text} AND state = 'active'`
  return asAdmin(url, async (session) => (await session.query(active)).rows[0].n)
}

async function terminateAll(url: string): Promise<void> {
  const text = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name LIKE 'banyan%' AND datname = current_database() AND pid <> pg_backend_pid()`
  await asAdmin(url, (session) => session.query(text))
}
