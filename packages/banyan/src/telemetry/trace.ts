/**
 * One trace as a call sees it. A root decides once whether it is sampled; everything below follows. Ids are made when
 * somebody first asks, since most calls are never written down.
 */
import { type Random, toHex } from '../core/environment/random.ts'
import type { Baggage, TraceParent } from './trace-context.ts'

/** What all calls of one request share. */
export class Trace {
  readonly sampled: boolean
  readonly state: string | undefined
  readonly baggage: Baggage | undefined
  readonly #random: Random
  #traceId: string | undefined
  #rootSpanId: string | undefined

  constructor(random: Random, sampled: boolean, parent?: TraceParent, state?: string, baggage?: Baggage) {
    this.#random = random
    this.sampled = sampled
    this.state = state
    this.baggage = baggage
    this.#traceId = parent?.traceId
    this.#rootSpanId = parent?.spanId
  }

  get traceId(): string {
    this.#traceId ??= toHex(this.#random.bytes(16))
    return this.#traceId
  }
  /** The parent of spans that have none here. */
  get rootSpanId(): string {
    this.#rootSpanId ??= this.newSpanId()
    return this.#rootSpanId
  }
  newSpanId(): string {
    return toHex(this.#random.bytes(8))
  }
}

/** A finished piece of work. */
export interface SpanRecord {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  /** Wire name of the operation or event. */
  readonly name: string
  readonly service: string
  readonly startMs: number
  readonly durationMs: number
  /** 'OK' or the code of the error. */
  readonly status: string
}

/** A span under way. */
export class Span {
  readonly trace: Trace
  readonly name: string
  readonly service: string
  readonly parent: Span | undefined
  readonly startMs: number
  endMs = 0
  status = ''
  #spanId: string | undefined

  constructor(trace: Trace, parent: Span | undefined, name: string, service: string, startMs: number) {
    this.trace = trace
    this.parent = parent
    this.name = name
    this.service = service
    this.startMs = startMs
  }
  get spanId(): string {
    this.#spanId ??= this.trace.newSpanId()
    return this.#spanId
  }
  toRecord(): SpanRecord {
    const { trace, spanId, name, service, startMs, endMs, status } = this
    const parentSpanId = this.parent?.spanId ?? trace.rootSpanId
    return { traceId: trace.traceId, spanId, parentSpanId, name, service, startMs, durationMs: endMs - startMs, status }
  }
}

/** The last spans of a process, in a ring: bounded, and cheap to write to. */
export class SpanRing {
  readonly #spans: (Span | undefined)[]
  #next = 0
  /** `capacity` is a power of two; 4096 unless said otherwise. */
  constructor(capacity = 4_096) {
    this.#spans = new Array<Span | undefined>(capacity).fill(undefined)
  }
  add(span: Span): void {
    this.#spans[this.#next++ & (this.#spans.length - 1)] = span
  }
  /** Oldest first. */
  records(): SpanRecord[] {
    const { length } = this.#spans
    const ordered = Array.from({ length }, (_, index) => this.#spans[(this.#next + index) & (length - 1)])
    return ordered.flatMap((span) => (span === undefined ? [] : [span.toRecord()]))
  }
}
