import { describe, expect, it } from 'vitest'
import type { LogReader, RetainOptions } from './keeping.ts'
import { planRetention, rollAfterMs, type SegmentFacts } from './retention.ts'

const day = 86_400_000
/** Segments of ten events each: per segment, the age of its newest event in days for each type. */
const segments = (...all: Record<string, number>[]): SegmentFacts[] =>
  all.map((ages, index) => ({
    id: index + 1,
    first: index * 10 + 1,
    last: index * 10 + 10,
    types: Object.entries(ages).map(([type, days]) => ({ type, events: 5, bytes: 100, newestMs: days * day })),
  }))
const reader = (cursor: number, given: Partial<LogReader> = {}): LogReader => ({
  source: 's',
  group: 'g',
  cursor,
  silentMs: 0,
  stoodMs: 0,
  ...given,
})
const rule = (type: string, limit: { ageMs?: number; bytes?: number }): RetainOptions['rules'][number] => ({
  source: 's',
  type,
  ...limit,
})
const drops = (all: SegmentFacts[], options: RetainOptions, readers: LogReader[] = []): number[] =>
  planRetention('s', all, readers, options).drop.map(({ id }) => id)

describe('planRetention', () => {
  it('keeps everything for ever without a rule, also beside types that have one', () => {
    const all = segments({ a: 900 }, { a: 800, b: 800 })
    expect(drops(all, { rules: [] })).toEqual([])
    expect(drops(segments({ a: 900, b: 900 }), { rules: [rule('a', { ageMs: day })] })).toEqual([])
  })

  it('drops by age when the newest event of each type is past its own rule', () => {
    const rules = [rule('a', { ageMs: 2 * day }), rule('b', { ageMs: 10 * day })]
    expect(drops(segments({ a: 9, b: 12 }, { a: 8, b: 9 }, { a: 7 }), { rules })).toEqual([1])
  })

  it('drops from the beginning only: what is past its rule behind a segment that stays, stays', () => {
    const rules = [rule('a', { ageMs: day })]
    expect(drops(segments({ a: 9, keep: 9 }, { a: 8 }, { a: 7 }), { rules })).toEqual([])
  })

  it('drops by size, of the type’s own newer bytes', () => {
    const all = segments({ a: 9 }, { a: 8, b: 8 }, { a: 7 }, { b: 6 })
    expect(drops(all, { rules: [rule('a', { bytes: 100 }), rule('b', { bytes: 100 })] })).toEqual([1, 2])
    expect(drops(all, { rules: [rule('a', { bytes: 201 })] })).toEqual([])
  })

  it('is not held up by what others wrote under a type that the source does not have', () => {
    const all = segments({ a: 9, junk: 9 }, { junk: 8 }, { a: 0 }).map((segment) => ({
      ...segment,
      types: segment.types.map((facts) => ({ ...facts, foreign: facts.type === 'junk' })),
    }))
    const rules = [rule('a', { ageMs: day })]
    expect(drops(all, { rules })).toEqual([])
    expect(drops(all, { rules, types: new Map([['s', new Set(['a', 'junk'])]]) })).toEqual([])
    expect(drops(all, { rules, types: new Map([['s', new Set(['a'])]]) })).toEqual([1, 2])
    // Written by a relay, of a version that this host does not know yet.
    const newer = segments({ a: 9, newer: 9 })
    expect(drops(newer, { rules, types: new Map([['s', new Set(['a'])]]) })).toEqual([])
  })

  it('takes the fallback for types without a rule, and rules of other sources for nothing', () => {
    const elsewhere = { source: 'other', type: 'a', ageMs: 1 }
    expect(drops(segments({ a: 3 }), { rules: [elsewhere] })).toEqual([])
    expect(drops(segments({ a: 3 }, { a: 1 }), { rules: [], fallback: { ageMs: 2 * day } })).toEqual([1])
  })

  it('never drops what a living reader has not passed, and says who is in the way and by how much', () => {
    const options = { rules: [rule('a', { ageMs: day })] }
    const all = segments({ a: 9 }, { a: 8 }, { a: 7 })
    const slow = reader(15, { group: 'slow', stoodMs: 5 * day })
    const plan = planRetention('s', all, [reader(30), slow], options)
    expect(plan.drop.map(({ id }) => id)).toEqual([1])
    const pin = { source: 's', group: 'slow', cursor: 15, stoodMs: 5 * day, events: 10, bytes: 200 }
    expect(plan.pinned).toEqual([pin])
  })

  it('is not held up by a reader that is gone, or by one of another source', () => {
    const options = { rules: [rule('a', { ageMs: day })] }
    const gone = reader(0, { silentMs: 8 * day })
    expect(drops(segments({ a: 9 }), options, [gone, reader(0, { source: 'other' })])).toEqual([1])
    expect(drops(segments({ a: 9 }), { ...options, readerTtlMs: 9 * day }, [gone])).toEqual([])
  })
})

it('closes segments early enough for the shortest rule of the source', () => {
  expect(rollAfterMs('s', { rules: [] })).toBe(day)
  expect(rollAfterMs('s', { rules: [rule('a', { ageMs: 4_000 }), rule('b', { bytes: 5 })] })).toBe(1_000)
  expect(rollAfterMs('t', { rules: [rule('a', { ageMs: 4_000 })], fallback: { ageMs: 8_000 } })).toBe(2_000)
})
