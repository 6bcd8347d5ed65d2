/**
 * W3C Trace Context and Baggage: parsing strictly, writing correctly. A header that breaks the rules is ignored and a new
 * trace begins, as the recommendation asks.
 * Source: https://www.w3.org/TR/trace-context-2/ and https://www.w3.org/TR/baggage/
 */

/** The identity of a trace, and of the span that is the parent of what comes next. */
export interface TraceParent {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string
  /** 16 lower-case hexadecimal digits. */
  readonly spanId: string
  readonly sampled: boolean
}

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const zeroTrace = '0'.repeat(32)
const zeroSpan = '0'.repeat(16)

/** Reads a `traceparent`; undefined when it breaks a rule. Higher versions are read as far as version 00 goes. */
export function parseTraceparent(text: string | undefined): TraceParent | undefined {
  if (text === undefined || text.length > 256) return undefined
  const match = pattern.exec(text)
  if (match === null) return undefined
  const [, version, traceId, spanId, flags, rest] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string?,
  ]
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (traceId === zeroTrace || spanId === zeroSpan) return undefined
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** Writes a `traceparent` of version 00. */
export function formatTraceparent(parent: TraceParent): string {
  return `00-${parent.traceId}-${parent.spanId}-${parent.sampled ? '01' : '00'}`
}

/** Bytes of a tracestate or baggage header that are carried on; longer ones are dropped whole. */
export const maxPropagatedBytes = 8_192
const maxBaggageMembers = 64

/** Name → value, percent-decoded. */
export type Baggage = Readonly<Record<string, string>>

/** Reads a `baggage` header; members that break the rules are left out, properties after `;` are dropped. */
export function parseBaggage(text: string | undefined): Baggage | undefined {
  if (text === undefined || text === '' || text.length > maxPropagatedBytes) return undefined
  const members: Record<string, string> = Object.create(null) as Record<string, string>
  let count = 0
  for (const part of text.split(',')) {
    const [pair = ''] = part.split(';', 1)
    const equals = pair.indexOf('=')
    const name = pair.slice(0, Math.max(0, equals)).trim()
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || ++count > maxBaggageMembers) continue
    try {
      members[name] = decodeURIComponent(pair.slice(equals + 1).trim())
    } catch {
      // A member that cannot be decoded is as good as none.
    }
  }
  return members
}

/** Writes a `baggage` header; undefined when there is nothing to carry or too much of it. */
export function formatBaggage(baggage: Baggage | undefined): string | undefined {
  if (baggage === undefined) return undefined
  const text = Object.entries(baggage)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join(',')
  return text === '' || text.length > maxPropagatedBytes ? undefined : text
}
