import { describe, expect, it } from 'vitest'
import { toExposition } from './exposition.ts'
import { parseOpenMetrics } from './fixtures/parse-openmetrics.ts'
import { createMeter } from './meter.ts'
import { type MetricFamily, toFamily } from './metric-family.ts'

const help = 'What it is.'
const gauge = (labels: Readonly<Record<string, string>>, value: number): MetricFamily =>
  toFamily('gauge', { name: 'shop_things', help }, [{ labels, value }])

/** One of each kind, with everything that has to be escaped. */
function everything(): readonly MetricFamily[] {
  const meter = createMeter()
  const calls = meter.counter({
    name: 'shop_calls_total',
    help: 'Calls: "all" of them, \\ included.',
    labels: ['path'],
  })
  calls.of({ path: '/a "b" \\ c\nd' }).add(3)
  calls.of({ path: '' }).add()
  const took = meter.histogram({
    name: 'shop_took_seconds',
    unit: 'seconds',
    help,
    labels: ['by'],
    bounds: [0.1, 1, 10],
  })
  for (const value of [0.05, 0.1, 0.5, 10, 11]) took.of({ by: 'post' }).record(value)
  meter.gauge({ name: 'shop_size_bytes', unit: 'bytes', help }).of().set(1e21)
  return [...meter.collect(), gauge({ what: 'äöü 😀' }, Number.NEGATIVE_INFINITY)]
}

describe('families as OpenMetrics', () => {
  it('say what they said, as a strict reader of the specification reads it', () => {
    const read = parseOpenMetrics(toExposition(everything(), 'openmetrics'))
    expect([...read.keys()].sort()).toEqual(['shop_calls', 'shop_size_bytes', 'shop_things', 'shop_took_seconds'])
    expect(read.get('shop_calls')).toEqual({
      name: 'shop_calls',
      type: 'counter',
      unit: '',
      help: 'Calls: "all" of them, \\ included.',
      samples: [
        { name: 'shop_calls_total', labels: { path: '/a "b" \\ c\nd' }, value: 3 },
        { name: 'shop_calls_total', labels: { path: '' }, value: 1 },
      ],
    })
    expect(read.get('shop_size_bytes')).toMatchObject({ type: 'gauge', unit: 'bytes', samples: [{ value: 1e21 }] })
    expect(read.get('shop_things')?.samples[0]).toMatchObject({
      labels: { what: 'äöü 😀' },
      value: Number.NEGATIVE_INFINITY,
    })
    const took = read.get('shop_took_seconds')?.samples ?? []
    expect(took.map(({ name, labels, value }) => [name, labels['le'], value])).toEqual([
      ['shop_took_seconds_bucket', '0.1', 2],
      ['shop_took_seconds_bucket', '1.0', 3],
      ['shop_took_seconds_bucket', '10.0', 4],
      ['shop_took_seconds_bucket', '+Inf', 5],
      ['shop_took_seconds_sum', undefined, 21.65],
      ['shop_took_seconds_count', undefined, 5],
    ])
  })

  it('end with a line by which a reader knows that nothing was cut off', () => {
    expect(toExposition([], 'openmetrics')).toBe('# EOF\n')
  })

  it('leave out what has no samples, and never write half a surrogate pair', () => {
    expect(toExposition([toFamily('gauge', { name: 'none', help }, [])], 'openmetrics')).toBe('# EOF\n')
    expect(toExposition([gauge({ a: 'x\ud83d' }, 1)], 'openmetrics')).toContain('a="x\ufffd"')
  })
})

describe('the older text format', () => {
  it('has the names of counters whole, no unit, no last line, and quotes as they are in help', () => {
    const text = toExposition(everything(), 'prometheus')
    expect(text).toContain(
      '# TYPE shop_calls_total counter\n# HELP shop_calls_total Calls: "all" of them, \\\\ included.\n',
    )
    expect(text).toContain('shop_calls_total{path="/a \\"b\\" \\\\ c\\nd"} 3\n')
    expect(text).toContain('shop_took_seconds_bucket{by="post",le="1"} 3\n')
    expect(text).not.toContain('# UNIT')
    expect(text).not.toContain('# EOF')
  })
})

describe('the reader of these tests', () => {
  const wrap = (lines: string): string => `# TYPE a_seconds gauge\n${lines}\n# EOF\n`
  it.each([
    ['no last line', 'a 1\n'],
    ['something after the last line', '# EOF\n\n'],
    ['a sample of no family', '# TYPE a gauge\nb 1\n# EOF\n'],
    ['a counter without its suffix', '# TYPE a counter\na 1\n# EOF\n'],
    ['a unit that the name does not end with', wrap('# UNIT a_seconds bytes')],
    ['a quote that is not escaped', wrap('# HELP a_seconds so "called"')],
    ['a series twice', wrap('a_seconds{b="1"} 1\na_seconds{b="1"} 2')],
    ['a family in two places', wrap('a_seconds 1\n# TYPE b gauge\nb 1\n# HELP a_seconds late')],
    ['two spaces', wrap('a_seconds  1')],
    ['a number that is none', wrap('a_seconds one')],
    [
      'buckets that fall',
      '# TYPE h histogram\nh_bucket{le="1.0"} 3\nh_bucket{le="+Inf"} 2\nh_count 2\nh_sum 1\n# EOF\n',
    ],
    ['no bucket for the rest', '# TYPE h histogram\nh_bucket{le="1.0"} 3\nh_count 3\nh_sum 1\n# EOF\n'],
  ])('refuses %s', (_, text) => expect(() => parseOpenMetrics(text)).toThrow())
})
