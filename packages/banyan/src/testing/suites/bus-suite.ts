/** The contract of {@link Bus}: one writer per source, offsets without gaps, the position stored with the events. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Bus, RelayLease } from '../../bus/bus.ts'
import { Fenced } from '../../store/inbox.ts'
import type { OutboxCursor } from '../../store/outbox.ts'
import type { OpenedBus } from './open.ts'
import { labels, present, rejection, sampleEvent } from './sample.ts'

const leaseMs = 10_000
const at = (lastId: number): OutboxCursor => ({ cluster: 'c', previous: '1', current: '9', lastId: `${lastId}` })

/** Declares the suite; every implementation of the port runs it. */
export function busSuite(name: string, open: () => Promise<OpenedBus>): void {
  describe(`${name}: bus`, () => {
    let opened: OpenedBus
    let bus: Bus
    let other: Bus
    beforeEach(async () => {
      opened = await open()
      bus = opened.bus
      other = opened.second ?? opened.bus
    })
    afterEach(async () => opened.close())
    const lease = async (source = 'sample', holder = 'host-1'): Promise<RelayLease> =>
      present(await bus.lease(source, holder, leaseMs))
    const sample = (...all: string[]): ReturnType<typeof sampleEvent>[] => all.map((label) => sampleEvent(label))

    it('has nothing of a source that never spoke', async () => {
      expect(await bus.read('sample', 0, 10)).toEqual([])
      expect(await bus.end('sample')).toBe(0)
    })

    it('gives events back as they were appended, with source and offsets 1, 2, 3', async () => {
      const events = [sampleEvent('ü ☃', 'kéy'), sampleEvent('b'), sampleEvent('c')]
      const held = await lease()
      await bus.append(held, events.slice(0, 2), at(2))
      await bus.append(held, events.slice(2), at(3))
      const wanted = events.map((event, index) => ({ ...event, source: 'sample', offset: index + 1 }))
      expect(await other.read('sample', 0, 10)).toEqual(wanted)
      expect(await other.end('sample')).toBe(3)
    })

    it('reads after an offset, up to a limit', async () => {
      await bus.append(await lease(), sample('a', 'b', 'c', 'd'), at(4))
      expect(labels(await bus.read('sample', 1, 2))).toEqual(['b', 'c'])
      expect(await bus.read('sample', 4, 2)).toEqual([])
    })

    it('appends a thousand events at once, in order', async () => {
      const wanted = Array.from({ length: 1_000 }, (_, index) => `${index}`)
      await bus.append(await lease(), sample(...wanted), at(1_000))
      expect(labels(await bus.read('sample', 0, 2_000))).toEqual(wanted)
    })

    it('keeps sources apart', async () => {
      await bus.append(await lease('sample'), sample('a', 'b'), at(2))
      await bus.append(await lease('another'), sample('x'), at(1))
      expect((await bus.read('another', 0, 10)).map((event) => event.offset)).toEqual([1])
      expect(await bus.end('sample')).toBe(2)
    })

    it('stores the position with the events', async () => {
      const held = await lease()
      expect(held.cursor).toBeUndefined()
      await bus.append(held, sample('a'), at(1))
      expect((await lease()).cursor).toEqual(at(1))
      await bus.append(held, [], at(5))
      expect((await lease()).cursor).toEqual(at(5))
      expect(await bus.end('sample')).toBe(1)
    })

    it('leases a source at once to the next incarnation of the same instance, under a higher epoch', async () => {
      const first = await lease('sample', 'orders#1')
      const second = await lease('sample', 'orders#2')
      expect(second.epoch).toBeGreaterThan(first.epoch)
      await expect(bus.append(first, [], at(1))).rejects.toMatchObject({ reason: 'FENCED' })
      expect(await bus.lease('sample', 'payments#1', leaseMs)).toBeUndefined()
    })

    it('leases a source to one holder, who may renew', async () => {
      const first = await lease()
      expect(await other.lease('sample', 'host-2', leaseMs)).toBeUndefined()
      await opened.shiftClock(leaseMs / 2)
      expect((await lease()).epoch).toBe(first.epoch)
      await opened.shiftClock(leaseMs / 2 + 1)
      expect(await other.lease('sample', 'host-2', leaseMs)).toBeUndefined()
    })

    it('gives the lease to one of many who ask at once', async () => {
      const holders = Array.from({ length: 8 }, (_, index) => `host-${index}`)
      const asked = holders.map((holder, index) => (index % 2 ? other : bus).lease('sample', holder, leaseMs))
      expect((await Promise.all(asked)).filter((one) => one !== undefined)).toHaveLength(1)
    })

    it('lets another take over when the lease is over, and fences the first', async () => {
      const first = await lease()
      await bus.append(first, sample('a'), at(1))
      await opened.shiftClock(leaseMs + 1)
      const second = present(await other.lease('sample', 'host-2', leaseMs))
      expect(second.epoch).toBeGreaterThan(first.epoch)
      expect(second.cursor).toEqual(at(1))
      expect(await rejection(bus.append(first, sample('zombie'), at(2)))).toBeInstanceOf(Fenced)
      await other.append(second, sample('b'), at(2))
      expect(labels(await bus.read('sample', 0, 10))).toEqual(['a', 'b'])
    })

    it('is free at once after a release, which ends the epoch also for the one who released', async () => {
      const first = await lease()
      await bus.release(first)
      expect(await rejection(bus.append(first, sample('late'), at(1)))).toBeInstanceOf(Fenced)
      const again = await lease()
      expect(again.epoch).toBeGreaterThan(first.epoch)
      expect(await bus.end('sample')).toBe(0)
    })

    it('is not released by an older epoch', async () => {
      const first = await lease()
      await opened.shiftClock(leaseMs + 1)
      await other.lease('sample', 'host-2', leaseMs)
      await bus.release(first)
      expect(await bus.lease('sample', 'host-1', leaseMs)).toBeUndefined()
    })

    it('wakes a listener after an append, until it is let go', async () => {
      const woken: string[] = []
      const stop = bus.onAppend((source) => woken.push(source))
      const held = await lease()
      await bus.append(held, sample('a'), at(1))
      await expect.poll(() => woken).toContain('sample')
      stop()
      const before = woken.length
      await bus.append(held, sample('b'), at(2))
      expect(woken.length).toBe(before)
    })

    it('answers a ping, and refuses everything once it is closed', async () => {
      await bus.ping()
      await bus.close()
      expect(await rejection(bus.ping())).toMatchObject({ code: 'UNAVAILABLE' })
      expect(await rejection(bus.read('sample', 0, 1))).toMatchObject({ code: 'UNAVAILABLE' })
    })
  })
}
