/** The contract of {@link Inbox}: who may process what, what is done, what failed, what is parked. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AlreadyApplied, type Assignment, Fenced, type Inbox } from '../../store/inbox.ts'
import { deadLettersSuite } from './dead-letters-suite.ts'
import type { OpenedStore } from './open.ts'
import { passageSuite } from './passage-suite.ts'
import { markOf, present, rejection, sampleEvent } from './sample.ts'
import { trimmingSuite } from './trimming-suite.ts'

const leaseMs = 10_000
const facts = { type: 'sample.happened.v1', envelope: '{"data":{}}', attempts: 8, error: 'Error: no' }

/** Declares the suite; every implementation of the port runs it. */
export function inboxSuite(name: string, open: () => Promise<OpenedStore>): void {
  describe(`${name}: inbox`, () => {
    let opened: OpenedStore
    let inbox: Inbox
    let other: Inbox
    beforeEach(async () => {
      opened = await open()
      inbox = opened.store.inbox
      other = (opened.second ?? opened.store).inbox
    })
    afterEach(async () => opened.close())
    const claim = async (group = 'g', source = 'sample'): Promise<Assignment> =>
      present(await inbox.claim(group, source, 'host-1', leaseMs, 0))

    describe('assignments', () => {
      it('begin where they are told to, once', async () => {
        expect(await inbox.claim('g', 'sample', 'host-1', leaseMs, 7)).toMatchObject({ cursor: 7 })
        expect(await inbox.claim('g', 'sample', 'host-1', leaseMs, 99)).toMatchObject({ cursor: 7 })
      })

      it('keep their epoch while their holder renews', async () => {
        const first = await claim()
        await opened.shiftClock(leaseMs / 2)
        expect((await claim()).epoch).toBe(first.epoch)
        await opened.shiftClock(leaseMs / 2 + 1)
        expect(await other.claim('g', 'sample', 'host-2', leaseMs, 0)).toBeUndefined()
      })

      it('go to another holder only when the lease is over, under a higher epoch', async () => {
        const first = await claim()
        await inbox.advance(first, 5)
        expect(await other.claim('g', 'sample', 'host-2', leaseMs, 0)).toBeUndefined()
        await opened.shiftClock(leaseMs + 1)
        const second = await other.claim('g', 'sample', 'host-2', leaseMs, 0)
        expect(second).toMatchObject({ group: 'g', source: 'sample', cursor: 5 })
        expect(second?.epoch).toBeGreaterThan(first.epoch)
        expect(await inbox.claim('g', 'sample', 'host-1', leaseMs, 0)).toBeUndefined()
      })

      it('go at once to the next incarnation of the same instance, under a higher epoch', async () => {
        const first = present(await inbox.claim('g', 'sample', 'orders#1', leaseMs, 0))
        const second = present(await other.claim('g', 'sample', 'orders#2', leaseMs, 0))
        expect(second.epoch).toBeGreaterThan(first.epoch)
        expect(await inbox.advance(first, 3)).toBe(false)
        expect(await other.claim('g', 'sample', 'orders-two#1', leaseMs, 0)).toBeUndefined()
      })

      it('are given to one of many who ask at once', async () => {
        const holders = Array.from({ length: 8 }, (_, index) => `host-${index}`)
        const given = await Promise.all(
          holders.map((holder, index) => (index % 2 ? other : inbox).claim('g', 'sample', holder, leaseMs, 0)),
        )
        expect(given.filter((one) => one !== undefined)).toHaveLength(1)
      })

      it('are free at once after a release, which ends the epoch also for the one who released', async () => {
        const first = await claim()
        await inbox.release(first)
        const second = present(await other.claim('g', 'sample', 'host-2', leaseMs, 0))
        expect(second.epoch).toBeGreaterThan(first.epoch)
        await other.release(second)
        const third = present(await other.claim('g', 'sample', 'host-2', leaseMs, 0))
        expect(third.epoch).toBeGreaterThan(second.epoch)
        expect(await other.advance(second, 3)).toBe(false)
      })

      it('are not released by an older epoch', async () => {
        const first = await claim()
        await opened.shiftClock(leaseMs + 1)
        await other.claim('g', 'sample', 'host-2', leaseMs, 0)
        await inbox.release(first)
        expect(await inbox.claim('g', 'sample', 'host-1', leaseMs, 0)).toBeUndefined()
      })

      it('of other groups and sources are apart', async () => {
        await claim('g', 'sample')
        expect(await other.claim('h', 'sample', 'host-2', leaseMs, 0)).toBeDefined()
        expect(await other.claim('g', 'another', 'host-2', leaseMs, 0)).toBeDefined()
      })
    })

    describe('the low-water mark', () => {
      it('moves forward only', async () => {
        const assignment = await claim()
        expect(await inbox.advance(assignment, 10)).toBe(true)
        expect(await inbox.advance(assignment, 4)).toBe(true)
        expect((await claim()).cursor).toBe(10)
      })

      it('is not moved by an older epoch', async () => {
        const first = await claim()
        await opened.shiftClock(leaseMs + 1)
        await other.claim('g', 'sample', 'host-2', leaseMs, 0)
        expect(await inbox.advance(first, 10)).toBe(false)
        expect(await other.claim('g', 'sample', 'host-2', leaseMs, 0)).toMatchObject({ cursor: 0 })
      })
    })

    it('says which events are marked', async () => {
      const assignment = await claim()
      const [done, open] = [sampleEvent('done'), sampleEvent('open')]
      await opened.store.transact(async () => 1, { delivery: markOf(assignment, done, 1) })
      expect(await inbox.marked('g', [done.id, open.id])).toEqual(new Set([done.id]))
      expect(await inbox.marked('h', [done.id])).toEqual(new Set())
      expect(await inbox.marked('g', [])).toEqual(new Set())
    })

    it('counts failures per group and event, and keeps them for the next holder', async () => {
      const assignment = await claim()
      const event = sampleEvent('bad')
      expect(await inbox.attempts('g', event.id)).toBe(0)
      expect(await inbox.failed(assignment, event.id, 'Error: one')).toBe(1)
      expect(await inbox.failed(assignment, event.id, 'Error: two')).toBe(2)
      expect(await other.attempts('g', event.id)).toBe(2)
      expect(await other.attempts('h', event.id)).toBe(0)
    })

    describe('parking', () => {
      it('marks the event, lists it, and names its key', async () => {
        const assignment = await claim()
        const event = sampleEvent('bad', 'key-7')
        const mark = markOf(assignment, event, 3)
        await inbox.park(mark, { ...facts, envelope: event.envelope })
        expect(await inbox.marked('g', [event.id])).toEqual(new Set([event.id]))
        expect(await other.parkedKeys('g', 'sample')).toEqual(new Set(['key-7']))
        const place = { group: 'g', source: 'sample', key: 'key-7', offset: 3, eventId: event.id }
        const [parked] = await inbox.parked(10)
        expect(parked).toMatchObject({ ...place, ...facts, envelope: event.envelope })
        expect(new Date(parked?.parkedAt ?? '').toISOString()).toBe(parked?.parkedAt)
      })

      it('lists in the order of the log, up to the limit', async () => {
        const assignment = await claim()
        for (const offset of [12, 3, 101, 7])
          await inbox.park(markOf(assignment, sampleEvent('bad'), offset), { ...facts, error: '' })
        expect((await inbox.parked(3)).map((one) => one.offset)).toEqual([3, 7, 12])
      })

      it('is apart in other groups and sources', async () => {
        await inbox.park(markOf(await claim(), sampleEvent('bad'), 1), facts)
        expect(await inbox.parkedKeys('h', 'sample')).toEqual(new Set())
        expect(await inbox.parkedKeys('g', 'another')).toEqual(new Set())
      })

      it('is refused under an older epoch, and writes nothing', async () => {
        const first = await claim()
        await opened.shiftClock(leaseMs + 1)
        await other.claim('g', 'sample', 'host-2', leaseMs, 0)
        const mark = markOf(first, sampleEvent('bad'), 1)
        expect(await rejection(inbox.park(mark, facts))).toBeInstanceOf(Fenced)
        expect(await inbox.parked(10)).toEqual([])
        expect(await inbox.marked('g', [mark.eventId])).toEqual(new Set())
      })

      it('is refused for an event that was applied, whatever its last attempt reported', async () => {
        const mark = markOf(await claim(), sampleEvent('good'), 1)
        await opened.store.transact(async () => 1, { delivery: mark })
        expect(await rejection(inbox.park(mark, facts))).toBeInstanceOf(AlreadyApplied)
        expect(await inbox.parked(10)).toEqual([])
      })

      it('keeps a parked event from being applied', async () => {
        const mark = markOf(await claim(), sampleEvent('bad'), 1)
        await inbox.park(mark, facts)
        expect(await rejection(opened.store.transact(async () => 1, { delivery: mark }))).toBeInstanceOf(AlreadyApplied)
      })
    })

    trimmingSuite(() => opened)
    passageSuite(() => opened)
    deadLettersSuite(() => opened)
  })
}
