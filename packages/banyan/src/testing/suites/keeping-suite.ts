/**
 * The contract of {@link LogKeeping}: what is past its rule goes, from the beginning on; nothing a living reader still has to
 * read does; offsets stay what they were.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Bus, RelayLease } from '../../bus/bus.ts'
import type { LogKeeping, ReaderPosition, RetainOptions } from '../../bus/keeping.ts'
import type { OutboxCursor } from '../../store/outbox.ts'
import type { OpenedBus } from './open.ts'
import { labels, present, sampleEvent } from './sample.ts'

const at: OutboxCursor = { cluster: 'c', previous: '1', current: '9', lastId: '1' }
const day = 86_400_000
const hour = 3_600_000
const type = 'sample.happened.v1'
const forAnHour: RetainOptions = { rules: [{ source: 'sample', type, ageMs: hour }] }

/** Declares the suite; every implementation of the port that has `keeping` runs it. */
export function keepingSuite(name: string, open: () => Promise<OpenedBus>): void {
  describe(`${name}: keeping the log`, () => {
    let opened: OpenedBus
    let bus: Bus
    let keeping: LogKeeping
    let other: LogKeeping
    let lease: RelayLease
    beforeEach(async () => {
      opened = await open()
      bus = opened.bus
      keeping = present(bus.keeping)
      other = present((opened.second ?? bus).keeping)
      lease = present(await bus.lease('sample', 'host-1', 100 * day))
    })
    afterEach(async () => opened.close())
    const append = (...all: string[]): Promise<void> =>
      bus.append(
        lease,
        all.map((label) => sampleEvent(label)),
        at,
      )
    /** Appends, and lets so much time pass that the segment is closed with the next round. */
    const appendAndWait = async (label: string, ms: number): Promise<void> => {
      await append(label)
      await opened.shiftClock(ms)
      await keeping.retain({ rules: [], fallback: { ageMs: 1_000 * day } })
    }
    const left = async (after = 0): Promise<string[]> => labels(await bus.read('sample', after, 100))
    const reportAs = (group: string, cursor: number): Promise<void> =>
      keeping.report({ source: 'sample', group, cursor } satisfies ReaderPosition)

    it('knows a source by its offsets and the position they were appended with', async () => {
      expect(await keeping.source('nobody')).toBeUndefined()
      expect(await keeping.source('sample')).toMatchObject({ start: 1, end: 0, cursor: undefined, baseline: undefined })
      await append('a', 'b')
      expect(await other.source('sample')).toMatchObject({ source: 'sample', start: 1, end: 2, cursor: at })
      const baseline = { cluster: 'c', ahead: 3, since: 2 }
      await keeping.setBaseline('sample', baseline)
      expect((await other.source('sample'))?.baseline).toEqual(baseline)
    })

    it('drops nothing without a rule, however old', async () => {
      await append('a')
      await opened.shiftClock(400 * day)
      expect(await keeping.retain({ rules: [] })).toEqual({ segments: 0, events: 0, pinned: [], held: 0 })
      expect(await keeping.retain({ rules: [{ source: 'sample', type: 'other.v1', ageMs: 1 }] })).toMatchObject({
        segments: 0,
      })
      expect(await left()).toEqual(['a'])
    })

    it('remembers with a reader what it kept from going, until it does so no more', async () => {
      const pinned = async (): Promise<unknown> => (await other.readers())[0]?.pinned
      await reportAs('slow', 0)
      // Optional: a log may leave it out, but what it says must be right.
      if ((await pinned()) === undefined) return
      expect(await pinned()).toEqual({ events: 0, bytes: 0 })
      await append('a', 'b')
      await opened.shiftClock(2 * hour)
      await reportAs('slow', 0)
      const { pinned: pins } = await keeping.retain(forAnHour)
      expect(pins).toMatchObject([{ group: 'slow', events: 2 }])
      expect(await pinned()).toEqual({ events: 2, bytes: pins[0]?.bytes })
      await keeping.retain({ ...forAnHour, sources: ['another'] })
      expect(await pinned()).toMatchObject({ events: 2 })
      await reportAs('slow', 2)
      await keeping.retain(forAnHour)
      expect(await pinned()).toEqual({ events: 0, bytes: 0 })
    })

    it('says by which schemas the events that it has were written', async () => {
      const schemas = async (of = type): Promise<unknown> => (await other.schemas?.('sample', of))?.toSorted()
      const append2 = async (schema: string | undefined, before = ''): Promise<void> => {
        const { id, key } = sampleEvent('x')
        const tail = `"data": {"dataschema":"urn:fake","label":"x"}}`
        const envelope = `{"id":"${id}", ${before}${schema === undefined ? '' : `"dataschema": "${schema}", `}${tail}`
        await bus.append(lease, [{ id, key, type, envelope }], at)
      }
      if (keeping.schemas === undefined) return
      expect(await keeping.schemas('nobody', type)).toBeUndefined()
      expect(await schemas()).toEqual([])
      await append2('urn:one')
      await append2('urn:two', '"subject":"a \\"quoted\\" \\\\ one",')
      await append2('urn:one')
      expect([await schemas(), await schemas('sample.other.v1')]).toEqual([['urn:one', 'urn:two'], []])
      await opened.shiftClock(2 * hour)
      await keeping.retain({ rules: [], fallback: { ageMs: 1_000 * day } })
      await opened.shiftClock(2 * day)
      await keeping.retain({ rules: [], fallback: { ageMs: 1_000 * day } })
      await append2('urn:three')
      expect(await schemas()).toEqual(['urn:one', 'urn:three', 'urn:two'])
      await keeping.retain(forAnHour)
      expect(await schemas()).toEqual(['urn:three'])
      // Of one event that does not say it, nobody knows.
      await append2(undefined)
      expect(await keeping.schemas('sample', type)).toBeUndefined()
    })

    it('leaves other sources alone when it is told which to look after', async () => {
      await append('old')
      await opened.shiftClock(2 * hour)
      expect(await keeping.retain({ ...forAnHour, sources: ['another'] })).toMatchObject({ segments: 0 })
      expect(await keeping.retain({ ...forAnHour, sources: ['sample'] })).toMatchObject({ segments: 1 })
    })

    it('drops by age, keeps the offsets, and reading before the first begins at the first', async () => {
      await append('old', 'old too')
      await opened.shiftClock(2 * hour)
      expect(await keeping.retain(forAnHour)).toEqual({ segments: 1, events: 2, pinned: [], held: 0 })
      await append('new')
      expect(await left()).toEqual(['new'])
      expect((await bus.read('sample', 0, 10)).map(({ offset }) => offset)).toEqual([3])
      expect(await other.source('sample')).toMatchObject({ start: 3, end: 3 })
      expect(await left(3)).toEqual([])
    })

    it('is empty after its last event went, and goes on with the next offset', async () => {
      await append('old')
      await opened.shiftClock(2 * hour)
      await keeping.retain(forAnHour)
      expect([await left(), await bus.end('sample')]).toEqual([[], 1])
      expect(await keeping.source('sample')).toMatchObject({ start: 2, end: 1 })
      await append('next')
      expect((await bus.read('sample', 1, 10)).map(({ offset }) => offset)).toEqual([2])
    })

    it('drops by size, of the type’s own events', async () => {
      for (const label of ['a', 'b', 'c']) await appendAndWait(label, 2 * day)
      const bytes = Buffer.byteLength(sampleEvent('a').envelope)
      const rule = { source: 'sample', type, bytes: bytes * 2 }
      expect(await keeping.retain({ rules: [rule] })).toMatchObject({ segments: 1, events: 1 })
      expect(await left()).toEqual(['b', 'c'])
    })

    it('keeps a segment while any event in it is within its rule', async () => {
      await append('old')
      await bus.append(lease, [{ ...sampleEvent('kept'), type: 'sample.kept.v1' }], at)
      await opened.shiftClock(2 * hour)
      expect(await keeping.retain(forAnHour)).toMatchObject({ segments: 0 })
      expect(await left()).toEqual(['old', 'kept'])
    })

    it('reads across segments, in order and without gaps', async () => {
      for (const label of ['a', 'b', 'c']) await appendAndWait(label, 2 * day)
      await append('d')
      expect(await left()).toEqual(['a', 'b', 'c', 'd'])
      expect(labels(await bus.read('sample', 1, 2))).toEqual(['b', 'c'])
      const events = await bus.read('sample', 0, 10)
      const facts = events.map(({ offset, id, key }) => ({ offset, id, type, key }))
      expect(await keeping.entries('sample', 2, 5)).toEqual(facts.slice(2))
      const ids = events.map(({ id }) => id)
      expect(await other.having('sample', [...ids.slice(0, 2), sampleEvent('unknown').id])).toEqual(
        new Set(ids.slice(0, 2)),
      )
    })

    it('lists readers with where they are, how long they stood and when they were heard of', async () => {
      expect(await keeping.readers()).toEqual([])
      await reportAs('slow', 1)
      await opened.shiftClock(1_000)
      await reportAs('slow', 1)
      const [reader] = await other.readers()
      expect(reader).toMatchObject({ source: 'sample', group: 'slow', cursor: 1 })
      expect(present(reader).stoodMs).toBeGreaterThanOrEqual(1_000)
      expect(present(reader).silentMs).toBeLessThan(1_000)
      await reportAs('slow', 5)
      await reportAs('slow', 3)
      expect((await other.readers())[0]).toMatchObject({ cursor: 5 })
    })

    it('does not drop what a living reader has still to read, and shows who is in the way', async () => {
      await append('a', 'b')
      await reportAs('slow', 1)
      await reportAs('fast', 2)
      await opened.shiftClock(2 * hour)
      await reportAs('slow', 1)
      const report = await keeping.retain(forAnHour)
      expect(report).toMatchObject({ segments: 0, pinned: [{ source: 'sample', group: 'slow', cursor: 1, events: 2 }] })
      expect(present(report.pinned[0]).stoodMs).toBeGreaterThanOrEqual(2 * hour)
      expect(await left()).toEqual(['a', 'b'])
      await reportAs('slow', 2)
      expect(await keeping.retain(forAnHour)).toMatchObject({ segments: 1, pinned: [] })
    })

    it('is not held up by a reader that was silent for too long, or that was forgotten', async () => {
      await append('a')
      await reportAs('dead', 0)
      await opened.shiftClock(2 * day)
      const patient = { ...forAnHour, readerTtlMs: 3 * day }
      expect(await keeping.retain(patient)).toMatchObject({ segments: 0 })
      expect(await keeping.retain({ ...forAnHour, readerTtlMs: day })).toMatchObject({ segments: 1, pinned: [] })
      await append('b')
      await opened.shiftClock(2 * hour)
      expect(await keeping.retain(patient)).toMatchObject({ segments: 0 })
      expect([await keeping.forget('sample', 'dead'), await keeping.forget('sample', 'dead')]).toEqual([true, false])
      expect(await keeping.retain(patient)).toMatchObject({ segments: 1 })
    })
  })
}
