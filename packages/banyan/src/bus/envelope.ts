/**
 * The envelope of every event: CloudEvents 1.0 in structured JSON mode, with the extensions for distributed tracing and
 * partitioning. It is text from the moment of publishing on: what was committed is what every consumer reads, byte for byte.
 *
 * Sources: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md, formats/json-format.md,
 * extensions/distributed-tracing.md, extensions/partitioning.md. Names of extensions are lower case and digits only.
 */
import { BanyanError } from '../core/error.ts'
import type { NewEvent } from '../store/outbox.ts'
import { parseEventTime } from './event-time.ts'

/** Largest envelope, in bytes of UTF-8. Bigger things belong in a database, with their id in the event. */
export const maxEventBytes: number = 256 * 1024

/** Longest key, in characters; it is part of indexes. */
export const maxKeyLength = 512

/** What the publisher knows about an event. */
export interface EventFacts {
  /** UUIDv7. */
  readonly id: string
  readonly system: string
  /** The producing service. */
  readonly service: string
  /** `<contract>.<event>.v<major>` */
  readonly type: string
  readonly key: string
  /** When it was published, in milliseconds since 1970. */
  readonly timeMs: number
  /** Plain JSON. */
  readonly data: unknown
  /** What says how `data` looks: a URI, the same for all events of one version of a schema. */
  readonly dataSchema?: string | undefined
  readonly traceparent?: string | undefined
  readonly tracestate?: string | undefined
  /** The id that everything of one business flow shares. */
  readonly correlationId?: string | undefined
  /** The id of the event or call that made this one happen. */
  readonly causationId?: string | undefined
}

/** An envelope as it was read: the attributes of CloudEvents under their own names. */
export interface Envelope {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject: string
  readonly partitionkey: string
  readonly time: string
  readonly datacontenttype: string
  readonly dataschema?: string
  readonly data: unknown
  readonly traceparent?: string
  readonly tracestate?: string
  readonly correlationid?: string
  readonly causationid?: string
}

/**
 * The event with its envelope, ready for the outbox.
 *
 * Errors: INVALID_ARGUMENT `BAD_ENVELOPE` naming the attribute, or `EVENT_TOO_LARGE` over {@link maxEventBytes}.
 *
 * @example
 * const data = { orderId: 'o-1' }
 * const facts = { id: 'e-1', system: 'shop', service: 'orders', type: 'orders.placed.v1', key: 'o-1', timeMs: 0, data }
 * await store.transact(async (tx) => tx.publish(toNewEvent(facts)))
 */
export function toNewEvent(facts: EventFacts): NewEvent {
  assertText('id', facts.id, 255)
  assertText('source', facts.service, 255)
  assertText('type', facts.type, 255)
  assertText('partitionkey', facts.key, maxKeyLength)
  const envelope = toText({
    specversion: '1.0',
    id: facts.id,
    source: `/${facts.system}/${facts.service}`,
    type: facts.type,
    subject: facts.key,
    time: new Date(facts.timeMs).toISOString(),
    datacontenttype: 'application/json',
    dataschema: facts.dataSchema,
    partitionkey: facts.key,
    traceparent: facts.traceparent,
    tracestate: facts.tracestate,
    correlationid: facts.correlationId,
    causationid: facts.causationId,
    data: facts.data,
  })
  assertSize(envelope)
  return { id: facts.id, type: facts.type, key: facts.key, envelope }
}

/**
 * Reads an envelope. Trace attributes that W3C Trace Context calls malformed are left out, as it says; everything else that
 * is wrong is an error: INVALID_ARGUMENT `BAD_ENVELOPE` naming the attribute, or `EVENT_TOO_LARGE`.
 */
export function fromEnvelope(text: string): Envelope {
  assertSize(text)
  const given = toObject(text)
  if (given['specversion'] !== '1.0') throw badAttribute('specversion', "is '1.0'", given['specversion'])
  const subject = assertText('subject', given['subject'], maxKeyLength)
  if (!Object.hasOwn(given, 'data')) throw badAttribute('data', 'is there', undefined)
  const envelope: Writable<Envelope> = {
    specversion: '1.0',
    id: assertText('id', given['id'], 255),
    source: assertText('source', given['source'], 1_024),
    type: assertText('type', given['type'], 255),
    subject,
    partitionkey: assertText('partitionkey', given['partitionkey'] ?? subject, maxKeyLength),
    time: assertTime(given['time']),
    datacontenttype: assertJsonType(given['datacontenttype'] ?? 'application/json'),
    data: given['data'],
  }
  addOptional(envelope, given)
  return envelope
}

