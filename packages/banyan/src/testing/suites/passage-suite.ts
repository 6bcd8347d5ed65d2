/** The contract of passages: a stretch of a log, its marks and the low-water mark in one transaction under the epoch. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { Assignment, Inbox, Passage } from '../../store/inbox.ts'
import type { NewEvent } from '../../store/outbox.ts'
import type { Store, StoreTransaction } from '../../store/store.ts'
import type { OpenedStore } from './open.ts'
import { labels, markOf, present, readAll, rejection, sampleEvent } from './sample.ts'

const leaseMs = 10_000
const hourMs = 3_600_000

/** Declares the suite; part of the inbox suite. `current` gives what the running test has opened. */
export function passageSuite(current: () => OpenedStore): void {
  describe('passages', () => {
    let store: Store
    let inbox: Inbox
    beforeEach(() => {
      store = current().store
      inbox = store.inbox
    })
    const claim = async (holder = 'host-1'): Promise<Assignment> =>
      present(await inbox.claim('g', 'sample', holder, leaseMs, 0))
    const passageOf = (assignment: Assignment, after: number, events: readonly NewEvent[]): Passage => {
      const { group, source, epoch } = assignment
      const placed = events.map(({ id }, index) => ({ id, offset: after + index + 1 }))
      return { group, source, epoch, after, upTo: after + events.length, events: placed }
    }
    const effect = (label: string) => async (tx: StoreTransaction) => tx.publish(sampleEvent(label))
    const pass = (passage: Passage, label = 'effect'): Promise<void> => store.transact(effect(label), { passage })
    const cursor = async (): Promise<number> => (await inbox.groups()).find(({ group }) => group === 'g')?.cursor ?? -1
    const effects = async (): Promise<string[]> => labels((await readAll(store.outbox)).events)
    const marked = async (events: readonly NewEvent[]): Promise<string[]> => {
      const found = await inbox.marked(
        'g',
        events.map(({ id }) => id),
      )
      return labels(events.filter(({ id }) => found.has(id)))
    }
    const some = (count: number, name = 'e'): NewEvent[] =>
      Array.from({ length: count }, (_, index) => sampleEvent(`${name}${index}`))

    it('mark their events and move the low-water mark with their effects', async () => {
      const events = some(30)
      const passage = passageOf(await claim(), 0, events)
      await pass(passage)
      expect([await cursor(), await effects()]).toEqual([30, ['effect']])
      expect(await marked([...events, sampleEvent('other')])).toEqual(labels(events))
      const [other] = await Promise.all([inbox.marked('another group', [(events[0] as NewEvent).id])])
      expect(other.size).toBe(0)
      expect((await inbox.claim('g', 'sample', 'host-1', leaseMs, 0))?.cursor).toBe(30)
    })

    it('know the highest ids of what was applied, and by what', async () => {
      const assignment = await claim()
      expect(await inbox.newest('g', 'sample')).toEqual({ marked: '', passed: '' })
      const events = some(3)
      await pass(passageOf(assignment, 0, events.toReversed()))
      const newest = (events[2] as NewEvent).id
      expect(await inbox.newest('g', 'sample')).toEqual({ marked: newest, passed: newest })
      const alone = sampleEvent('alone')
      await store.transact(effect('alone'), { delivery: markOf(assignment, alone, 4) })
      expect(await inbox.newest('g', 'sample')).toEqual({ marked: alone.id, passed: newest })
      expect(await inbox.newest('g', 'elsewhere')).toEqual({ marked: '', passed: '' })
    })

    it('leave nothing when their work fails', async () => {
      const events = some(2)
      const passage = passageOf(await claim(), 0, events)
      const failing = store.transact(
        async (tx) => {
          tx.publish(sampleEvent('never'))
          throw new Error('broken')
        },
        { passage },
      )
      expect(await rejection(failing)).toMatchObject({ message: 'broken' })
      expect([await cursor(), await effects(), await marked(events)]).toEqual([0, [], []])
    })

    it('are refused when the low-water mark is not where they begin', async () => {
      const assignment = await claim()
      const passage = passageOf(assignment, 0, some(2))
      await pass(passage, 'first')
      expect(await rejection(pass(passage, 'again'))).toMatchObject({ reason: 'PASSAGE_MOVED' })
      expect(await rejection(pass(passageOf(assignment, 5, some(1)), 'ahead'))).toMatchObject({
        reason: 'PASSAGE_MOVED',
      })
      expect([await cursor(), await effects()]).toEqual([2, ['first']])
    })

    it('of which two begin at one place: one commits', async () => {
      const assignment = await claim()
      const passage = passageOf(assignment, 0, some(2))
      const both = await Promise.all([rejection(pass(passage, 'one')), rejection(pass(passage, 'one'))])
      expect(both.filter((error) => error === undefined)).toHaveLength(1)
      expect([await cursor(), await effects()]).toEqual([2, ['one']])
    })

    it('can write nothing under an older epoch, nor when the assignment was let go', async () => {
      const old = await claim()
      await inbox.release(old)
      expect(await rejection(pass(passageOf(old, 0, some(1))))).toMatchObject({ reason: 'FENCED' })
      const taken = await claim('host-2')
      expect(await rejection(pass(passageOf(old, 0, some(1))))).toMatchObject({ reason: 'FENCED' })
      expect([await cursor(), await effects()]).toEqual([0, []])
      await pass(passageOf(taken, 0, some(1)), 'taken')
      expect(await effects()).toEqual(['taken'])
    })

    it('keep a lease from nobody: it is renewed while one is under way', async () => {
      const assignment = await claim()
      await store.transact(
        async (tx) => {
          const kept = await inbox.claim('g', 'sample', 'host-1', leaseMs, 0)
          expect(kept?.epoch).toBe(assignment.epoch)
          await effect('inside')(tx)
        },
        { passage: passageOf(assignment, 0, some(1)) },
      )
      expect([await cursor(), await effects()]).toEqual([1, ['inside']])
    })

    it('mark events whose ids have no time, too', async () => {
      const events = some(3).map((event, index) => ({
        ...event,
        id: `f47ac10b-58cc-4372-a567-0e02b2c3d47${index}`,
      }))
      await pass(passageOf(await claim(), 0, [...events, sampleEvent('timed')]))
      expect(await marked(events)).toEqual(labels(events))
      expect(await cursor()).toBe(4)
    })

    it('pass over what nobody applies', async () => {
      const assignment = await claim()
      await pass({ ...passageOf(assignment, 0, []), upTo: 7 }, 'nothing')
      expect(await cursor()).toBe(7)
    })

    it('are trimmed as marks are, and the horizon moves along', async () => {
      const startMs = 1_735_689_600_000
      const at = (ms: number, label: string): NewEvent => {
        const event = sampleEvent(label)
        const hex = ms.toString(16).padStart(12, '0')
        return { ...event, id: `${hex.slice(0, 8)}-${hex.slice(8)}${event.id.slice(13)}` }
      }
      const assignment = await claim()
      const old = [at(startMs, 'old'), at(startMs + 1, 'older')]
      const young = [at(startMs + 3 * hourMs, 'young')]
      await pass(passageOf(assignment, 0, old))
      await pass(passageOf(assignment, 2, young))
      await inbox.trim(assignment, hourMs)
      expect(await marked([...old, ...young])).toEqual(['young'])
      expect(await inbox.horizon('g', 'sample')).toBe(startMs + 2 * hourMs)
    })
  })
}
