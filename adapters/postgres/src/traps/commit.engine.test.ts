/**
 * Traps 9 and 12: an answer that is lost, and writers that meet. The proxy cuts a connection after the server has committed and
 * before the client hears of it.
 */
import { VersionConflict } from 'banyan/store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { PostgresStore } from '../store/postgres-store.ts'
import { type CuttingProxy, startCuttingProxy } from '../testing/cutting-proxy.ts'
import { asAdmin, describeEngines, oneDatabase } from '../testing/engines.ts'
import { emptyStore, hold, newEvent, newEventId, openStore, readLabels } from '../testing/fixtures.ts'

describeEngines('traps of committing', (engine) => {
  const databaseOf = oneDatabase()
  let url: string
  let proxy: CuttingProxy
  let store: PostgresStore
  beforeEach(async () => {
    url = await databaseOf(engine())
    proxy = await startCuttingProxy(url)
    store = await openStore(proxy.url, { prepareStatements: false })
    await emptyStore(url)
    const naive = 'DROP TABLE IF EXISTS naive; CREATE TABLE naive (stream text NOT NULL, version int NOT NULL)'
    await asAdmin(url, (admin) => admin.script(naive))
  })
  afterEach(async () => {
    await store.close(1_000)
    await proxy.close()
  })

  const versions = async (): Promise<number[]> =>
    (await store.sql<{ version: number }>`SELECT version FROM naive ORDER BY version`).map((row) => row.version)

  it('trap 9: COMMIT was applied and its answer lost; trying again does it twice, reading back does not', async () => {
    proxy.arm('answer')
    const insert = (): Promise<unknown> =>
      asAdmin(proxy.url, async (session) => {
        await session.query('BEGIN')
        await session.query("INSERT INTO naive VALUES ('account', 1)")
        await session.query('COMMIT')
      })
    await insert().catch(insert)
    expect(await versions()).toEqual([1, 1])

    proxy.arm('answer')
    let runs = 0
    await store.transact(async (tx) => {
      runs += 1
      await tx.sql`INSERT INTO naive VALUES ('account', 2)`
      tx.publish(newEvent('counted'))
    })
    expect([runs, await versions()]).toEqual([1, [1, 1, 2]])
    expect((await readLabels(store.outbox, undefined)).labels).toEqual(['counted'])
  })

  it('trap 12: two look at the version and insert the next; READ COMMITTED gives it to both, the event store to one', async () => {
    const appendNaively = async (): Promise<{ commit(): Promise<void> }> => {
      const held = await hold(store)
      const [row] = await held.tx.sql<{ next: number }>`SELECT coalesce(max(version), 0) + 1 AS next FROM naive`
      await held.tx.sql`INSERT INTO naive VALUES ('stream', ${row?.next}::int)`
      return held
    }
    const [one, two] = [await appendNaively(), await appendNaively()]
    await Promise.all([one.commit(), two.commit()])
    expect(await versions()).toEqual([1, 1])

    const stream = `order-${newEventId()}`
    const fact = () => ({ id: newEventId(), type: 'placed', data: {} })
    const tries = Array.from({ length: 64 }, () => store.streams.append(stream, [fact()], { expected: 'none' }))
    const outcomes = await Promise.allSettled(tries)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(VersionConflict)
    expect((await store.streams.read(stream)).events.map(({ version }) => version)).toEqual([1])
  })

  it('trap 12: the answer to an append was lost; sending it anew doubles the fact, the same ids say that it is there', async () => {
    const stream = `order-${newEventId()}`
    const event = { id: newEventId(), type: 'placed', data: {} }
    proxy.arm('all', 'placed')
    const appended = await store.streams.append(stream, [event], { expected: 'none' })
    expect(appended.version).toBe(1)
    expect(await store.streams.append(stream, [event], { expected: 'none' })).toMatchObject({
      version: 1,
      repeated: true,
    })
    // The naive way: a new id for every try, and no expectation.
    await store.streams.append(stream, [{ ...event, id: newEventId() }], { expected: 'any' })
    expect((await store.streams.read(stream)).events.map(({ type }) => type)).toEqual(['placed', 'placed'])
  })
})
