/** The contract of scheduled events: T23 to T25, neither lost nor early nor starved, by the database's clock. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { Due } from '../../store/scheduled.ts'
import type { Store } from '../../store/store.ts'
import type { OpenedStore } from './open.ts'
import { labels, readAll, rejection, sampleEvent } from './sample.ts'

/** Declares the suite; part of the store suite. `current` gives what the running test has opened. */
export function scheduledSuite(current: () => OpenedStore): void {
  describe('scheduled events', () => {
    let store: Store
    let other: Store
    beforeEach(() => {
      store = current().store
      other = current().second ?? store
    })
    const schedule = async (label: string, due: Due, key = 'key-1'): Promise<string> => {
      const event = sampleEvent(label, key)
      await store.transact(async (tx) => tx.publish(event, due))
      return event.id
    }
    const moved = async (): Promise<string[]> => labels((await readAll(store.outbox)).events)

    it('are in the outbox when they are due, not before, and once', async () => {
      await schedule('later', { afterMs: 60_000 })
      const early = await store.scheduled.move(100)
      expect(early.moved).toBe(0)
      expect(early.nextInMs).toBeGreaterThan(50_000)
      expect(early.nextInMs).toBeLessThanOrEqual(60_000)
      expect(await moved()).toEqual([])
      await current().shiftClock(60_001)
      expect(await other.scheduled.move(100)).toEqual({ moved: 1, nextInMs: undefined })
      expect(await store.scheduled.move(100)).toEqual({ moved: 0, nextInMs: undefined })
      expect(await moved()).toEqual(['later'])
    })

    it('are counted, with how late the oldest is, by the clock that decides', async () => {
      expect(await store.scheduled.depth()).toEqual({ waiting: 0, overdueMs: 0 })
      const before = await store.scheduled.now()
      await schedule('later', { afterMs: 60_000 })
      await schedule('latest', { afterMs: 90_000 })
      expect(await other.scheduled.depth()).toEqual({ waiting: 2, overdueMs: 0 })
      await current().shiftClock(70_000)
      const { waiting, overdueMs } = await other.scheduled.depth()
      expect(waiting).toBe(2)
      expect(overdueMs).toBeGreaterThanOrEqual(9_000)
      expect(overdueMs).toBeLessThan(60_000)
      expect((await other.scheduled.now()) - before).toBeGreaterThanOrEqual(70_000)
    })

    it('may name a time; what is past is due at once', async () => {
      await schedule('past', { at: 1_000 })
      await schedule('future', { at: 4_000_000_000_000 })
      await schedule('now', { afterMs: 0 })
      expect((await store.scheduled.move(100)).moved).toBe(2)
      expect(await moved()).toEqual(['past', 'now'])
      expect((await store.scheduled.list(10)).map((one) => one.dueAt)).toEqual(['2096-10-02T07:06:40.000Z'])
    })

    it('are there if and only if their transaction commits', async () => {
      const failing = store.transact(async (tx) => {
        tx.publish(sampleEvent('never'), { afterMs: 0 })
        throw new Error('no')
      })
      expect(await rejection(failing)).toMatchObject({ message: 'no' })
      expect(await store.scheduled.list(10)).toEqual([])
    })

    it('go in the order of their due times, then of their publishing, in pages', async () => {
      await schedule('third', { afterMs: 3_000 })
      await schedule('first', { afterMs: 1_000 })
      await store.transact(async (tx) => {
        for (const label of ['second a', 'second b', 'second c']) tx.publish(sampleEvent(label), { at: 2_000 })
      })
      await current().shiftClock(10_000)
      const all: number[] = []
      for (let page = 0; page < 3; page++) all.push((await store.scheduled.move(2)).moved)
      expect(all).toEqual([2, 2, 1])
      expect(await moved()).toEqual(['second a', 'second b', 'second c', 'first', 'third'])
    })

    it('take their place in the order of their key when they become due', async () => {
      await schedule('reminder', { afterMs: 1_000 }, 'o-1')
      await store.transact(async (tx) => tx.publish(sampleEvent('meanwhile', 'o-1')))
      await current().shiftClock(1_001)
      await store.scheduled.move(10)
      await store.transact(async (tx) => tx.publish(sampleEvent('after', 'o-1')))
      expect(await moved()).toEqual(['meanwhile', 'reminder', 'after'])
    })

    it('are moved once when many hosts move at the same time', async () => {
      await store.transact(async (tx) => {
        for (let index = 0; index < 200; index++) tx.publish(sampleEvent(`e${index}`), { afterMs: 0 })
      })
      for (let turn = 0; turn < 100 && (await store.scheduled.list(1)).length > 0; turn++)
        await Promise.all(Array.from({ length: 6 }, (_, host) => (host % 2 ? store : other).scheduled.move(20)))
      expect(await moved()).toEqual(Array.from({ length: 200 }, (_, index) => `e${index}`))
    })

    it('can be taken back, in a transaction that commits or not at all', async () => {
      const one = await schedule('one', { afterMs: 60_000 })
      const two = await schedule('two', { afterMs: 60_000 })
      const failing = store.transact(async (tx) => {
        expect(await tx.unschedule(one)).toBe(true)
        throw new Error('no')
      })
      expect(await rejection(failing)).toMatchObject({ message: 'no' })
      expect(await store.scheduled.list(10)).toHaveLength(2)
      expect(await store.transact((tx) => tx.unschedule(one))).toBe(true)
      expect(await store.transact((tx) => tx.unschedule(one))).toBe(false)
      expect(await other.scheduled.cancel(two)).toBe(true)
      expect(await other.scheduled.cancel(two)).toBe(false)
      expect(await store.scheduled.list(10)).toEqual([])
    })

    it('that are being taken back are not moved, nor do they hold those behind', async () => {
      const one = await schedule('one', { afterMs: 0 })
      await schedule('two', { afterMs: 0 })
      await store.transact(async (tx) => {
        await tx.unschedule(one)
        expect((await other.scheduled.move(10)).moved).toBe(1)
      })
      expect(await moved()).toEqual(['two'])
      expect(await store.scheduled.list(10)).toEqual([])
    })

    it('refuse due times that are none, and count as events of the transaction', async () => {
      const bad = { code: 'INVALID_ARGUMENT', reason: 'BAD_DUE' }
      for (const due of [{ afterMs: -1 }, { afterMs: Number.NaN }, { at: '2030' }, {}, { afterMs: 1, at: 1 }])
        expect(await rejection(schedule('x', due as never)), JSON.stringify(due)).toMatchObject(bad)
      const many = store.transact(async (tx) => {
        for (let index = 0; index < 1_001; index++) tx.publish(sampleEvent('x'), index % 2 ? { afterMs: 1 } : undefined)
      })
      expect(await rejection(many)).toMatchObject({ reason: 'TOO_MANY_EVENTS' })
    })
  })
}
