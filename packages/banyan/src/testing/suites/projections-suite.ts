/** The contract of {@link Projections}: the books of read models, and the swap that no reader sees going back in time. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Assignment } from '../../store/inbox.ts'
import { type Projections, type ProjectionVersion, projectionGroup } from '../../store/projections.ts'
import type { OpenedStore } from './open.ts'
import { gate, markOf, present, rejection, sampleEvent } from './sample.ts'

const leaseMs = 10_000
const one: ProjectionVersion = { name: 'sales', version: 1 }
const two: ProjectionVersion = { name: 'sales', version: 2 }

/** Declares the suite; every implementation of the port runs it. */
export function projectionsSuite(name: string, open: () => Promise<OpenedStore>): void {
  describe(`${name}: projections`, () => {
    let opened: OpenedStore
    let projections: Projections
    let other: Projections
    beforeEach(async () => {
      opened = await open()
      projections = opened.store.projections
      other = (opened.second ?? opened.store).projections
    })
    afterEach(async () => opened.close())

    const feed = async (of: ProjectionVersion, upTo: number): Promise<Assignment> => {
      const { inbox } = opened.store
      const assignment = present(await inbox.claim(projectionGroup(of), 'sample', 'host-1', leaseMs, 0))
      await inbox.advance(assignment, upTo)
      return assignment
    }
    const ends = (end: number) => async (): Promise<ReadonlyMap<string, number>> => new Map([['sample', end]])
    const phases = async (): Promise<string[]> =>
      (await projections.list()).map(({ name, version, phase }) => `${name}@${version} ${phase}`)

    it('know nothing of what nobody registered', async () => {
      expect([await projections.list(), await projections.live('sales')]).toEqual([[], undefined])
      expect(await projections.progress(one)).toEqual([])
      expect(await projections.swap(one, { ends: ends(0) })).toBe('unknown')
      expect(await projections.drop(one)).toBe(false)
    })

    it('enter a version once, and create what it needs once, when many hosts come at once', async () => {
      let created = 0
      const create = async (): Promise<void> => {
        created += 1
      }
      const records = await Promise.all(
        Array.from({ length: 8 }, (_, index) => (index % 2 ? other : projections).register(one, 'sample', create)),
      )
      expect([created, new Set(records.map(({ createdAt }) => createdAt)).size]).toEqual([1, 1])
      expect(await phases()).toEqual(['sales@1 building'])
    })

    it('keep nothing of a version whose creation failed', async () => {
      const failing = projections.register(one, 'sample', async () => Promise.reject(new Error('no such table')))
      expect(await rejection(failing)).toMatchObject({ message: 'no such table' })
      expect(await projections.list()).toEqual([])
    })

    it('show how far each version has come, apart', async () => {
      await feed(one, 7)
      await feed(two, 3)
      expect(await other.progress(one)).toEqual([{ source: 'sample', done: 7 }])
      expect(await other.progress(two)).toEqual([{ source: 'sample', done: 3 }])
    })

    it('make a version live when it is where the log ends, and retire the one before', async () => {
      await projections.register(one, 'sample')
      await projections.register(two, 'sample')
      await feed(one, 5)
      expect(await projections.swap(one, { ends: ends(5) })).toBe('swapped')
      expect(await projections.swap(one, { ends: ends(5) })).toBe('live already')
      await feed(two, 5)
      expect(await other.swap(two, { ends: ends(5) })).toBe('swapped')
      expect([await projections.live('sales'), await phases()]).toEqual([
        { ...two, build: 1 },
        ['sales@1 retired', 'sales@2 live'],
      ])
      const [retired, live] = await projections.list()
      expect(Date.parse(retired?.retiredAt ?? '')).toBeGreaterThanOrEqual(Date.parse(retired?.liveAt ?? ''))
      expect(live?.retiredAt).toBeUndefined()
    })

    it('never go back to an older version by a swap', async () => {
      await projections.register(one, 'sample')
      await projections.register(two, 'sample')
      expect(await projections.swap(two, { ends: ends(0) })).toBe('swapped')
      expect(await projections.swap(one, { ends: ends(0) })).toBe('older')
      expect(await projections.live('sales')).toMatchObject(two)
    })

    it('swap nothing when the version does not arrive in time, and let the old one go on', async () => {
      await projections.register(one, 'sample')
      await projections.register(two, 'sample')
      const assignment = await feed(one, 5)
      await projections.swap(one, { ends: ends(5) })
      await feed(two, 4)
      const swapping = projections.swap(two, { ends: ends(5), withinMs: 50 })
      await opened.shiftClock(100)
      expect(await swapping).toBe('late')
      const delivery = markOf(assignment, sampleEvent('after'), 6)
      await opened.store.transact(async () => undefined, { delivery })
      expect(await phases()).toEqual(['sales@1 live', 'sales@2 building'])
    })

    it('swap nothing that has parked events for a version that readers have; a first version is better than none', async () => {
      for (const of of [one, two]) {
        await projections.register(of, 'sample')
        const event = sampleEvent('poison')
        const delivery = markOf(await feed(of, 5), event, 5)
        await opened.store.inbox.park(delivery, {
          type: event.type,
          envelope: event.envelope,
          attempts: 8,
          error: 'no',
        })
      }
      expect(await projections.swap(one, { ends: ends(5) })).toBe('swapped')
      expect(await projections.swap(two, { ends: ends(5) })).toBe('parked')
      expect(await projections.live('sales')).toMatchObject(one)
    })

    it('hold the old version still while the end is asked for, with what it has under way inside', async () => {
      await projections.register(one, 'sample')
      await projections.register(two, 'sample')
      const old = await feed(one, 4)
      await projections.swap(one, { ends: ends(4) })
      await feed(two, 5)
      const order: string[] = []
      const [inside, entered] = [gate(), gate()]
      const effect = opened.store
        .transact(
          async () => {
            entered.open()
            await inside.opened
          },
          { delivery: markOf(old, sampleEvent('under way'), 5) },
        )
        .then(() => order.push('effect under way'))
      await entered.opened
      let later: Promise<unknown> = Promise.resolve()
      const swapping = other
        .swap(two, {
          ends: async () => {
            order.push('end asked')
            later = opened.store
              .transact(async () => undefined, { delivery: markOf(old, sampleEvent('later'), 6) })
              .then(() => order.push('later effect'))
            return new Map([['sample', 5]])
          },
        })
        .then((outcome) => order.push(outcome))
      inside.open()
      await opened.shiftClock(50)
      await Promise.all([effect, swapping])
      await opened.shiftClock(50)
      await later
      expect(order).toEqual(['effect under way', 'end asked', 'swapped', 'later effect'])
    })

    it('drop what is not live, and fence whoever still feeds it', async () => {
      await projections.register(one, 'sample')
      await projections.register(two, 'sample')
      await projections.swap(two, { ends: ends(0) })
      expect(await rejection(projections.drop(two))).toMatchObject({ reason: 'PROJECTION_LIVE' })
      const assignment = await feed(one, 3)
      const event = sampleEvent('e')
      await opened.store.transact(async () => undefined, { delivery: markOf(assignment, event, 4) })
      let destroyed = 0
      const destroy = async (): Promise<void> => {
        destroyed += 1
      }
      expect(await other.drop(one, { destroy })).toBe(true)
      const zombie = opened.store.transact(async () => undefined, {
        delivery: markOf(assignment, sampleEvent('zombie'), 5),
      })
      expect(await rejection(zombie)).toMatchObject({ reason: 'FENCED' })
      expect(await opened.store.inbox.marked(projectionGroup(one), [event.id])).toEqual(new Set())
      expect([destroyed, await phases()]).toEqual([1, ['sales@1 dropped', 'sales@2 live']])
      expect(await projections.register(one, 'sample')).toMatchObject({ phase: 'dropped' })
      expect(await projections.swap(one, { ends: ends(0) })).toBe('unknown')
    })

    it('build a version again beside itself, and swap it in like a new one', async () => {
      await projections.register(one, 'sample')
      await feed(one, 5)
      await projections.swap(one, { ends: ends(5) })
      const again = await other.rebuild({ name: 'sales' })
      expect(again).toMatchObject({ ...one, build: 2, phase: 'wanted', target: 'sample' })
      expect(await projections.swap(again, { ends: ends(0) })).toBe('unknown')
      let created = 0
      const create = async (): Promise<void> => {
        created += 1
      }
      const both = await Promise.all([projections, other].map((books) => books.register(again, 'sample', create)))
      expect([created, both.map(({ phase }) => phase)]).toEqual([1, ['building', 'building']])
      expect(await projections.progress(again)).toEqual([])
      await feed(again, 5)
      expect(await projections.swap(again, { ends: ends(5) })).toBe('swapped')
      expect(await projections.swap(one, { ends: ends(5) })).toBe('older')
      expect(await other.live('sales')).toEqual({ ...one, build: 2 })
      expect((await other.list()).map(({ build, phase }) => [build, phase])).toEqual([
        [1, 'retired'],
        [2, 'live'],
      ])
      expect(await rejection(projections.drop(again))).toMatchObject({ reason: 'PROJECTION_LIVE' })
      expect(await projections.drop(one)).toBe(true)
      expect((await projections.rebuild(one)).build).toBe(3)
    })

    it('build nothing again that is not known, is being built, or is older than what is live', async () => {
      expect(await rejection(projections.rebuild({ name: 'sales' }))).toMatchObject({ reason: 'NO_PROJECTION' })
      await projections.register(one, 'sample')
      expect(await rejection(projections.rebuild({ name: 'sales' }))).toMatchObject({ reason: 'NO_PROJECTION' })
      expect(await rejection(projections.rebuild(one))).toMatchObject({ reason: 'PROJECTION_BUILDING' })
      await projections.swap(one, { ends: ends(0) })
      await projections.rebuild(one)
      const twice = await rejection(other.rebuild(one))
      expect(twice).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'PROJECTION_BUILDING' })
      await projections.register(two, 'sample')
      await projections.swap(two, { ends: ends(0) })
      expect(await rejection(projections.rebuild(one))).toMatchObject({ reason: 'PROJECTION_OLD' })
      expect(await rejection(projections.rebuild({ name: 'sales', version: 9 }))).toMatchObject({
        code: 'NOT_FOUND',
        reason: 'NO_PROJECTION',
      })
    })

    it('begin a forgotten version anew', async () => {
      await projections.register(one, 'sample')
      await feed(one, 9)
      await projections.drop(one, { forget: true })
      expect(await projections.register(one, 'sample')).toMatchObject({ phase: 'building' })
      expect((await feed(one, 0)).cursor).toBe(0)
    })
  })
}
