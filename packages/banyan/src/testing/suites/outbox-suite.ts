/** The contract of {@link Outbox}: nothing lost, nothing twice, no key inverted, nobody waited for. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OutboxCursor } from '../../store/outbox.ts'
import type { Store } from '../../store/store.ts'
import type { OpenedStore } from './open.ts'
import { gate, labels, readAll, rejection, sampleEvent } from './sample.ts'

/** Declares the suite; every implementation of the port runs it. */
export function outboxSuite(name: string, open: () => Promise<OpenedStore>): void {
  describe(`${name}: outbox`, () => {
    let opened: OpenedStore
    let store: Store
    beforeEach(async () => {
      opened = await open()
      store = opened.store
    })
    afterEach(async () => opened.close())
    const publish = async (...all: string[]): Promise<void> =>
      store.transact(async (tx) => {
        for (const label of all) tx.publish(sampleEvent(label))
      })

    it('reads an empty outbox and goes on from there', async () => {
      const empty = await store.outbox.read(undefined, 10)
      expect(empty.events).toEqual([])
      expect(empty.more).toBe(false)
      await publish('a')
      expect(labels((await readAll(store.outbox, empty.cursor)).events)).toEqual(['a'])
    })

    it('gives events back as they were published', async () => {
      const event = sampleEvent('ü ☃ "quoted"', 'kéy')
      await store.transact(async (tx) => tx.publish(event))
      expect((await store.outbox.read(undefined, 10)).events).toEqual([event])
    })

    it('reads page by page, each event once, in order', async () => {
      const wanted = Array.from({ length: 25 }, (_, index) => `${index}`)
      await publish(...wanted.slice(0, 12))
      for (const label of wanted.slice(12)) await publish(label)
      const { events, cursor } = await readAll(store.outbox, undefined, 4)
      expect(labels(events)).toEqual(wanted)
      expect((await store.outbox.read(cursor, 4)).events).toEqual([])
    })

    it('never gives more than the limit', async () => {
      await publish('a', 'b', 'c')
      const page = await store.outbox.read(undefined, 2)
      expect(labels(page.events)).toEqual(['a', 'b'])
      expect(page.more).toBe(true)
    })

    it('reads the same page again from the same cursor', async () => {
      await publish('a', 'b')
      const { cursor } = await store.outbox.read(undefined, 1)
      expect(labels((await readAll(store.outbox, cursor)).events)).toEqual(['b'])
      expect(labels((await readAll(store.outbox, cursor)).events)).toEqual(['b'])
    })

    it('does not wait for an open transaction, and does not lose it when it commits late', async () => {
      const [started, finish] = [gate(), gate()]
      const slow = store.transact(async (tx) => {
        tx.publish(sampleEvent('slow'))
        started.open()
        await finish.opened
      })
      await started.opened
      await publish('fast')
      const first = await readAll(store.outbox)
      expect(labels(first.events)).toEqual(['fast'])
      await publish('faster')
      const second = await readAll(store.outbox, first.cursor)
      expect(labels(second.events)).toEqual(['faster'])
      finish.open()
      await slow
      expect(labels((await readAll(store.outbox, second.cursor)).events)).toEqual(['slow'])
    })

    it('reads each of many concurrent commits once while they go on', async () => {
      const writers = Array.from({ length: 60 }, (_, index) => publish(`${index}a`, `${index}b`))
      const seen: string[] = []
      let { events, cursor } = await readAll(store.outbox, undefined, 7)
      seen.push(...labels(events))
      for (const writer of writers) {
        await writer
        ;({ events, cursor } = await readAll(store.outbox, cursor, 7))
        seen.push(...labels(events))
      }
      const wanted = Array.from({ length: 60 }, (_, index) => [`${index}a`, `${index}b`]).flat()
      expect(seen.toSorted()).toEqual(wanted.toSorted())
      for (let index = 0; index < 60; index++) expect(seen.indexOf(`${index}a`)).toBeLessThan(seen.indexOf(`${index}b`))
    })

    it('refuses the cursor of another cluster', async () => {
      await publish('a')
      const { cursor } = await store.outbox.read(undefined, 1)
      const foreign = store.outbox.read({ ...cursor, cluster: `${cursor.cluster}0` }, 1)
      expect(await rejection(foreign)).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'FOREIGN_CLUSTER' })
    })

    it('trims what is behind the cursor and nothing else', async () => {
      await publish('a', 'b')
      const { cursor } = await readAll(store.outbox)
      const behind = (await store.outbox.read(cursor, 10)).cursor
      await publish('c')
      expect(await store.outbox.trim(behind)).toBe(2)
      expect(labels((await readAll(store.outbox, behind)).events)).toEqual(['c'])
      expect(labels((await readAll(store.outbox)).events)).toEqual(['c'])
    })

    it('begins after what was trimmed when nobody says where, and does not move back', async () => {
      await publish('a')
      const first = (await readAll(store.outbox)).cursor
      await publish('b')
      const second = (await readAll(store.outbox, first)).cursor
      expect([await store.outbox.trim(second), await store.outbox.trim(first)]).toEqual([2, 0])
      await publish('c')
      expect(labels((await readAll(store.outbox)).events)).toEqual(['c'])
    })

    it('counts what a cursor has passed, before and after trims, and says which were the last', async () => {
      const census = async (cursor: OutboxCursor): Promise<unknown> => store.outbox.census?.(cursor, 2)
      await publish('a', 'b')
      const first = (await readAll(store.outbox)).cursor
      const base = ((await store.outbox.census?.(first, 2))?.passed ?? 0) - 2
      await publish('c')
      const second = (await readAll(store.outbox, first)).cursor
      await publish('waits')
      const { events } = await store.outbox.read(undefined, 3)
      const [, b, c] = events.map(({ id, key }) => ({ id, key }))
      expect(await census(second)).toEqual({ passed: base + 3, latest: [b, c] })
      await store.outbox.trim(second)
      expect(await census(second)).toMatchObject({ passed: base + 3 })
      expect(await census(first)).toBeUndefined()
    })

    it('says how many wait', async () => {
      await publish('a', 'b', 'c')
      expect(await store.outbox.depth()).toBeGreaterThanOrEqual(0)
    })

    it('says how much waits beyond a position, how old that is, and what space all takes', async () => {
      const extent = async (after?: OutboxCursor): Promise<readonly [waiting: number, isOld: boolean]> => {
        const { waiting, oldestMs = 0, bytes = 0 } = (await store.outbox.extent?.(after)) ?? { waiting: -1 }
        expect(bytes).toBeGreaterThanOrEqual(0)
        return [waiting, oldestMs > 0]
      }
      expect(await extent()).toEqual([0, false])
      await publish('a', 'b', 'c')
      const page = await store.outbox.read(undefined, 2)
      const { cursor } = await readAll(store.outbox, page.cursor)
      expect((await extent())[0]).toBe(3)
      expect((await extent(page.cursor))[0]).toBe(1)
      expect(await extent(cursor)).toEqual([0, false])
      await publish('d')
      expect((await extent(cursor))[0]).toBe(1)
    })

    it('wakes a listener after a commit that published, and only then', async () => {
      let woken = 0
      const stop = store.outbox.onCommit(() => {
        woken += 1
      })
      await store.transact(async () => 'nothing published')
      await rejection(
        store.transact(async (tx) => {
          tx.publish(sampleEvent('lost'))
          throw new Error('no')
        }),
      )
      expect(woken).toBe(0)
      await publish('a')
      await expect.poll(() => woken).toBe(1)
      stop()
      await publish('b')
      expect(woken).toBe(1)
    })
  })
}
