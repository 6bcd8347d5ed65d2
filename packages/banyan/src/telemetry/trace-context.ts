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

/** What a run of characters is as a lower-case hexadecimal number. Every call that crosses a border asks, so no pattern. */
function weigh(text: string, from: number, to: number): 'zero' | 'number' | 'none' {
  let sum = 0
  for (let index = from; index < to; index++) {
    const character = text.charCodeAt(index)
    if (character >= 48 && character <= 57) sum |= character - 48
    else if (character >= 97 && character <= 102) sum = 1
    else return 'none'
  }
  return sum === 0 ? 'zero' : 'number'
}

const dash = 45
const length = 55

/** Reads a `traceparent`; undefined when it breaks a rule. Higher versions are read as far as version 00 goes. */
export function parseTraceparent(text: string | undefined): TraceParent | undefined {
  if (text === undefined || text.length < length || text.length > 256) return undefined
  if (text.charCodeAt(2) !== dash || text.charCodeAt(35) !== dash || text.charCodeAt(52) !== dash) return undefined
  const version = weigh(text, 0, 2)
  if (version === 'none' || weigh(text, 3, 35) !== 'number' || weigh(text, 36, 52) !== 'number') return undefined
  if (weigh(text, 53, length) === 'none' || text.startsWith('ff')) return undefined
  if (text.length > length && (version === 'zero' || text.charCodeAt(length) !== dash)) return undefined
  const flags = Number.parseInt(text.slice(53, length), 16)
  return { traceId: text.slice(3, 35), spanId: text.slice(36, 52), sampled: (flags & 1) === 1 }
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
