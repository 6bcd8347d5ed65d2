/**
 * The three instruments. What a hot path holds is a series, found once by its labels; adding to it is an addition and nothing
 * else. A number that is none (NaN, or less than zero where that makes no sense) is left out: measuring must never break the work.
 */
import {
  assertMetric,
  defaultMaxSeries,
  type HistogramSample,
  type Labels,
  type MetricDescription,
  type MetricFamily,
  type Sample,
} from './metric-family.ts'
import { createSeriesSet } from './series.ts'

/** What an instrument is made of. */
export interface InstrumentSpec extends MetricDescription {
  /** Names of labels; none when left out. */
  readonly labels?: readonly string[]
  /** Series at most, the one named 'other' included. Default 500. */
  readonly maxSeries?: number
}

/** What an instrument of values by size is made of. */
export interface HistogramSpec extends InstrumentSpec {
  /** Upper bounds, ascending; at most 100. Default {@link defaultSecondsBounds}. */
  readonly bounds?: readonly number[]
}

/** Counts. Never goes down. */
export interface CounterSeries {
  /** Default 1; less than 0 counts as nothing. */
  add(amount?: number): void
}

/** A number that goes up and down. */
export interface GaugeSeries {
  set(value: number): void
  add(amount: number): void
}

/** Values by size. */
export interface HistogramSeries {
  record(value: number): void
}

/** An instrument; `of` finds the series of a set of label values. Keep it where it is used often. */
export interface Instrument<Series> {
  of(labels?: Labels): Series
  /** As it is now. */
  collect(): MetricFamily
}

/**
 * Bounds for times in seconds, from 5 ms to 10 s.
 * Source: the advice of OpenTelemetry's semantic conventions for `http.server.request.duration`.
 */
export const defaultSecondsBounds: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
]
/** Bounds of one histogram, at most: each is a series of its own for whoever reads it. */
export const maxBounds = 100

class Scalar implements CounterSeries, GaugeSeries {
  readonly labels: Labels
  readonly #falls: boolean
  value = 0
  constructor(labels: Labels, falls: boolean) {
    this.labels = labels
    this.#falls = falls
  }
  add(amount = 1): void {
    if (Number.isFinite(amount) && (this.#falls || amount >= 0)) this.value += amount
  }
  set(value: number): void {
    if (!Number.isNaN(value)) this.value = value
  }
}

class Distribution implements HistogramSeries {
  readonly labels: Labels
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0
  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels
    this.#bounds = bounds
    this.#counts = new Array<number>(bounds.length + 1).fill(0)
  }
  record(value: number): void {
    if (!Number.isFinite(value)) return
    let index = 0
    // Few bounds, and most values lie in the first ones: a loop is faster than halving.
    while (index < this.#bounds.length && value > (this.#bounds[index] as number)) index++
    this.#counts[index] = (this.#counts[index] as number) + 1
    this.#sum += value
  }
  toSample(): HistogramSample {
    return { labels: this.labels, bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum }
  }
}

function createScalar(type: 'counter' | 'gauge', spec: InstrumentSpec): Instrument<Scalar> {
  const { labels = [], maxSeries = defaultMaxSeries, ...description } = spec
  assertMetric(description, type, labels)
  const series = createSeriesSet(labels, maxSeries, (given) => new Scalar(given, type === 'gauge'))
  const toSample = ({ labels: given, value }: Scalar): Sample => ({ labels: given, value })
  return {
    of: (given = {}) => series.of(given),
    collect: () => ({ ...description, type, samples: series.all().map(toSample) }),
  }
}

/** Makes a counter. Throws INVALID_ARGUMENT `BAD_METRIC`. */
export function createCounter(spec: InstrumentSpec): Instrument<CounterSeries> {
  return createScalar('counter', spec)
}

/** Makes a gauge. Throws INVALID_ARGUMENT `BAD_METRIC`. */
export function createGauge(spec: InstrumentSpec): Instrument<GaugeSeries> {
  return createScalar('gauge', spec)
}

/** Makes a histogram. Throws INVALID_ARGUMENT `BAD_METRIC`, and RangeError for bounds that are none. */
export function createHistogram(spec: HistogramSpec): Instrument<HistogramSeries> {
  const { labels = [], maxSeries = defaultMaxSeries, bounds = defaultSecondsBounds, ...description } = spec
  assertMetric(description, 'histogram', labels)
  const grows = bounds.every(
    (bound, index) => Number.isFinite(bound) && (index === 0 || bound > (bounds[index - 1] as number)),
  )
  if (!grows || bounds.length === 0 || bounds.length > maxBounds)
    throw new RangeError(`bounds of '${spec.name}' must be 1 to ${maxBounds} numbers that grow`)
  const series = createSeriesSet(labels, maxSeries, (given) => new Distribution(given, bounds))
  return {
    of: (given = {}) => series.of(given),
    collect: () => ({ ...description, type: 'histogram', samples: series.all().map((one) => one.toSample()) }),
  }
}
