/** The contract of {@link EventStore}: one winner for each version, nothing twice, no hole, a safe order over all streams. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventStore, NewStreamEvent, StreamCursor, StreamEvent, StreamPage } from '../../store/event-store.ts'
import type { Store } from '../../store/store.ts'
import { VersionConflict } from '../../store/stream-rules.ts'
import type { OpenedStore } from './open.ts'
import { gate, rejection, sampleEvent } from './sample.ts'

/** A new event of a stream; `label` comes back as its data. */
export function sampleFact(label: string): NewStreamEvent {
  return { id: sampleEvent(label).id, type: 'happened', data: { label } }
}

/** The labels of a stream's events, in order. */
export function factLabels(events: readonly StreamEvent[]): string[] {
  return events.map((event) => (event.data as { label: string }).label)
}

/** Reads all streams to the end, through cursors that went through JSON as stored ones do. */
export async function readStreams(
  streams: EventStore,
  from?: StreamCursor,
  limit = 100,
): Promise<{ readonly events: StreamEvent[]; readonly cursor: StreamCursor }> {
  const events: StreamEvent[] = []
  let cursor = from
  for (let pages = 0; pages < 1_000; pages++) {
    const page = await streams.readAll(cursor, limit)
    events.push(...page.events)
    cursor = JSON.parse(JSON.stringify(page.cursor)) as StreamCursor
    if (!page.more) return { events, cursor }
  }
  throw new Error('the streams still say `more` after 1000 pages')
}

