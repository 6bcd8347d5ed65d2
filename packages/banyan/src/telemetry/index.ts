/** telemetry: traces, logs, metrics and their propagation. No SDK. */
export { createLog, type Log, type LogFields, type LogLevel, silentLog } from './log.ts'
export { type ExpositionFormat, expositionTypes, toExposition } from './metrics/exposition.ts'
export {
  type CounterSeries,
  defaultSecondsBounds,
  type GaugeSeries,
  type HistogramSeries,
  type HistogramSpec,
  type Instrument,
  type InstrumentSpec,
} from './metrics/instruments.ts'
export { createMeter, type Meter } from './metrics/meter.ts'
export {
  type HistogramFamily,
  type HistogramSample,
  type Labels,
  type MetricDescription,
  type MetricFamily,
  type Sample,
  type ScalarFamily,
  toFamily,
} from './metrics/metric-family.ts'
export { chooseExposition } from './metrics/negotiation.ts'
export { Span, type SpanRecord, SpanRing, Trace } from './trace.ts'
export {
  type Baggage,
  formatBaggage,
  formatTraceparent,
  maxPropagatedBytes,
  parseBaggage,
  parseTraceparent,
  type TraceParent,
} from './trace-context.ts'
