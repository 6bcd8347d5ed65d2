/** T15: who may write for a group, seen from several hosts at once. */
import { AlreadyApplied, type DeliveryMark, Fenced } from 'banyan/store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { describeEngines, oneDatabase, shiftClock } from '../testing/engines.ts'
import { emptyStore, hold, newEvent, newEventId, openStore, readLabels, rejection } from '../testing/fixtures.ts'
import type { PostgresStore } from './postgres-store.ts'

const leaseMs = 10_000

describeEngines('fencing', (engine) => {
  const databaseOf = oneDatabase()
  let url: string
  let one: PostgresStore
  let two: PostgresStore
  beforeEach(async () => {
    url = await databaseOf(engine())
    one = await openStore(url)
    two = await openStore(url)
    await emptyStore(url)
  })
  afterEach(async () => {
    await Promise.all([one.close(100), two.close(100)])
  })

  const markFor = async (store: PostgresStore, holder: string): Promise<DeliveryMark> => {
    const assignment = await store.inbox.claim('g', 'source', holder, leaseMs, 0)
    if (assignment === undefined) throw new Error(`${holder} did not get the assignment`)
    return { group: 'g', source: 'source', epoch: assignment.epoch, eventId: newEventId(), offset: 1, key: 'k' }
  }

  it('keeping the lease and moving the low-water mark do not wait for an effect that is being applied', async () => {
    const delivery = await markFor(one, 'host-1')
    const effect = await hold(one, { delivery })
    await effect.tx.sql`INSERT INTO item VALUES ('a', 1)`
    expect(await one.inbox.claim('g', 'source', 'host-1', leaseMs, 0)).toMatchObject({ epoch: delivery.epoch })
    expect(await one.inbox.advance({ group: 'g', source: 'source', epoch: delivery.epoch, cursor: 0 }, 5)).toBe(true)
    await effect.commit()
  })

  it('a take-over waits for an effect that is being applied, and sees its mark', async () => {
    const delivery = await markFor(one, 'host-1')
    const effect = await hold(one, { delivery })
    await effect.tx.sql`INSERT INTO item VALUES ('a', 1)`
    await shiftClock(url, leaseMs + 1)
    let taken = false
    const takeOver = two.inbox.claim('g', 'source', 'host-2', leaseMs, 0).then((assignment) => {
      taken = true
      return assignment
    })
    await expect.poll(() => waitingForLock(one)).toBe(1)
    expect(taken).toBe(false)
    await effect.commit()
    expect((await takeOver)?.epoch).toBe(delivery.epoch + 1)
    expect(await two.inbox.marked('g', [delivery.eventId])).toEqual(new Set([delivery.eventId]))
  })

  it('a zombie that wakes after the take-over writes nothing at all', async () => {
    const old = await markFor(one, 'host-1')
    await shiftClock(url, leaseMs + 1)
    const current = await markFor(two, 'host-2')
    const assignment = { group: 'g', source: 'source', epoch: old.epoch, cursor: 0 }
    const zombie = one.transact(
      async (tx) => {
        await tx.sql`INSERT INTO item VALUES ('zombie', 1)`
        tx.publish(newEvent('zombie'))
      },
      { delivery: old },
    )
    expect(await rejection(zombie)).toBeInstanceOf(Fenced)
    const parked = { type: 't', envelope: '{}', attempts: 1, error: 'e' }
    expect(await rejection(one.inbox.park(old, parked))).toBeInstanceOf(Fenced)
    expect(await rejection(one.inbox.failed(assignment, old.eventId, 'e'))).toBeInstanceOf(Fenced)
    expect(await one.inbox.advance(assignment, 9)).toBe(false)
    expect(await one.inbox.trim(assignment, 0)).toBe(0)
    expect(await one.sql`SELECT * FROM item`).toEqual([])
    expect((await readLabels(one.outbox, undefined)).labels).toEqual([])
    await two.transact((tx) => tx.sql`INSERT INTO item VALUES ('current', 1)`, { delivery: current })
    expect(await one.inbox.parked(10)).toEqual([])
  })

  it('T18, T19: a mark belongs to one group, and a failed attempt leaves none', async () => {
    const delivery = await markFor(one, 'host-1')
    const other = await one.inbox.claim('h', 'source', 'host-1', leaseMs, 0)
    const failing = one.transact(async () => Promise.reject(new Error('no')), { delivery })
    expect(await rejection(failing)).toMatchObject({ message: 'no' })
    await one.transact((tx) => tx.sql`INSERT INTO item VALUES ('g', 1)`, { delivery })
    await one.transact((tx) => tx.sql`INSERT INTO item VALUES ('h', 1)`, {
      delivery: { ...delivery, group: 'h', epoch: other?.epoch ?? 0 },
    })
    expect(await rejection(one.transact(async () => 1, { delivery }))).toBeInstanceOf(AlreadyApplied)
    expect(await one.sql`SELECT sku FROM item ORDER BY sku`).toEqual([{ sku: 'g' }, { sku: 'h' }])
  })

  it.each(['read committed', 'repeatable read', 'serializable'] as const)(
    'a delivery and a key are applied once when eight hosts race (%s)',
    async (isolation) => {
      const delivery = await markFor(one, 'host-1')
      const idempotency = { scope: 's', key: isolation, fingerprint: 'f', keepMs: 60_000 }
      for (const options of [{ delivery }, { idempotency }]) {
        const racers = Array.from({ length: 8 }, (_, index) =>
          (index % 2 ? one : two)
            .transact(
              async (tx) => {
                await tx.sql`INSERT INTO item VALUES (${`${isolation} ${Object.keys(options)} ${index}`}, 1)`
              },
              { ...options, isolation },
            )
            .catch((error: { code: string }) => expect(['ALREADY_EXISTS', 'ABORTED']).toContain(error.code)),
        )
        await Promise.all(racers)
      }
      expect(await one.sql`SELECT count(*)::int AS n FROM item`).toEqual([{ n: 2 }])
    },
  )
})

async function waitingForLock(store: PostgresStore): Promise<number> {
  const [row] = await store.sql<{ n: number }>`
    SELECT count(*)::int AS n FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%banyan.consumer%'`
  return row?.n ?? 0
}
