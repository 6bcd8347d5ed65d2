import { describe, expect, it } from 'vitest'
import { createMeter, maxInstruments } from './meter.ts'
import { maxLabelChars, toFamily } from './metric-family.ts'

const help = 'What it is.'

describe('a meter', () => {
  it('counts by labels, and gives the same series for the same values', () => {
    const meter = createMeter()
    const calls = meter.counter({ name: 'calls_total', help, labels: ['service', 'outcome'] })
    expect(calls.of({ service: 'a', outcome: 'ok' })).toBe(calls.of({ outcome: 'ok', service: 'a' }))
    calls.of({ service: 'a', outcome: 'ok' }).add()
    calls.of({ service: 'a', outcome: 'ok' }).add(2)
    calls.of({ service: 'a' }).add()
    expect(meter.collect()[0]?.samples).toEqual([
      { labels: { service: 'a', outcome: 'ok' }, value: 3 },
      { labels: { service: 'a', outcome: '' }, value: 1 },
    ])
  })

  it('bounds its series: what comes after the last that fits is counted as other', () => {
    const meter = createMeter()
    const seen = meter.counter({ name: 'seen_total', help, labels: ['id'], maxSeries: 3 })
    for (let id = 0; id < 1_000; id++) seen.of({ id: `${id}` }).add()
    seen.of({ id: '0' }).add()
    expect(meter.collect()[0]?.samples).toEqual([
      { labels: { id: '0' }, value: 2 },
      { labels: { id: '1' }, value: 1 },
      { labels: { id: 'other' }, value: 998 },
    ])
  })

  it('counts what somebody calls other together with the rest, not beside it', () => {
    const meter = createMeter()
    const seen = meter.counter({ name: 'seen_total', help, labels: ['id'], maxSeries: 2 })
    for (const id of ['other', 'a', 'b']) seen.of({ id }).add()
    expect(meter.collect()[0]?.samples).toEqual([
      { labels: { id: 'a' }, value: 1 },
      { labels: { id: 'other' }, value: 2 },
    ])
  })

  it('cuts values of labels, and keeps no label that was not declared', () => {
    const meter = createMeter()
    meter
      .gauge({ name: 'size', help, labels: ['a'] })
      .of({ a: 'x'.repeat(10_000), b: 'y' })
      .set(1)
    expect(meter.collect()[0]?.samples).toEqual([{ labels: { a: 'x'.repeat(maxLabelChars) }, value: 1 }])
  })

  it('never counts down, and never takes a number that is none', () => {
    const meter = createMeter()
    const up = meter.counter({ name: 'up_total', help }).of()
    const level = meter.gauge({ name: 'level', help }).of()
    const took = meter.histogram({ name: 'took', help, bounds: [1] }).of()
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY]) up.add(value)
    level.set(2)
    level.add(-3)
    level.set(Number.NaN)
    level.add(Number.NaN)
    took.record(Number.NaN)
    expect(meter.collect().map(({ samples }) => samples[0])).toMatchObject([
      { value: -1 },
      { counts: [0, 0] },
      { value: 0 },
    ])
  })

  it('puts a value on a bound into the bucket below it', () => {
    const meter = createMeter()
    const took = meter.histogram({ name: 'took', help, bounds: [1, 2] }).of()
    for (const value of [0, 1, 1.5, 2, 3]) took.record(value)
    expect(meter.collect()[0]?.samples).toEqual([{ labels: {}, bounds: [1, 2], counts: [2, 2, 1], sum: 7.5 }])
  })

  it('gives one instrument for one description, and refuses another one of the same name', () => {
    const meter = createMeter()
    const first = meter.counter({ name: 'calls_total', help })
    expect(meter.counter({ name: 'calls_total', help })).toBe(first)
    expect(() => meter.counter({ name: 'calls_total', help, labels: ['a'] })).toThrow('exists already')
  })

  it('has a bound', () => {
    const meter = createMeter()
    for (let index = 0; index < maxInstruments; index++) meter.gauge({ name: `g${index}`, help })
    expect(() => meter.gauge({ name: 'one_more', help })).toThrow(`${maxInstruments} (maxInstruments)`)
  })

  it.each([
    ['a name with a dash', { name: 'a-b', help }],
    ['a name that a sample of another family could have', { name: 'a_bucket', help }],
    ['a gauge called total', { name: 'a_total', help }],
    ['a unit that is not in the name', { name: 'a', help, unit: 'seconds' }],
    ['help of two lines', { name: 'a', help: 'a\nb' }],
    ['no help', { name: 'a', help: '' }],
    ['a label of the format', { name: 'a', help, labels: ['le'] }],
    ['a label with a dash', { name: 'a', help, labels: ['a-b'] }],
    ['a label twice', { name: 'a', help, labels: ['a', 'a'] }],
  ])('refuses %s', (_, spec) => expect(() => createMeter().gauge(spec)).toThrow(/^metric/))

  it.each([[[]], [[1, 1]], [[2, 1]], [[Number.NaN]], [Array.from({ length: 101 }, (_, index) => index)]])(
    'refuses bounds like %j',
    (bounds) => expect(() => createMeter().histogram({ name: 'h', help, bounds })).toThrow('must be 1 to 100 numbers'),
  )
})

describe('a family of numbers that are known', () => {
  it('adds up what does not fit', () => {
    const samples = Array.from({ length: 5 }, (_, index) => ({ labels: { id: `${index}` }, value: index }))
    const { samples: kept } = toFamily('gauge', { name: 'a', help }, samples, 3)
    expect(kept.map(({ labels, value }) => [labels['id'], value])).toEqual([
      ['0', 0],
      ['1', 1],
      ['other', 9],
    ])
  })
})
