/**
 * Metrics as data: a family is a name with what it means, and a number for each set of labels. Instruments (meter.ts) and what
 * is read from a status at the moment of asking both end as families; the text formats (exposition.ts) begin with them.
 *
 * Names, units and types are those of OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/).
 */
import { BanyanError } from '../../core/error.ts'

/** Label → value. */
export type Labels = Readonly<Record<string, string>>

/** What a family is called. */
export interface MetricDescription {
  /**
   * As it is asked for: `banyan_outbox_events`. Ends with the unit when it has one; a counter ends with `_total`, with the unit before it.
   */
  readonly name: string
  /** One sentence for a person. */
  readonly help: string
  /** In plural and of the base: `seconds`, `bytes`, `events`. */
  readonly unit?: string
}

/** One number. */
export interface Sample {
  readonly labels: Labels
  readonly value: number
}

/** Counts of values, by size. */
export interface HistogramSample {
  readonly labels: Labels
  /** Upper bounds, ascending, without infinity. */
  readonly bounds: readonly number[]
  /** How many values lie in each, not cumulated; one more than bounds, the last for what is larger than all of them. */
  readonly counts: readonly number[]
  readonly sum: number
}

/** Numbers that go up and down (gauge) or up only (counter). */
export interface ScalarFamily extends MetricDescription {
  readonly type: 'counter' | 'gauge'
  readonly samples: readonly Sample[]
}

/** Values by size. */
export interface HistogramFamily extends MetricDescription {
  readonly type: 'histogram'
  readonly samples: readonly HistogramSample[]
}

/** See the top of the file. */
export type MetricFamily = ScalarFamily | HistogramFamily

/** Series of one family, when nothing else is said. */
export const defaultMaxSeries = 500
/** The value of every label of the series that stands for all that came after the last that fits. */
export const otherLabel = 'other'
/** Longer label values are cut, in characters. */
export const maxLabelChars = 200

const nameShape = /^[a-zA-Z][a-zA-Z0-9_]*$/

/** Throws INVALID_ARGUMENT `BAD_METRIC` for a description that breaks a rule of the format. */
export function assertMetric(
  description: MetricDescription,
  type: MetricFamily['type'],
  labels: readonly string[],
): void {
  const { name, unit, help } = description
  const faults: string[] = []
  if (!nameShape.test(name) || name.length > 200) faults.push('its name must be letters, digits and _, a letter first')
  if (name.endsWith('_total') !== (type === 'counter'))
    faults.push(`names of counters, and only those, end with '_total'`)
  if (reserved.some((suffix) => name.endsWith(suffix))) faults.push(`its name must not end with ${reserved.join(', ')}`)
  if (unit !== undefined && !familyName(description, type).endsWith(`_${unit}`))
    faults.push(`its name must end with its unit '${unit}'`)
  if (help === '' || help.includes('\n')) faults.push('help must be one line')
  for (const label of labels)
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) || label.startsWith('__') || label === 'le')
      faults.push(`'${label}' is no name of a label`)
  if (new Set(labels).size < labels.length) faults.push('a label comes twice')
  if (faults.length > 0)
    throw new BanyanError('INVALID_ARGUMENT', `metric '${name}': ${faults.join('; ')}`, { reason: 'BAD_METRIC' })
}

/** Suffixes that the format gives to samples. */
const reserved = ['_bucket', '_count', '_sum', '_created', '_info', '_gsum', '_gcount']

/** The name of the family: without the `_total` of a counter's sample. */
export function familyName({ name }: MetricDescription, type: MetricFamily['type']): string {
  return type === 'counter' ? name.slice(0, -'_total'.length) : name
}

/**
 * A family of numbers that are known at this moment. Samples beyond `maxSeries` are added up in one whose labels are all 'other'.
 *
 * @example
 * const waiting = [{ labels: { source: 'orders' }, value: 3 }]
 * toFamily('gauge', { name: 'banyan_outbox_events', unit: 'events', help: 'Events that wait for the relay.' }, waiting)
 */
export function toFamily(
  type: ScalarFamily['type'],
  description: MetricDescription,
  samples: readonly Sample[],
  maxSeries: number = defaultMaxSeries,
): ScalarFamily {
  assertMetric(description, type, Object.keys(samples[0]?.labels ?? {}))
  if (samples.length <= maxSeries) return { ...description, type, samples }
  const kept = samples.slice(0, maxSeries - 1)
  const rest = samples.slice(maxSeries - 1)
  const labels = Object.fromEntries(Object.keys(rest[0]?.labels ?? {}).map((name) => [name, otherLabel]))
  const value = rest.reduce((sum, sample) => sum + sample.value, 0)
  return { ...description, type, samples: [...kept, { labels, value }] }
}