type Writable<Type> = { -readonly [key in keyof Type]: Type[key] }

/** What may be left out. One by one: whoever reads a log from its beginning opens millions of envelopes. */
function addOptional(envelope: Writable<Envelope>, given: Readonly<Record<string, unknown>>): void {
  const { dataschema, correlationid, causationid, traceparent, tracestate } = given
  if (dataschema !== undefined) envelope.dataschema = assertText('dataschema', dataschema, 1_024)
  if (typeof traceparent === 'string' && traceparent.length <= 255 && traceparentShape.test(traceparent)) {
    envelope.traceparent = traceparent
    if (typeof tracestate === 'string' && tracestate !== '' && tracestate.length <= 512)
      envelope.tracestate = tracestate
  }
  if (correlationid !== undefined) envelope.correlationid = assertText('correlationid', correlationid, 255)
  if (causationid !== undefined) envelope.causationid = assertText('causationid', causationid, 255)
}

/** Characters that CloudEvents forbids in strings: controls, and halves of surrogate pairs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const forbidden = /[\u0000-\u001f\u007f-\u009f]/
const traceparentShape = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}/

function toText(attributes: Readonly<Record<string, unknown>>): string {
  if (attributes['data'] === undefined) throw badAttribute('data', 'is there', undefined)
  try {
    return JSON.stringify(attributes)
  } catch (cause) {
    throw badAttribute('data', 'is plain JSON', attributes['data'], cause)
  }
}

function toObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw badAttribute('', 'is a JSON text', text, cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badAttribute('', 'is a JSON object', value)
  return value as Readonly<Record<string, unknown>>
}

function assertText(name: string, value: unknown, maxLength: number): string {
  if (typeof value !== 'string') throw badAttribute(name, 'is a text', value)
  if (value.length === 0 || value.length > maxLength)
    throw badAttribute(name, `has 1 to ${maxLength} characters`, value)
  if (forbidden.test(value) || !value.isWellFormed()) throw badAttribute(name, 'has no control characters', value)
  return value
}

function assertTime(value: unknown): string {
  if (typeof value === 'string' && !Number.isNaN(parseEventTime(value))) return value
  throw badAttribute('time', 'is an RFC 3339 time', value)
}

function assertJsonType(value: unknown): string {
  if (typeof value === 'string' && /^application\/(json|[\w.-]+\+json)(\s*;.*)?$/i.test(value)) return value
  throw badAttribute('datacontenttype', 'is application/json', value)
}

function assertSize(envelope: string): void {
  if (envelope.length * 3 <= maxEventBytes) return
  const bytes = Buffer.byteLength(envelope)
  if (bytes <= maxEventBytes) return
  const message = `the event has ${bytes} bytes, at most ${maxEventBytes} are allowed (maxEventBytes)`
  throw new BanyanError('INVALID_ARGUMENT', message, {
    reason: 'EVENT_TOO_LARGE',
    hint: 'Store the large part and publish its id.',
  })
}

function badAttribute(name: string, rule: string, found: unknown, cause?: unknown): BanyanError {
  const what = name === '' ? 'the envelope' : `the attribute '${name}'`
  const message = `${what} of an event ${rule}; found ${describe(found)}`
  const issues = [{ path: name === '' ? '' : `/${name}`, rule, message }]
  return new BanyanError('INVALID_ARGUMENT', message, { reason: 'BAD_ENVELOPE', issues, cause })
}

function describe(found: unknown): string {
  if (found === undefined) return 'nothing'
  if (typeof found === 'string') return JSON.stringify(found.length > 40 ? `${found.slice(0, 40)}…` : found)
  if (typeof found === 'object') return found === null ? 'null' : Array.isArray(found) ? 'an array' : 'an object'
  return `${typeof found} ${String(found)}`
}
