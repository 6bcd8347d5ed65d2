/** The contract of {@link EventStore}: one winner for each version, nothing twice, no hole; see also stream-reading-suite.ts. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventStore, NewStreamEvent } from '../../store/event-store.ts'
import type { Store } from '../../store/store.ts'
import { VersionConflict } from '../../store/stream-rules.ts'
import type { OpenedStore } from './open.ts'
import { rejection, sampleEvent } from './sample.ts'
import { factLabels, sampleFact } from './stream-facts.ts'
import { appendsInTransactions } from './stream-transaction-cases.ts'

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
        const [a, b, c] = [sampleFact('a'), sampleFact('b'), sampleFact('c')]
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
        const { events } = await streams.read('a-1')
        expect(factLabels(events)).toEqual(wanted)
        const positions = events.map((event) => event.position)
        expect(positions).toEqual(positions.toSorted((one, other) => one - other))
        // Who reads as of a time finds all of an append, or none.
        expect(new Set(events.map((event) => event.timeMs)).size).toBe(1)
      })

      it.each([1, 3])(
        'T26: of 64 appends of %i that expect the same version exactly one wins, at every version',
        async (count) => {
          for (const round of [0, 1, 2]) {
            const tries = Array.from({ length: 64 }, (_, index) =>
              add(
                'race-1',
                round * count,
                ...Array.from({ length: count }, (_, place) => `${round}/${index}/${place}`),
              ),
            )
            const ended = await Promise.allSettled(tries)
            const lost = ended.filter((one) => one.status === 'rejected')
            expect(lost).toHaveLength(63)
            for (const { reason } of lost) expect(reason).toBeInstanceOf(VersionConflict)
          }
          const { events } = await streams.read('race-1')
          expect(events.map((event) => event.version)).toEqual(
            Array.from({ length: 3 * count }, (_, place) => place + 1),
          )
          const winners = factLabels(events).map((label) => label.split('/').slice(0, 2).join('/'))
          expect(new Set(winners).size).toBe(3)
        },
      )

      it('64 appends that expect nothing all come through, each once and without a hole', async () => {
        await Promise.all(Array.from({ length: 64 }, (_, index) => add('race-1', 'any', `${index}a`, `${index}b`)))
        const { events } = await streams.read('race-1')
        expect(events.map((event) => event.version)).toEqual(Array.from({ length: 128 }, (_, index) => index + 1))
        for (const [place, label] of factLabels(events).entries())
          if (place % 2 === 0) expect(factLabels(events)[place + 1]).toBe(label.replace('a', 'b'))
      })
    })

    describe('in a transaction', () => appendsInTransactions(() => store))
  })
}
