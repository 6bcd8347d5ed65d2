/** The contract of {@link ProjectionTarget}: rows and cursor together, once, in order, under the newest epoch. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ProjectionTarget, TargetStep } from '../../projection/target.ts'
import { Fenced } from '../../store/inbox.ts'
import type { ProjectionVersion, SqlTransaction } from '../../store/projections.ts'
import { gate, rejection } from './sample.ts'

/** A target under test, with a hand for reading and writing in its own way. */
export interface OpenedTarget<Tx, View> {
  readonly target: ProjectionTarget<Tx, View>
  /** The same rows, as another host reaches them. */
  readonly second?: ProjectionTarget<Tx, View>
  /** Runs work in a transaction of the service's store, as the feed does. */
  transact(work: (tx: SqlTransaction) => Promise<void>): Promise<void>
  create(tx: Tx): Promise<void>
  /** Appends to the text under a key. */
  append(tx: Tx, key: string, text: string): Promise<void>
  remove(tx: Tx, key: string): Promise<void>
  read(view: View, key: string): Promise<string | undefined>
  close(): Promise<void>
}

const one: ProjectionVersion = { name: 'sales', version: 1 }
const two: ProjectionVersion = { name: 'sales', version: 2 }

/** Declares the suite. `cursors` says whether the target keeps cursors of its own; one in the store's database has the marks. */
export function projectionTargetSuite<Tx, View>(
  name: string,
  open: () => Promise<OpenedTarget<Tx, View>>,
  options: { readonly cursors: boolean },
): void {
  describe(`${name}: projection target`, () => {
    let opened: OpenedTarget<Tx, View>
    beforeEach(async () => {
      opened = await open()
      for (const of of [one, two]) await opened.transact((tx) => opened.target.prepare(of, tx, opened.create))
    })
    afterEach(async () => {
      for (const of of [one, two]) await opened.transact((tx) => opened.target.destroy(of, tx))
      await opened.close()
    })
    const step = (offset: number, more: Partial<TargetStep> = {}): TargetStep => ({
      source: 'sample',
      lane: 'lane-0',
      epoch: 1,
      offset,
      ...more,
    })
    /** Applies events by offset as the feed does: those that the lane has are left out. */
    const apply = (
      offsets: readonly number[],
      more: Partial<TargetStep> = {},
      of = one,
      by = opened.target,
    ): Promise<void> =>
      opened.transact((tx) =>
        by.apply(of, step(offsets.at(-1) as number, more), tx, async (inner, after) => {
          for (const offset of offsets) if (offset > after) await opened.append(inner, 'k', `${offset} `)
        }),
      )
    const read = (of = one, by = opened.target): Promise<string | undefined> => opened.read(by.view(of), 'k')

    it('applies steps, and shows them to every host', async () => {
      await apply([1])
      await apply([2, 5])
      expect([await read(), await read(one, opened.second ?? opened.target)]).toEqual(['1 2 5 ', '1 2 5 '])
    })

    it('sees inside a step what the step has written, and nothing of it when the step fails', async () => {
      await apply([1])
      const failing = opened.transact((tx) =>
        opened.target.apply(one, step(2), tx, async (inner) => {
          await opened.append(inner, 'k', '2 ')
          await opened.append(inner, 'k', '3 ')
          throw new Error('no')
        }),
      )
      expect(await rejection(failing)).toMatchObject({ message: 'no' })
      expect(await read()).toBe('1 ')
      await apply([2, 3])
      expect(await read()).toBe('1 2 3 ')
    })

    it('removes rows', async () => {
      await apply([1])
      await opened.transact((tx) => opened.target.apply(one, step(2), tx, (inner) => opened.remove(inner, 'k')))
      expect(await read()).toBeUndefined()
    })

    it('keeps versions apart, and destroys one without touching the other', async () => {
      await apply([1])
      await apply([1, 2], {}, two)
      expect([await read(one), await read(two)]).toEqual(['1 ', '1 2 '])
      await opened.transact((tx) => opened.target.destroy(one, tx))
      await opened.transact((tx) => opened.target.prepare(one, tx, opened.create))
      expect([await read(one), await read(two)]).toEqual([undefined, '1 2 '])
      await apply([1])
      expect(await read(one)).toBe('1 ')
    })

    it('may be prepared again', async () => {
      await apply([1])
      if (options.cursors) await opened.transact((tx) => opened.target.prepare(one, tx, async () => undefined))
      expect(await read()).toBe('1 ')
    })

    if (!options.cursors) return

    it('applies a step once, also when it comes again as part of a longer one', async () => {
      await apply([1, 2])
      await apply([1, 2])
      await apply([1, 2, 3])
      await apply([2])
      expect(await read()).toBe('1 2 3 ')
    })

    it('has a cursor for each lane and source', async () => {
      await apply([5])
      await apply([3], { lane: 'lane-1' })
      await apply([1], { source: 'another' })
      expect(await read()).toBe('5 3 1 ')
    })

    it('T15: refuses an older epoch once a newer one has applied something, of that source only', async () => {
      await apply([1])
      await apply([2], { epoch: 3 })
      expect(await rejection(apply([3], { epoch: 1 }))).toBeInstanceOf(Fenced)
      expect(await rejection(apply([3], { epoch: 2, lane: 'lane-1' }))).toBeInstanceOf(Fenced)
      await apply([1], { epoch: 1, source: 'another' })
      await apply([3], { epoch: 3 })
      expect(await read()).toBe('1 2 1 3 ')
    })

    it('lets one of two through that apply the same step at once', async () => {
      const [entered, go] = [gate(), gate()]
      const slow = opened.transact((tx) =>
        opened.target.apply(one, step(1), tx, async (inner) => {
          await opened.append(inner, 'k', 'slow ')
          entered.open()
          await go.opened
        }),
      )
      await entered.opened
      await apply([1], {}, one, opened.second ?? opened.target)
      go.open()
      expect(await rejection(slow)).toMatchObject({ reason: 'CURSOR_MOVED', retryable: true })
      expect(await read()).toBe('1 ')
    })

    it('applies everything once when many hosts apply everything', async () => {
      const offsets = Array.from({ length: 30 }, (_, index) => index + 1)
      const host = async (by: ProjectionTarget<Tx, View>): Promise<void> => {
        for (const offset of offsets)
          for (let tries = 0; tries < 100; tries++)
            if ((await rejection(apply([offset], {}, one, by))) === undefined) break
      }
      await Promise.all([host(opened.target), host(opened.second ?? opened.target), host(opened.target)])
      expect(await read()).toBe(offsets.map((offset) => `${offset} `).join(''))
    })
  })
}
