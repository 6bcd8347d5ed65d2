/** The contract of dead letters: how they are grouped, given back in order under the epoch, and given up. */
import { beforeEach, describe, expect, it } from 'vitest'
import { AlreadyApplied, type Assignment, type DeliveryMark, Fenced, type Inbox } from '../../store/inbox.ts'
import type { Store } from '../../store/store.ts'
import type { OpenedStore } from './open.ts'
import { markOf, present, rejection, sampleEvent } from './sample.ts'

const leaseMs = 10_000
const type = 'sample.happened.v1'
const of = { group: 'g', source: 'sample' } as const

/** Declares the suite; part of the inbox suite. `current` gives what the running test has opened. */
export function deadLettersSuite(current: () => OpenedStore): void {
  describe('dead letters', () => {
    let store: Store
    let inbox: Inbox
    let other: Inbox
    let assignment: Assignment
    beforeEach(async () => {
      const opened = current()
      store = opened.store
      inbox = store.inbox
      other = (opened.second ?? opened.store).inbox
      assignment = present(await inbox.claim('g', 'sample', 'host-1', leaseMs, 0))
    })
    const park = async (key: string, offset: number, error: string, attempts = 8): Promise<DeliveryMark> => {
      const event = sampleEvent(`${key}:${offset}`, key)
      const mark = markOf(assignment, event, offset)
      await inbox.park(mark, { type, envelope: event.envelope, attempts, error })
      return { ...mark, replay: true }
    }
    const places = async (key: string): Promise<number[]> =>
      (await inbox.parkedOf('g', 'sample', key, 100)).map((one) => one.offset)
    const apply = async (delivery: DeliveryMark): Promise<unknown> => store.transact(async () => 'done', { delivery })

    it('are grouped by type and error without ids and numbers, the largest first', async () => {
      await park('a', 1, "Error: no stock for 'a-1' (7 left)")
      await park('a', 2, '', 0)
      await park('b', 3, 'TypeError: data.total is undefined')
      await park('c', 4, "Error: no stock for 'b-2' (12 left)")
      const groups = await other.deadGroups()
      expect(groups.map(({ events, waiting, error }) => ({ events, waiting, error }))).toEqual([
        { events: 2, waiting: 1, error: "Error: no stock for 'b-2' (12 left)" },
        { events: 1, waiting: 0, error: 'TypeError: data.total is undefined' },
      ])
      expect(groups[0]).toMatchObject({ ...of, type, replaying: 0, replays: 0 })
      expect(groups[0]?.fingerprint).toMatch(/^[0-9a-f]{12}$/)
      expect(await inbox.deadGroups(1)).toHaveLength(1)
    })

    it('are asked for as keys: by one event, by their failure, or all', async () => {
      const waiting = await park('a', 1, 'Error: no').then(async () => park('a', 2, '', 0))
      await park('b', 3, 'Error: no')
      await park('c', 4, 'Error: yes')
      const fingerprint = present((await inbox.parked(1))[0]).fingerprint
      expect(await inbox.replays('g', 'sample', 10)).toEqual([])
      expect(await other.replay({ ...of, eventId: waiting.eventId }, { perSecond: 5, by: 'ada' })).toBe(1)
      expect(await inbox.replays('g', 'sample', 10)).toMatchObject([{ key: 'a', perSecond: 5 }])
      expect(await other.replay({ ...of, fingerprint })).toBe(2)
      expect((await inbox.replays('g', 'sample', 10)).map((one) => one.key).toSorted()).toEqual(['a', 'b'])
      expect((await inbox.deadGroups())[0]).toMatchObject({ fingerprint, replaying: 2 })
      expect(await other.replay({ ...of, all: true })).toBe(3)
      expect(await inbox.replays('g', 'sample', 2)).toHaveLength(2)
      expect(await other.replay({ group: 'h', source: 'sample', all: true })).toBe(0)
    })

    it('refuse what names nothing, and rates out of bounds', async () => {
      const bad = { code: 'INVALID_ARGUMENT', reason: 'BAD_SELECTION' }
      expect(await rejection(inbox.replay({ ...of } as never))).toMatchObject(bad)
      expect(await rejection(inbox.replay({ ...of, eventId: 'seven' }))).toMatchObject(bad)
      expect(await rejection(inbox.replay({ ...of, fingerprint: '' }))).toMatchObject(bad)
      expect(await rejection(inbox.replay({ ...of, all: true }, { perSecond: 0 }))).toMatchObject(bad)
      const nobody = inbox.discard({ ...of, fingerprint: '' }, { by: 'ada', why: 'x' })
      expect(await rejection(nobody)).toMatchObject(bad)
    })

    it('leave the parked ones in the transaction of their effect, once', async () => {
      const bad = await park('a', 1, 'Error: no')
      const { replay: _, ...plain } = bad
      expect(await rejection(apply(plain))).toBeInstanceOf(AlreadyApplied)
      const failing = store.transact(async () => Promise.reject(new Error('again')), { delivery: bad })
      expect(await rejection(failing)).toMatchObject({ message: 'again' })
      expect(await places('a')).toEqual([1])
      expect(await apply(bad)).toBe('done')
      expect(await places('a')).toEqual([])
      expect(await rejection(apply(bad))).toBeInstanceOf(AlreadyApplied)
      expect(await inbox.marked('g', [bad.eventId])).toEqual(new Set([bad.eventId]))
    })

    it('end a request only when nothing of the key is parked', async () => {
      const first = await park('a', 1, 'Error: no')
      const second = await park('a', 2, '', 0)
      await inbox.replay({ ...of, all: true })
      await apply(first)
      expect(await inbox.endReplay(assignment, 'a')).toBe(false)
      expect(await inbox.replays('g', 'sample', 10)).toHaveLength(1)
      await apply(second)
      expect(await inbox.endReplay(assignment, 'a')).toBe(true)
      expect(await inbox.replays('g', 'sample', 10)).toEqual([])
      expect(await inbox.parkedKeys('g', 'sample')).toEqual(new Set())
    })

    it('stay where they are when they fail again, counted, and their request is over', async () => {
      const bad = await park('a', 1, 'Error: no')
      await inbox.failed(assignment, bad.eventId, 'Error: no')
      await inbox.replay({ ...of, all: true })
      expect(await inbox.attempts('g', bad.eventId)).toBe(0)
      await inbox.parkAgain(bad, { attempts: 3, error: 'TypeError: not that either' })
      const [again] = await inbox.parked(1)
      expect(again).toMatchObject({ offset: 1, attempts: 11, replays: 1, error: 'TypeError: not that either' })
      expect((await inbox.deadGroups())[0]).toMatchObject({ replays: 1, error: 'TypeError: not that either' })
      expect(await inbox.replays('g', 'sample', 10)).toEqual([])
    })

    it('cannot be touched under an older epoch', async () => {
      const bad = await park('a', 1, 'Error: no')
      await inbox.replay({ ...of, all: true })
      await current().shiftClock(leaseMs + 1)
      await other.claim('g', 'sample', 'host-2', leaseMs, 0)
      expect(await rejection(apply(bad))).toBeInstanceOf(Fenced)
      expect(await rejection(inbox.parkAgain(bad, { attempts: 1, error: 'e' }))).toBeInstanceOf(Fenced)
      expect(await rejection(inbox.endReplay(assignment, 'a'))).toBeInstanceOf(Fenced)
      expect(await places('a')).toEqual([1])
      expect(await inbox.replays('g', 'sample', 10)).toHaveLength(1)
    })

    it('are given up by a person, and what waited behind is given back', async () => {
      const bad = await park('a', 1, 'Error: no')
      await park('a', 2, '', 0)
      await park('b', 3, 'Error: no')
      expect(await other.discard({ ...of, eventId: bad.eventId }, { by: 'ada', why: 'a test order' })).toBe(1)
      expect(await places('a')).toEqual([2])
      expect((await inbox.replays('g', 'sample', 10)).map((one) => one.key)).toEqual(['a'])
      expect(await rejection(apply(bad))).toBeInstanceOf(AlreadyApplied)
      expect(await rejection(inbox.parkAgain(bad, { attempts: 1, error: 'e' }))).toBeInstanceOf(AlreadyApplied)
      // Of all, those that failed; of a key without any left the consumer still has to hear.
      expect(await other.discard({ ...of, all: true }, { by: 'ada', why: 'all of it' })).toBe(1)
      expect(await places('a')).toEqual([2])
      expect((await inbox.replays('g', 'sample', 10)).map((one) => one.key).toSorted()).toEqual(['a', 'b'])
    })

    it('keep a key where it is when only one that waits is given up', async () => {
      await park('a', 1, 'Error: no')
      const waiting = await park('a', 2, '', 0)
      await inbox.discard({ ...of, eventId: waiting.eventId }, { by: 'ada', why: 'sent twice' })
      expect(await places('a')).toEqual([1])
      expect(await inbox.replays('g', 'sample', 10)).toEqual([])
    })

    it('are listed with who gave them up and why, the newest first, until they are past their limits', async () => {
      await park('a', 1, 'Error: no')
      await park('b', 2, 'Error: no')
      await inbox.discard(
        { ...of, eventId: present((await inbox.parkedOf('g', 'sample', 'a', 1))[0]).eventId },
        { by: 'ada', why: 'a test order' },
      )
      await current().shiftClock(60_000)
      await inbox.discard({ ...of, all: true }, { by: 'bob', why: 'all of it' })
      const listed = await other.discarded(10)
      expect(listed).toMatchObject([
        { ...of, key: 'b', offset: 2, type, error: 'Error: no', attempts: 8, by: 'bob', why: 'all of it' },
        { ...of, key: 'a', offset: 1, by: 'ada', why: 'a test order' },
      ])
      const [newest, oldest] = listed.map(({ discardedAt }) => Date.parse(discardedAt)) as [number, number]
      expect(newest - oldest).toBeGreaterThanOrEqual(60_000)
      expect(await other.discarded(1)).toHaveLength(1)
      expect(await inbox.trimDiscarded({ ageMs: 3_600_000, events: 2 })).toBe(0)
      expect(await inbox.trimDiscarded({ ageMs: 30_000, events: 2 })).toBe(1)
      expect((await inbox.discarded(10)).map(({ key }) => key)).toEqual(['b'])
      // The same place again, after its group began anew.
      await park('b', 2, 'Error: other')
      expect(await inbox.discard({ ...of, all: true }, { by: 'eve', why: 'again' })).toBe(1)
      expect((await inbox.discarded(10))[0]).toMatchObject({ by: 'eve', error: 'Error: other' })
      await inbox.trimDiscarded({ ageMs: 3_600_000, events: 1 })
      expect((await inbox.discarded(10)).map(({ by }) => by)).toEqual(['eve'])
      expect(await inbox.trimDiscarded({ ageMs: 3_600_000, events: 0 })).toBe(1)
    })

    it('are counted with the progress of their group', async () => {
      await park('a', 1, 'Error: no')
      await park('a', 2, '', 0)
      await inbox.advance(assignment, 2)
      const counts = { parkedEvents: 2, parkedKeys: 1, cursor: 2, holder: 'host-1' }
      expect(await other.groups()).toMatchObject([{ ...of, epoch: assignment.epoch, ...counts }])
      await inbox.release(assignment)
      expect((await other.groups())[0]?.holder).toBeUndefined()
    })
  })

  describe('a batch of deliveries', () => {
    const setUp = async (): Promise<{ store: Store; assignment: Assignment; marks: DeliveryMark[] }> => {
      const { store } = current()
      const assignment = present(await store.inbox.claim('g', 'sample', 'host-1', leaseMs, 0))
      const marks = [3, 1, 2].map((offset) => markOf(assignment, sampleEvent(`e${offset}`, `k${offset}`), offset))
      return { store, assignment, marks }
    }
    const idsOf = (marks: readonly DeliveryMark[]): string[] => marks.map((mark) => mark.eventId)

    it('is marked as a whole', async () => {
      const { store, marks } = await setUp()
      expect(await store.transact(async () => 'done', { delivery: marks })).toBe('done')
      expect(await store.inbox.marked('g', idsOf(marks))).toEqual(new Set(idsOf(marks)))
      expect(await rejection(store.transact(async () => 1, { delivery: marks }))).toBeInstanceOf(AlreadyApplied)
    })

    it('is refused as a whole when one of it was applied before', async () => {
      const { store, marks } = await setUp()
      await store.transact(async () => 1, { delivery: present(marks[1]) })
      const batch = store.transact(async (tx) => tx.publish(sampleEvent('never')), { delivery: marks })
      expect(await rejection(batch)).toBeInstanceOf(AlreadyApplied)
      expect(await store.inbox.marked('g', idsOf(marks))).toEqual(new Set([present(marks[1]).eventId]))
    })

    it('leaves no mark when it fails, nor under an older epoch', async () => {
      const { store, marks } = await setUp()
      const failing = store.transact(async () => Promise.reject(new Error('no')), { delivery: marks })
      expect(await rejection(failing)).toMatchObject({ message: 'no' })
      await current().shiftClock(leaseMs + 1)
      await store.inbox.claim('g', 'sample', 'host-2', leaseMs, 0)
      expect(await rejection(store.transact(async () => 1, { delivery: marks }))).toBeInstanceOf(Fenced)
      expect(await store.inbox.marked('g', idsOf(marks))).toEqual(new Set())
    })

    it('may be empty: then it is a transaction like any other', async () => {
      const { store } = await setUp()
      expect(await store.transact(async () => 'done', { delivery: [] })).toBe('done')
    })
  })
}