/** Declares the suite; every implementation of the port runs it. */
export function eventStoreSuite(name: string, open: () => Promise<OpenedStore>): void {
  describe(`${name}: event store`, () => {
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
    const labelsOf = async (stream: string): Promise<string[]> => factLabels((await streams.read(stream)).events)

    describe('append', () => {
      it('numbers the events of a stream from 1 and gives them back as they were', async () => {
        const given = {
          id: sampleEvent('x').id,
          type: 'paid',
          major: 3,
          data: { text: 'ü ☃ "quoted" \u0000', list: [1, 2.5, null, true], zero: 0 },
          metadata: { traceparent: '00-1', causationId: 'c' },
        }
        const first = await streams.append('payment-1', [given, ...facts('b')], { expected: 'none' })
        expect(first).toMatchObject({ version: 2, repeated: false })
        const { events, more } = await streams.read('payment-1')
        expect(more).toBe(false)
        expect(events[0]).toEqual({
          ...given,
          stream: 'payment-1',
          version: 1,
          position: events[0]?.position,
          timeMs: events[0]?.timeMs,
        })
        expect(events[1]).toMatchObject({ version: 2, major: 1, metadata: {}, position: first.position })
        expect(Number.isSafeInteger(events[0]?.timeMs) && Number.isSafeInteger(first.position)).toBe(true)
      })

      it.each([
        ['a version that is behind', 1],
        ['a version that is ahead', 5],
        ['none where there are some', 'none'],
        ['0 where there are some', 0],
      ] as const)('refuses %s, says where the stream is, and writes nothing', async (_, expected) => {
        await add('payment-1', 'none', 'a', 'b')
        const error = await rejection(add('payment-1', expected, 'c', 'd'))
        expect(error).toBeInstanceOf(VersionConflict)
        expect(error).toMatchObject({
          code: 'ABORTED',
          reason: 'VERSION_CONFLICT',
          retryable: false,
          outcome: 'none',
          details: { stream: 'payment-1', expected, actual: 2 },
        })
        expect(await labelsOf('payment-1')).toEqual(['a', 'b'])
      })

      it('appends wherever the stream is, when that does not matter', async () => {
        expect(await rejection(add('log-1', 'exists', 'a'))).toMatchObject({ details: { actual: 0 } })
        await add('log-1', 'any', 'a')
        await add('log-1', 'any', 'b', 'c')
        await add('log-1', 'exists', 'd')
        expect(await labelsOf('log-1')).toEqual(['a', 'b', 'c', 'd'])
      })

      it.each(['any', 'exists', 1] as const)(
        'the same ids again are the same append (expected %s)',
        async (expected) => {
          await add('payment-1', 'none', 'a')
          const again = facts('b', 'c')
          const first = await streams.append('payment-1', again, { expected })
          await add('payment-1', 3, 'd')
          const second = await streams.append('payment-1', again, { expected })
          expect(second).toEqual({ ...first, repeated: true })
          expect(await labelsOf('payment-1')).toEqual(['a', 'b', 'c', 'd'])
        },
      )

      it('refuses ids of another append, and an id in two streams is none of its business', async () => {
        const [a, b, c] = facts('a', 'b', 'c') as [NewStreamEvent, NewStreamEvent, NewStreamEvent]
        await streams.append('payment-1', [a, b], { expected: 'none' })
        for (const mixed of [[b, a], [b, c], [c, b], [{ ...a, type: 'other' }]])
          expect(await rejection(streams.append('payment-1', mixed, { expected: 2 }))).toMatchObject({
            code: 'ALREADY_EXISTS',
            reason: 'EVENT_ID_REUSED',
          })
        expect(await streams.append('payment-2', [a], { expected: 'none' })).toMatchObject({ repeated: false })
        expect(await labelsOf('payment-1')).toEqual(['a', 'b'])
      })

      it.each([
        ['no category', 'payment', 'BAD_STREAM'],
        ['a category with a space', 'pay ment-1', 'BAD_STREAM'],
        ['no id', 'payment-', 'BAD_STREAM'],
        ['a control character', 'payment-\n1', 'BAD_STREAM'],
        ['too long a name', `payment-${'x'.repeat(255)}`, 'BAD_STREAM'],
      ])('refuses a stream with %s', async (_, stream, reason) => {
        expect(await rejection(add(stream, 'none', 'a'))).toMatchObject({ code: 'INVALID_ARGUMENT', reason })
        expect(await rejection(streams.read(stream))).toMatchObject({ reason })
      })

      it('refuses what is no event, and an append of none or too many', async () => {
        const good = sampleFact('a')
        const bad: [NewStreamEvent[], string][] = [
          [[], 'BAD_APPEND'],
          [Array.from({ length: 1_001 }, () => sampleFact('x')), 'BAD_APPEND'],
          [[good, good], 'BAD_APPEND'],
          [[{ ...good, id: '1' }], 'BAD_APPEND'],
          [[{ ...good, type: '' }], 'BAD_APPEND'],
          [[{ ...good, major: 0 }], 'BAD_APPEND'],
          [[{ ...good, data: undefined }], 'BAD_APPEND'],
          [[{ ...good, data: 'ü'.repeat(200_000) }], 'EVENT_TOO_LARGE'],
        ]
        for (const [events, reason] of bad)
          expect(await rejection(streams.append('a-1', events, { expected: 'none' }))).toMatchObject({
            code: 'INVALID_ARGUMENT',
            reason,
          })
        expect(await rejection(add('a-1', -1, 'a'))).toMatchObject({ reason: 'BAD_APPEND' })
        expect(await rejection(add('a-1', 'never' as never, 'a'))).toMatchObject({ reason: 'BAD_APPEND' })
        expect(await labelsOf('a-1')).toEqual([])
      })

      it('takes a thousand events at once, in order', async () => {
        const wanted = Array.from({ length: 1_000 }, (_, index) => `${index}`)
        await add('a-1', 'none', ...wanted)
        expect(await labelsOf('a-1')).toEqual(wanted)
      })

      it('T26: of 64 appends that expect the same version exactly one wins, at every version', async () => {
        for (const version of [0, 1, 2]) {
          const tries = Array.from({ length: 64 }, (_, index) => add('race-1', version, `${version}/${index}`))
          const ended = await Promise.allSettled(tries)
          const lost = ended.filter((one) => one.status === 'rejected')
          expect(lost).toHaveLength(63)
          for (const { reason } of lost) expect(reason).toBeInstanceOf(VersionConflict)
        }
        const { events } = await streams.read('race-1')
        expect(events.map((event) => event.version)).toEqual([1, 2, 3])
      })

      it('64 appends that expect nothing all come through, each once and without a hole', async () => {
        const tries = Array.from({ length: 64 }, (_, index) => add('race-1', 'any', `${index}a`, `${index}b`))
        await Promise.all(tries)
        const { events } = await streams.read('race-1')
        expect(events.map((event) => event.version)).toEqual(Array.from({ length: 128 }, (_, index) => index + 1))
        for (const [place, label] of factLabels(events).entries())
          if (place % 2 === 0) expect(factLabels(events)[place + 1]).toBe(label.replace('a', 'b'))
      })
    })

    describe('in a transaction', () => {
      it('is seen inside at once, outside when it commits, and nowhere when it does not', async () => {
        const [appended, finish] = [gate(), gate()]
        const work = store.transact(async (tx) => {
          await tx.streams.append('a-1', facts('x'), { expected: 'none' })
          await tx.streams.append('a-1', facts('y'), { expected: 1 })
          expect(factLabels((await tx.streams.read('a-1')).events)).toEqual(['x', 'y'])
          appended.open()
          await finish.opened
        })
        await appended.opened
        expect(await labelsOf('a-1')).toEqual([])
        finish.open()
        await work
        expect(await labelsOf('a-1')).toEqual(['x', 'y'])
        const failing = store.transact(async (tx) => {
          await tx.streams.append('a-1', facts('z'), { expected: 2 })
          throw new Error('no')
        })
        await rejection(failing)
        expect(await labelsOf('a-1')).toEqual(['x', 'y'])
        expect(await add('a-1', 2, 'after')).toMatchObject({ version: 3 })
      })

      it('waits for a writer under way, and can go on after the conflict', async () => {
        const [appended, finish] = [gate(), gate()]
        const first = store.transact(async (tx) => {
          await tx.streams.append('a-1', facts('first'), { expected: 'none' })
          appended.open()
          await finish.opened
        })
        await appended.opened
        const second = store.transact(async (tx) => {
          const error = await rejection(tx.streams.append('a-1', facts('second'), { expected: 'none' }))
          expect(error).toMatchObject({ reason: 'VERSION_CONFLICT', details: { actual: 1 } })
          expect(factLabels((await tx.streams.read('a-1')).events)).toEqual(['first'])
          await tx.streams.append('a-1', facts('second'), { expected: 1 })
        })
        finish.open()
        await Promise.all([first, second])
        expect(await labelsOf('a-1')).toEqual(['first', 'second'])
      })

      it('appends after a writer that has rolled back', async () => {
        const [appended, finish] = [gate(), gate()]
        const first = store.transact(async (tx) => {
          await tx.streams.append('a-1', facts('lost'), { expected: 'none' })
          appended.open()
          await finish.opened
          throw new Error('no')
        })
        await appended.opened
        const second = add('a-1', 'none', 'kept')
        finish.open()
        await rejection(first)
        expect(await second).toMatchObject({ version: 1 })
        expect(await labelsOf('a-1')).toEqual(['kept'])
      })

      it('two that wait for each other do not wait for ever', async () => {
        const [one, other] = [gate(), gate()]
        const cross = (mine: string, theirs: string, done: typeof one, wait: typeof one): Promise<unknown> =>
          store.transact(async (tx) => {
            await tx.streams.append(`a-${mine}`, facts(mine), { expected: 'any' })
            done.open()
            await wait.opened
            await tx.streams.append(`a-${theirs}`, facts(mine), { expected: 'any' })
          })
        const ended = await Promise.allSettled([cross('1', '2', one, other), cross('2', '1', other, one)])
        for (const { status, reason } of ended as { status: string; reason?: unknown }[])
          if (status === 'rejected') expect(reason).toMatchObject({ code: 'ABORTED', retryable: true })
        expect(ended.some(({ status }) => status === 'fulfilled')).toBe(true)
      })

      it('is refused in a read-only transaction, which may read', async () => {
        await add('a-1', 'none', 'x')
        const work = store.transact(
          async (tx) => {
            expect(factLabels((await tx.streams.read('a-1')).events)).toEqual(['x'])
            await tx.streams.append('a-1', facts('y'), { expected: 1 })
          },
          { readOnly: true },
        )
        expect(await rejection(work)).toMatchObject({ reason: 'READ_ONLY' })
      })
    })

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
