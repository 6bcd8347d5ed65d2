/** The contract of reading streams: parts and pages, times and snapshots, and a safe order over all of them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventStore, NewStreamEvent, StreamPage } from '../../store/event-store.ts'
import type { Store } from '../../store/store.ts'
import type { OpenedStore } from './open.ts'
import { gate, rejection } from './sample.ts'
import { factLabels, readStreams, sampleFact } from './stream-facts.ts'

/** Declares the suite; every implementation of the port runs it. */
export function streamReadingSuite(name: string, open: () => Promise<OpenedStore>): void {
  describe(`${name}: event store, reading`, () => {
    let opened: OpenedStore
    let store: Store
    let streams: EventStore
    beforeEach(async () => {
      opened = await open()
      store = opened.store
      streams = store.streams
    })
    afterEach(async () => opened.close())
    const facts = (...labels: string[]): NewStreamEvent[] => labels.map(sampleFact)
    const add = (stream: string, expected: Parameters<EventStore['append']>[2]['expected'], ...labels: string[]) =>
      streams.append(stream, facts(...labels), { expected })

    describe('read', () => {
      it('gives a part of a stream, page by page', async () => {
        await add('a-1', 'none', ...'abcdefg')
        const page = async (range: Parameters<EventStore['read']>[1]): Promise<string> => {
          const { events, more } = await streams.read('a-1', range)
          return factLabels(events).join('') + (more ? '…' : '')
        }
        expect(await page({ limit: 3 })).toBe('abc…')
        expect(await page({ from: 4, limit: 3 })).toBe('def…')
        expect(await page({ from: 7, limit: 3 })).toBe('g')
        expect(await page({ to: 3, limit: 3 })).toBe('abc')
        expect(await page({ from: 3, to: 5 })).toBe('cde')
        expect(await page({ from: 8 })).toBe('')
        expect(await streams.read('a-2')).toEqual({ events: [], more: false })
      })

      it.each([
        { limit: 0 },
        { limit: 10_001 },
        { limit: 1.5 },
        { from: -1 },
        { to: Number.NaN },
        { asOfMs: Number.NaN },
      ])('refuses %o', async (range) => {
        expect(await rejection(streams.read('a-1', range))).toMatchObject({ reason: 'BAD_RANGE' })
      })

      it('gives a stream as it was at a time', async () => {
        await add('a-1', 'none', 'a', 'b')
        const [first] = (await streams.read('a-1')).events.slice(-1)
        const thenMs = first?.timeMs ?? 0
        await opened.shiftClock(60_000)
        await add('a-1', 2, 'c')
        const at = async (asOfMs: number): Promise<string[]> =>
          factLabels((await streams.read('a-1', { asOfMs })).events)
        expect(await at(thenMs)).toEqual(['a', 'b'])
        expect(await at(thenMs + 30_000)).toEqual(['a', 'b'])
        expect(await at(thenMs + 10_000_000)).toEqual(['a', 'b', 'c'])
        expect(await at(0)).toEqual([])
      })

      it('gives the snapshot of the schema that was asked for, and the events behind it', async () => {
        await add('a-1', 'none', ...'abcd')
        await streams.saveSnapshot('a-1', { version: 2, schema: 1, state: { seen: 'ab' } })
        const all = await streams.read('a-1', { snapshotSchema: 1 })
        expect(all.snapshot).toEqual({ version: 2, schema: 1, state: { seen: 'ab' } })
        expect(factLabels(all.events)).toEqual(['c', 'd'])
        const without = async (range: Parameters<EventStore['read']>[1]): Promise<StreamPage> =>
          streams.read('a-1', range)
        for (const range of [{ snapshotSchema: 2 }, {}, { snapshotSchema: 1, to: 1 }])
          expect((await without(range)).snapshot).toBeUndefined()
        expect(factLabels((await without({ snapshotSchema: 2 })).events)).toEqual([...'abcd'])
        expect(factLabels((await without({ snapshotSchema: 1, to: 3 })).events)).toEqual(['c'])
        expect((await without({ snapshotSchema: 1, from: 3 })).snapshot).toBeUndefined()
      })

      it('an older snapshot does not replace a newer one, one of another schema does', async () => {
        await add('a-1', 'none', ...'abcd')
        const keep = (version: number, schema: number): Promise<void> =>
          streams.saveSnapshot('a-1', { version, schema, state: `${version}/${schema}` })
        const kept = async (snapshotSchema: number): Promise<unknown> =>
          (await streams.read('a-1', { snapshotSchema })).snapshot?.state
        await keep(3, 1)
        await keep(2, 1)
        expect(await kept(1)).toBe('3/1')
        await keep(2, 2)
        expect([await kept(1), await kept(2)]).toEqual([undefined, '2/2'])
      })

      it('a snapshot goes with its transaction', async () => {
        await rejection(
          store.transact(async (tx) => {
            await tx.streams.append('a-1', facts('a'), { expected: 'none' })
            await tx.streams.saveSnapshot('a-1', { version: 1, schema: 1, state: 'lost' })
            throw new Error('no')
          }),
        )
        expect((await streams.read('a-1', { snapshotSchema: 1 })).snapshot).toBeUndefined()
      })
    })

    describe('all streams', () => {
      it('are read page by page, each event once, each stream in order', async () => {
        for (let version = 0; version < 5; version++)
          for (const id of ['1', '2', '3']) await add(`a-${id}`, version, `${id}/${version}`)
        for (const limit of [1, 4, 100]) {
          const { events } = await readStreams(streams, undefined, limit)
          expect(events).toHaveLength(15)
          for (const id of ['1', '2', '3'])
            expect(events.filter((event) => event.stream === `a-${id}`).map((event) => event.version)).toEqual([
              1, 2, 3, 4, 5,
            ])
        }
      })

      it('go on from a cursor, and give nothing new when there is nothing', async () => {
        await add('a-1', 'none', 'x')
        const first = await readStreams(streams)
        expect((await readStreams(streams, first.cursor)).events).toEqual([])
        await add('a-1', 1, 'y')
        expect(factLabels((await readStreams(streams, first.cursor)).events)).toEqual(['y'])
      })

      it('do not wait for an open transaction, and do not lose it when it commits late', async () => {
        const [appended, finish] = [gate(), gate()]
        const slow = store.transact(async (tx) => {
          await tx.streams.append('a-slow', facts('slow'), { expected: 'none' })
          appended.open()
          await finish.opened
        })
        await appended.opened
        const fast = await add('a-fast', 'none', 'fast')
        const first = await readStreams(streams)
        expect(factLabels(first.events)).toEqual(['fast'])
        finish.open()
        await slow
        const second = await readStreams(streams, first.cursor)
        expect(factLabels(second.events)).toEqual(['slow'])
        expect(second.events[0]?.position).toBeLessThan(fast.position)
      })

      it('can be narrowed to categories', async () => {
        await add('cart-1', 'none', 'a')
        await add('order-1', 'none', 'b')
        await add('cart-2', 'none', 'c')
        const page = await streams.readAll(undefined, 10, { categories: ['cart'] })
        expect(factLabels(page.events)).toEqual(['a', 'c'])
        expect((await streams.readAll(undefined, 10, { categories: ['car', 'nothing'] })).events).toEqual([])
      })

      it('say whether a reader has come past a position', async () => {
        const { cursor: before } = await streams.readAll(undefined, 10)
        const { position: a } = await add('a-1', 'none', 'a')
        const { position: b } = await add('a-1', 1, 'b')
        expect(await streams.hasRead(before, a)).toBe(false)
        const half = await streams.readAll(before, 1)
        expect([await streams.hasRead(half.cursor, a), await streams.hasRead(half.cursor, b)]).toEqual([true, false])
        const { cursor } = await readStreams(streams, half.cursor)
        expect([await streams.hasRead(cursor, a), await streams.hasRead(cursor, b)]).toEqual([true, true])
        expect(await streams.hasRead(cursor, 1_000_000)).toBe(false)
      })

      it('refuse the cursor of another cluster', async () => {
        const { cursor } = await streams.readAll(undefined, 1)
        const foreign = streams.readAll({ ...cursor, cluster: `${cursor.cluster}0` }, 1)
        expect(await rejection(foreign)).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'FOREIGN_CLUSTER' })
      })

      it('wake a listener after a commit that appended, and only then', async () => {
        let woken = 0
        const stop = streams.onCommit(() => {
          woken += 1
        })
        await store.transact(async () => 'nothing appended')
        await rejection(
          store.transact(async (tx) => {
            await tx.streams.append('a-1', facts('lost'), { expected: 'none' })
            throw new Error('no')
          }),
        )
        expect(woken).toBe(0)
        await store.transact((tx) => tx.streams.append('a-1', facts('x'), { expected: 'none' }))
        await expect.poll(() => woken).toBe(1)
        await add('a-1', 1, 'y')
        await expect.poll(() => woken).toBe(2)
        stop()
        await add('a-1', 2, 'z')
        expect(woken).toBe(2)
      })
    })
  })
}
