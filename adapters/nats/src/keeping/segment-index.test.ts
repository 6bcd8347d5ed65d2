import { describe, expect, it } from 'vitest'
import {
  type CountedMessage,
  maxIndexBytes,
  maxSchemas,
  maxSegments,
  maxTypes,
  otherTypes,
  SegmentIndex,
  segmentBytes,
  segmentEvents,
} from './segment-index.ts'

const message = (seq: number, given: Partial<CountedMessage> = {}): CountedMessage => ({
  seq,
  type: 'a.v1',
  bytes: 10,
  timeMs: seq,
  foreign: false,
  ...given,
})
const indexOf = (...all: CountedMessage[]): SegmentIndex => {
  const index = new SegmentIndex()
  for (const one of all) index.add(one)
  return index
}
const reread = (index: SegmentIndex): SegmentIndex => new SegmentIndex(JSON.parse(JSON.stringify(index.toStored())))
const ranges = (index: SegmentIndex, upTo = Number.POSITIVE_INFINITY): [number, number][] =>
  index.closed(upTo, 0).map(({ first, last }) => [first, last])

describe('the index of a stream', () => {
  it('counts by type: events, bytes, the newest, and whether a relay wrote any', () => {
    const index = indexOf(message(1), message(2, { type: 'b.v1', foreign: true }), message(3, { bytes: 5, timeMs: 90 }))
    index.roll(0, 100)
    expect(reread(index).closed(3, 100)).toEqual([
      {
        id: 1,
        first: 1,
        last: 3,
        types: [
          { type: 'a.v1', events: 2, bytes: 15, newestMs: 10, foreign: false },
          { type: 'b.v1', events: 1, bytes: 10, newestMs: 98, foreign: true },
        ],
      },
    ])
    expect(index).toMatchObject({ scanned: 3, foreign: 1, from: 1 })
  })

  it('closes a segment by age, by events and by bytes, and never shows the open one', () => {
    const index = indexOf(message(1))
    expect(ranges(index)).toEqual([])
    index.roll(50, 50)
    expect(ranges(index)).toEqual([])
    index.roll(49, 50)
    expect(ranges(index)).toEqual([[1, 1]])
    index.add(message(2, { bytes: segmentBytes }))
    for (let seq = 3; seq <= 3 + segmentEvents; seq += 1) index.add(message(seq))
    expect(ranges(index)).toEqual([
      [1, 1],
      [2, 2],
      [3, 2 + segmentEvents],
    ])
    expect(ranges(index, 2)).toEqual([
      [1, 1],
      [2, 2],
    ])
  })

  it('forgets what the stream has dropped, and begins to count anew where it dropped what was not counted', () => {
    const index = new SegmentIndex()
    for (let seq = 1; seq <= 4; seq += 1) {
      index.add(message(seq, { foreign: seq === 1 }))
      index.roll(0, seq)
    }
    index.beginAt(3)
    expect(ranges(index)).toEqual([
      [3, 3],
      [4, 4],
    ])
    expect([index.foreign, index.from, index.hasForeignAfter(0)]).toEqual([1, 1, false])
    index.beginAt(10)
    expect(index).toMatchObject({ foreign: 0, from: 10, scanned: 9 })
    expect(ranges(index)).toEqual([])
  })

  it('knows whether messages of others lie behind an offset', () => {
    const index = indexOf(message(1, { foreign: true }), message(2))
    expect([index.hasForeignAfter(0), index.hasForeignAfter(1), index.hasForeignAfter(2)]).toEqual([true, true, false])
  })

  it('merges neighbours where there are too many segments, and loses nothing by it', () => {
    const index = new SegmentIndex()
    for (let seq = 1; seq <= 1_000; seq += 1) {
      index.add(message(seq, { foreign: seq % 100 === 0 }))
      index.roll(0, seq)
    }
    const merged = reread(index)
    const closed = merged.closed(1_000, 1_000)
    expect(closed.length).toBeLessThanOrEqual(maxSegments)
    expect([closed[0]?.first, closed.at(-1)?.last]).toEqual([1, 1_000])
    for (const [at, { first }] of closed.entries()) if (at > 0) expect(first).toBe((closed[at - 1]?.last ?? 0) + 1)
    expect(closed.flatMap(({ types }) => types).reduce((sum, { events }) => sum + events, 0)).toBe(1_000)
    expect(merged.foreign).toBe(10)
  })

  it('knows by which schemas the events of a type were written that are there', () => {
    const index = indexOf(
      message(1, { schema: 'urn:a' }),
      message(2, { schema: 'urn:b' }),
      message(3, { schema: 'urn:a' }),
    )
    index.roll(0, 100)
    index.add(message(4, { schema: 'urn:c' }))
    index.add(message(5, { type: 'b.v1' }))
    expect(reread(index).schemasOf('a.v1')).toEqual(['urn:a', 'urn:b', 'urn:c'])
    // One that names none: nobody knows.
    expect([index.schemasOf('b.v1'), index.schemasOf('never.heard.of')]).toEqual([undefined, []])
    index.beginAt(4)
    expect(reread(index).schemasOf('a.v1')).toEqual(['urn:c'])
  })

  it('does not know the schemas of what it cannot count apart', () => {
    const index = new SegmentIndex()
    for (let seq = 1; seq <= maxSchemas + 1; seq += 1) index.add(message(seq, { schema: `urn:${seq}` }))
    expect(index.schemasOf('a.v1')).toBeUndefined()
    for (let seq = 1_000; seq < 1_000 + maxTypes; seq += 1)
      index.add(message(seq, { type: `t${seq}`, schema: 'urn:1' }))
    expect([index.schemasOf('t1000'), index.schemasOf(`t${999 + maxTypes}`)]).toEqual([['urn:1'], undefined])
  })

  it('stays small whatever somebody publishes: types beyond a bound are one, segments are merged', () => {
    const index = new SegmentIndex()
    for (let seq = 1; seq <= 40_000; seq += 1) {
      index.add(
        message(seq, {
          type: `${'x'.repeat(245)}${seq % 2_000}`,
          schema: `${'y'.repeat(245)}${seq % 500}`,
          foreign: true,
        }),
      )
      if (seq % 200 === 0) index.roll(0, seq)
    }
    const stored = index.toStored()
    expect(stored.types).toHaveLength(maxTypes)
    expect(stored.types).toContain(otherTypes)
    expect(JSON.stringify(stored).length).toBeLessThanOrEqual(maxIndexBytes)
    expect(stored.segments.reduce((sum, { foreign }) => sum + foreign, 0)).toBe(40_000)
  })
})
