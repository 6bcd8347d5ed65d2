/**
 * What ties a request to logs and traces: its id and its trace. Both come from the client when they are well-formed, and
 * are made here when not; they are never a reason to refuse a request.
 */
import type { Headers } from '../core/environment/network.ts'
import { type Random, toHex } from '../core/environment/random.ts'
import { maxPropagatedBytes, parseTraceparent, type TraceParent } from '../telemetry/trace-context.ts'

const maxRequestId = 128
const maxTracestate = 512
const maxMembers = 32
const maxBaggageMembers = 64

/** Visible ASCII, so that it can go into a log line and a header as it is. */
function isRequestId(text: string): boolean {
  if (text.length === 0 || text.length > maxRequestId) return false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 33 || code > 126) return false
  }
  return true
}

/** The client's `x-request-id`, or a new one (UUID version 7). */
export function requestIdOf(headers: Headers, random: Random): string {
  const given = headers['x-request-id']
  return given !== undefined && isRequestId(given) ? given : random.uuidv7()
}

/** The trace that the client goes on with, or a new one, of which this share is sampled. */
export function traceOf(headers: Headers, random: Random, sampleRatio: number): TraceParent {
  const given = parseTraceparent(headers['traceparent'])
  if (given !== undefined) return given
  const bytes = random.bytes(24)
  return { traceId: toHex(bytes, 0, 16), spanId: toHex(bytes, 16, 24), sampled: random.next() < sampleRatio }
}

function bounded(text: string | undefined, maxLength: number, members: number): string | undefined {
  if (text === undefined || text === '' || text.length > maxLength) return undefined
  return text.split(',').length <= members ? text : undefined
}

/** The client's `tracestate`, when it belongs to the trace that goes on and keeps W3C's bounds (512 characters, 32 members). */
export function tracestateOf(headers: Headers, { traceId }: TraceParent): string | undefined {
  return headers['traceparent']?.slice(3, 35) === traceId
    ? bounded(headers['tracestate'], maxTracestate, maxMembers)
    : undefined
}

/** The client's `baggage`, when it keeps W3C's bounds (8 192 bytes, 64 members). */
export function baggageOf(headers: Headers): string | undefined {
  return bounded(headers['baggage'], maxPropagatedBytes, maxBaggageMembers)
}
