/** The contract of trimming marks: what may go, and where the horizon lies afterwards. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { Assignment, Inbox } from '../../store/inbox.ts'
import type { NewEvent } from '../../store/outbox.ts'
import type { OpenedStore } from './open.ts'
import { labels, markOf, present, sampleEvent } from './sample.ts'

/** Declares the suite; part of the inbox suite. `current` gives what the running test has opened. */
export function trimmingSuite(current: () => OpenedStore): void {
  describe('trimming', () => {
    let inbox: Inbox
    let other: Inbox
    beforeEach(() => {
      inbox = current().store.inbox
      other = (current().second ?? current().store).inbox
    })
    // Long past for every clock under test, and far enough apart.
    const startMs = 1_735_689_600_000
    const hourMs = 3_600_000
    const made = (atMs: number, label: string): NewEvent => ({
      ...sampleEvent(label),
      id: `${idHead(atMs)}${sampleEvent(label).id.slice(13)}`,
    })
    const applyAll = async (events: readonly (readonly [NewEvent, number])[]): Promise<Assignment> => {
      const assignment = present(await inbox.claim('g', 'sample', 'host-1', 1_000_000, 0))
      for (const [event, offset] of events)
        await current().store.transact(async () => 1, { delivery: markOf(assignment, event, offset) })
      return assignment
    }
    const left = async (events: readonly NewEvent[]): Promise<string[]> => {
      const found = await inbox.marked(
        'g',
        events.map((event) => event.id),
      )
      return labels(events.filter((event) => found.has(event.id)))
    }

    it('removes marks that are old and behind the low-water mark, and no others', async () => {
      const old = made(startMs, 'old')
      const ahead = made(startMs + 1, 'ahead')
      const young = made(startMs + 3 * hourMs, 'young')
      const assignment = await applyAll([
        [old, 1],
        [ahead, 9],
        [young, 2],
      ])
      await inbox.advance(assignment, 5)
      expect(await inbox.horizon('g', 'sample')).toBe(0)
      expect(await inbox.trim(assignment, hourMs)).toBe(1)
      expect(await left([old, ahead, young])).toEqual(['ahead', 'young'])
      expect(await inbox.horizon('g', 'sample')).toBe(startMs + 2 * hourMs)
      expect(await other.horizon('g', 'elsewhere')).toBe(0)
    })

    it('counts back from the newest event, not from now: who stood still has forgotten nothing', async () => {
      const last = made(startMs, 'last')
      const assignment = await applyAll([[last, 1]])
      await inbox.advance(assignment, 1)
      await current().shiftClock(400_000)
      expect(await inbox.trim(assignment, 300_000)).toBe(0)
      expect(await left([last])).toEqual(['last'])
      expect(await inbox.horizon('g', 'sample')).toBe(startMs - 300_000)
    })

    it('does not let an event from the future move the horizon past what was', async () => {
      const assignment = await applyAll([
        [made(startMs, 'now'), 1],
        [made(startMs + 100 * 365 * 24 * hourMs, 'of a clock gone wrong'), 2],
      ])
      await inbox.trim(assignment, hourMs)
      expect(await inbox.horizon('g', 'sample')).toBeLessThan(startMs + 50 * 365 * 24 * hourMs)
    })

    it('goes by when they were written for ids without a time', async () => {
      const timeless = { ...sampleEvent('timeless'), id: '5e0f6a1c-0000-4000-8000-000000000001' }
      const assignment = await applyAll([[timeless, 1]])
      await inbox.advance(assignment, 1)
      expect(await inbox.trim(assignment, 60_000)).toBe(0)
      await current().shiftClock(60_001)
      expect(await inbox.trim(assignment, 60_000)).toBe(1)
    })
  })
}

/** The beginning of a version 7 id of that time. */
function idHead(atMs: number): string {
  const time = atMs.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}`
}
