/** T18 to T20: what becomes of a transaction when the connection, the backend or the whole server goes away around COMMIT. */
import { AlreadyApplied, type StoreTransaction } from 'banyan/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CuttingProxy, startCuttingProxy } from '../testing/cutting-proxy.ts'
import { asAdmin, describeEngines, oneDatabase } from '../testing/engines.ts'
import { emptyStore, newEvent, newEventId, openStore, readLabels, rejection } from '../testing/fixtures.ts'
import type { PostgresStore } from './postgres-store.ts'

describeEngines('commit', (engine) => {
  const databaseOf = oneDatabase()
  let url: string
  let proxy: CuttingProxy
  let store: PostgresStore
  let runs: number
  beforeEach(async () => {
    url = await databaseOf(engine())
    proxy = await startCuttingProxy(url)
    store = await openStore(proxy.url, { prepareStatements: false })
    await emptyStore(url)
    runs = 0
  })
  afterEach(async () => {
    await store.close(1_000)
    await proxy.close()
  })

  const items = async (): Promise<string[]> =>
    (await store.sql<{ sku: string }>`SELECT sku FROM item ORDER BY sku`).map((row) => row.sku)
  const order = (publish: boolean, options: Parameters<PostgresStore['transact']>[1] = {}): Promise<string> =>
    store.transact(async (tx) => {
      runs += 1
      await tx.sql`INSERT INTO item VALUES (${`run ${runs}`}, 1)`
      if (publish) tx.publish(newEvent('ordered'))
      return `run ${runs}`
    }, options)
  const claim = { scope: 's', key: 'k', fingerprint: 'f', keepMs: 60_000 }
  const claimDelivery = async (): Promise<{
    group: string
    source: string
    epoch: number
    eventId: string
    offset: number
    key: string
  }> => {
    const assignment = await store.inbox.claim('g', 'source', 'host-1', 60_000, 0)
    return { group: 'g', source: 'source', epoch: assignment?.epoch ?? 0, eventId: newEventId(), offset: 1, key: 'k' }
  }

  it.each([true, false])(
    'T20: applied but the answer lost is success, and the work runs once (events: %s)',
    async (publish) => {
      proxy.arm('answer')
      expect(await order(publish)).toBe('run 1')
      expect([runs, await items()]).toEqual([1, ['run 1']])
      expect((await readLabels(store.outbox, undefined)).labels).toEqual(publish ? ['ordered'] : [])
    },
  )

  it('T20: the transaction of a delivery is looked up even when nothing of the last flight was heard', async () => {
    const delivery = await claimDelivery()
    proxy.arm('all')
    expect(await order(true, { delivery })).toBe('run 1')
    expect([runs, await items()]).toEqual([1, ['run 1']])
    expect(await store.inbox.marked('g', [delivery.eventId])).toEqual(new Set([delivery.eventId]))
  })

  it('T19: a delivery whose COMMIT never arrived runs again, and its mark is not in the way', async () => {
    const delivery = await claimDelivery()
    proxy.arm('before')
    expect(await order(true, { delivery })).toBe('run 2')
    expect([runs, await items()]).toEqual([2, ['run 2']])
    expect((await readLabels(store.outbox, undefined)).labels).toEqual(['ordered'])
  })

  it.each(['all', 'before'] as const)('a key is served once whatever was lost (%s)', async (cut) => {
    proxy.arm(cut)
    const first = await order(true, { idempotency: claim })
    expect(await order(true, { idempotency: claim })).toBe(first)
    expect(await items()).toEqual([first])
  })

  describe('when the server crashes and gives the id of a transaction out again', () => {
    /** Crashes the server in the work and lets others have the ids that were lost; true when one of them has the work's. */
    const crashIn = async (tx: StoreTransaction): Promise<boolean> => {
      const [mine] = await tx.sql<{ xid: string }>`SELECT pg_current_xact_id()::text AS xid`
      await engine().crash?.()
      await engine().restart?.()
      return asAdmin(url, async (admin) => {
        for (;;) {
          const { rows } = await admin.query('SELECT pg_current_xact_id() > $1::xid8 AS past', [mine?.xid])
          if (rows[0]?.past) break
        }
        const { rows } = await admin.query('SELECT pg_xact_status($1::xid8) AS status', [mine?.xid])
        return rows[0]?.status === 'committed'
      })
    }
    /** An order in whose first run the server crashes, until the id of that run was indeed given to somebody else. */
    const orderInCrash = async (
      options: Parameters<PostgresStore['transact']>[1],
      before: (tx: StoreTransaction) => Promise<unknown> = async () => {},
    ): Promise<PromiseSettledResult<string>> => {
      for (;;) {
        await asAdmin(url, (admin) => admin.script('DELETE FROM item'))
        runs = 0
        let reused = false
        const work = store.transact(async (tx) => {
          runs += 1
          const run = `run ${runs}`
          await before(tx)
          await tx.sql`INSERT INTO item VALUES (${run}, 1)`
          if (run === 'run 1') reused = await crashIn(tx)
          return run
        }, options)
        const [outcome] = await Promise.allSettled([work])
        if (reused) return outcome
      }
    }

    it('does not take the end of the other for its own: with a key it runs again', async (test) => {
      if (engine().crash === undefined) return test.skip() // Nothing crashes the embedded server here.
      const key = { ...claim, key: 'crash' }
      expect(await orderInCrash({ idempotency: key })).toMatchObject({ value: 'run 2' })
      expect(await items()).toEqual(['run 2'])
    })

    it('does not take the end of the other for its own: without one it says that it does not know', async (test) => {
      if (engine().crash === undefined) return test.skip() // Nothing crashes the embedded server here.
      const append = (tx: StoreTransaction): Promise<unknown> =>
        tx.streams.append(`crash-${newEventId()}`, [{ id: newEventId(), type: 'done', data: {} }], { expected: 'none' })
      expect(await orderInCrash({}, append)).toMatchObject({ reason: { reason: 'COMMIT_UNKNOWN', outcome: 'unknown' } })
      expect([runs, await items()]).toEqual([1, []])
    })

    // As the server forgets it; the transaction itself is not lost here, only the answer.
    const forget = (): Promise<unknown> => asAdmin(url, (admin) => admin.script('DELETE FROM banyan.incarnation'))

    it('believes an event of its own', async () => {
      await store.ping()
      await forget()
      proxy.arm('answer')
      expect(await order(true)).toBe('run 1')
      expect([runs, await items()]).toEqual([1, ['run 1']])
    })

    it('believes the mark of a delivery, and the row of a key, when it runs again', async () => {
      const delivery = await claimDelivery()
      await forget()
      proxy.arm('answer')
      expect(await rejection(order(false, { delivery }))).toBeInstanceOf(AlreadyApplied)
      expect([runs, await items()]).toEqual([2, ['run 1']])
      await forget()
      proxy.arm('answer')
      const keyed = await order(false, { idempotency: { ...claim, key: 'forgotten' } })
      expect([keyed, runs, await items()]).toEqual(['run 3', 3, ['run 1', 'run 3']])
    })

    it('says that it does not know when it may not run again', async () => {
      const stop = new AbortController()
      const backOff = (): number => {
        stop.abort()
        return 0
      }
      const own = await openStore(proxy.url, { prepareStatements: false, random: backOff })
      await own.ping()
      await forget()
      proxy.arm('answer')
      const work = own.transact((tx) => tx.sql`INSERT INTO item VALUES ('a', 1)`, {
        idempotency: { ...claim, key: 'stopped' },
        signal: stop.signal,
      })
      expect(await rejection(work)).toMatchObject({ reason: 'COMMIT_UNKNOWN', outcome: 'unknown' })
      await own.close()
      expect(await items()).toEqual(['a'])
    })
  })

  it('says that it does not know when nothing can tell', async () => {
    proxy.arm('before')
    expect(await rejection(order(false))).toMatchObject({ code: 'UNAVAILABLE', retryable: false, outcome: 'unknown' })
    expect(runs).toBe(1)
  })

  it('finds an event in the outbox when that is all there is to go by', async () => {
    proxy.arm('all')
    expect(await order(true)).toBe('run 1')
    expect(await items()).toEqual(['run 1'])
  })

  it('passes on what a deferred constraint says at COMMIT, as an error and not as a doubt', async () => {
    await asAdmin(url, (session) =>
      session.script(`CREATE TABLE IF NOT EXISTS child (sku text REFERENCES item DEFERRABLE INITIALLY DEFERRED)`),
    )
    const work = store.transact((tx) => tx.sql`INSERT INTO child VALUES ('nobody')`)
    expect(await rejection(work)).toMatchObject({ code: 'INTERNAL', cause: { code: '23503' } })
  })

  it('runs again when its backend is terminated inside COMMIT before anything was written', async () => {
    await asAdmin(url, (session) => session.script(terminateFirst))
    await store.transact((tx) => tx.sql`INSERT INTO fragile VALUES (1)`)
    expect(await store.sql`SELECT * FROM fragile`).toEqual([{ n: 1 }])
  })

  it('reports a swallowed error of a statement instead of a commit that did not happen', async () => {
    const work = store.transact(async (tx) => {
      await tx.sql`INSERT INTO item VALUES ('a', 1)`
      await tx.sql`SELECT 1 / 0`.catch(() => {})
    })
    expect(await rejection(work)).toMatchObject({ reason: 'STATEMENT_FAILED', cause: { code: '22012' } })
    expect(await items()).toEqual([])
  })

  it.each(['COMMIT', ' rollback', 'BEGIN', 'START TRANSACTION', 'end'])('refuses %s from the work', async (text) => {
    const work = store.transact(async (tx) => {
      await tx.sql`INSERT INTO item VALUES ('a', 1)`
      const template = Object.assign([text], { raw: [text] })
      await tx.sql(template)
    })
    expect(await rejection(work)).toMatchObject({ reason: 'TRANSACTION_CONTROL' })
    expect(await items()).toEqual([])
  })

  it('goes on after an error under a savepoint', async () => {
    await store.transact(async (tx) => {
      await tx.sql`INSERT INTO item VALUES ('a', 1)`
      await tx.sql`SAVEPOINT one`
      await tx.sql`SELECT 1 / 0`.catch(() => {})
      await tx.sql`ROLLBACK TO one`
    })
    expect(await items()).toEqual(['a'])
  })

  describe('40001 and 40P01', () => {
    it('run the work again, at most three times in all', async () => {
      await store.transact((tx) => tx.sql`INSERT INTO item VALUES ('a', 0)`)
      let attempts = 0
      const raise = (times: number): Promise<unknown> =>
        store.transact(async (tx) => {
          attempts += 1
          if (attempts <= times) await tx.sql`SELECT raise_state('40001')`
          await tx.sql`UPDATE item SET n = ${attempts}`
        })
      await asAdmin(url, (session) => session.script(raiseState))
      await raise(2)
      expect(await store.sql`SELECT n FROM item`).toEqual([{ n: 3 }])
      attempts = 0
      expect(await rejection(raise(9))).toMatchObject({ code: 'ABORTED', retryable: true, cause: { code: '40001' } })
      expect(attempts).toBe(3)
    })

    it('64 serializable transactions on one row lose no update', async () => {
      await store.transact((tx) => tx.sql`INSERT INTO item VALUES ('a', 0)`)
      const one = async (): Promise<void> => {
        for (;;) {
          const error = await add().catch((thrown: { code?: string }) => thrown)
          if (error === undefined) return
          expect(error).toMatchObject({ code: 'ABORTED' })
        }
      }
      const add = (): Promise<undefined> =>
        store.transact(
          async (tx) => {
            const [row] = await tx.sql<{ n: number }>`SELECT n FROM item`
            await tx.sql`UPDATE item SET n = ${(row?.n ?? 0) + 1}`
            return undefined
          },
          { isolation: 'serializable' },
        )
      await Promise.all(Array.from({ length: 64 }, one))
      expect(await store.sql`SELECT n FROM item`).toEqual([{ n: 64 }])
    })
  })
})

const terminateFirst = `
  DROP TABLE IF EXISTS fragile;
  DROP SEQUENCE IF EXISTS commits;
  CREATE SEQUENCE commits;
  CREATE TABLE fragile (n int);
  CREATE OR REPLACE FUNCTION terminate_first() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF nextval('commits') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); END IF;
    RETURN NULL;
  END $$;
  CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON fragile DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION terminate_first()`

const raiseState = `
  CREATE OR REPLACE FUNCTION raise_state(state text) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN RAISE EXCEPTION 'made for a test' USING ERRCODE = state; END $$`
