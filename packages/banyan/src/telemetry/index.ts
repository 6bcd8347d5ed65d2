/** telemetry: traces, logs and their propagation. No SDK. */
export { createLog, type Log, type LogFields, type LogLevel, silentLog } from './log.ts'
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
