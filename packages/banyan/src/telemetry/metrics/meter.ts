/**
 * The meter: all instruments of one host, by name. There is no global one and no SDK behind it; whoever measures is given the
 * meter, and whoever exports (the text of `/metrics` here, OTLP elsewhere) takes the families that `collect` gives.
 */
import { BanyanError } from '../../core/error.ts'
import {
  type CounterSeries,
  createCounter,
  createGauge,
  createHistogram,
  type GaugeSeries,
  type HistogramSeries,
  type HistogramSpec,
  type Instrument,
  type InstrumentSpec,
} from './instruments.ts'
import type { MetricFamily } from './metric-family.ts'

/** See the top of the file. Asking twice for the same name gives the same instrument; with another description it throws. */
export interface Meter {
  counter(spec: InstrumentSpec): Instrument<CounterSeries>
  gauge(spec: InstrumentSpec): Instrument<GaugeSeries>
  histogram(spec: HistogramSpec): Instrument<HistogramSeries>
  /** All families, in the order of their names. */
  collect(): readonly MetricFamily[]
}

/** Instruments of one meter, at most. */
export const maxInstruments = 1_000

/**
 * Makes a meter. Throws INVALID_ARGUMENT `BAD_METRIC` for a description that breaks the format or contradicts an earlier one, and
 * RESOURCE_EXHAUSTED `TOO_MANY_METRICS` beyond {@link maxInstruments}.
 *
 * @example
 * const meter = createMeter()
 * const took = meter.histogram({ name: 'shop_quote_seconds', unit: 'seconds', help: 'Time a quote took.', labels: ['carrier'] })
 * const byPost = took.of({ carrier: 'post' })   // once
 * byPost.record(0.012)                          // often
 */
export function createMeter(): Meter {
  const known = new Map<string, { readonly text: string; readonly instrument: Instrument<unknown> }>()

  function find<Series>(kind: string, spec: InstrumentSpec, make: () => Instrument<Series>): Instrument<Series> {
    const text = JSON.stringify([kind, spec])
    const found = known.get(spec.name)
    if (found?.text === text) return found.instrument as Instrument<Series>
    if (found !== undefined) throw contradiction(spec.name)
    if (known.size >= maxInstruments) throw tooMany(spec.name)
    const instrument = make()
    known.set(spec.name, { text, instrument })
    return instrument
  }

  return {
    counter: (spec) => find('counter', spec, () => createCounter(spec)),
    gauge: (spec) => find('gauge', spec, () => createGauge(spec)),
    histogram: (spec) => find('histogram', spec, () => createHistogram(spec)),
    collect: () =>
      [...known].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, { instrument }]) => instrument.collect()),
  }
}

function contradiction(name: string): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', `metric '${name}' exists already, with another description`, {
    reason: 'BAD_METRIC',
    hint: 'Say the same everywhere, or choose another name.',
  })
}

function tooMany(name: string): BanyanError {
  return new BanyanError(
    'RESOURCE_EXHAUSTED',
    `metric '${name}' would be one more than ${maxInstruments} (maxInstruments)`,
    {
      reason: 'TOO_MANY_METRICS',
      hint: 'What varies belongs in a label, with few values, not in the name.',
    },
  )
}
