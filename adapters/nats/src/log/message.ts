/**
 * An event as a message. The payload is the CloudEvent in structured mode; what the log itself needs is in headers, so that
 * nobody has to parse the payload:
 *
 * | header | on | says |
 * |---|---|---|
 * | `Nats-Msg-Id` | every event | the event's id and the append it is part of: the identity of the message, see publish-chain.ts |
 * | `Nats-Expected-Last-Sequence` | every event | the sequence before it: the broker takes the message there or nowhere |
 * | `Nats-Expected-Last-Msg-Id` | all but the first of an append | the message before it |
 * | `Banyan-Id` | every event | the event's id |
 * | `Banyan-Epoch` | every event | the lease under which it was appended |
 * | `Banyan-Key` | every event | the key, percent-encoded |
 * | `Banyan-Cursor` | the last of an append | where the outbox is read up to once this message is in the log |
 * | `Banyan-Scan` | rarely, beside the cursor | see tail.ts |
 * | `Banyan-Schema` | events that name their schema | `dataschema` of the envelope, percent-encoded |
 * | `Banyan-Shift` | in tests | how far they have moved the clock |
 *
 * A message is the relay's only if it lies right behind the sequence it expected: a copy made by another program (a replay, a
 * mirror, a script) lies elsewhere or has lost the header, and counts as foreign.
 */
import type { StoredMsg } from '@nats-io/jetstream'
import { headers, type MsgHdrs } from '@nats-io/transport-node'
import type { NewEvent, OutboxCursor } from 'banyan/store'

/** What a relay writes into the headers of a message, besides the sequence it expects. */
export interface RelayMark {
  readonly id: string
  readonly epoch: number
  readonly cursor?: OutboxCursor | undefined
  readonly scan?: number | undefined
}

/** A message as it lies in a stream. */
export interface StoredMessage {
  readonly seq: number
  readonly subject: string
  readonly timeMs: number
  /** Undefined when there are none, or they are broken. */
  readonly headers: MsgHdrs | undefined
  readonly data: Uint8Array
}

/** A message that was asked for by its sequence. */
export function fromStoredMsg(message: StoredMsg): StoredMessage {
  const { seq, subject, time, data } = message
  return { seq, subject, timeMs: time.getTime(), headers: headersOf(message), data }
}

/** Headers that cannot be read are none: whoever wrote them is foreign. */
function headersOf(message: StoredMsg): MsgHdrs | undefined {
  try {
    return message.header
  } catch {
    return undefined
  }
}

const size = 'Nats-Msg-Size'
const expected = 'Nats-Expected-Last-Sequence'
const id = 'Banyan-Id'
const epoch = 'Banyan-Epoch'
const key = 'Banyan-Key'
const cursor = 'Banyan-Cursor'
const scan = 'Banyan-Scan'
const schema = 'Banyan-Schema'
const shift = 'Banyan-Shift'
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/

/** The headers of an event, without those of the chain it is published in. `shiftMs` is how far tests have moved the clock. */
export function toHeaders(event: NewEvent, mark: RelayMark, shiftMs = 0): MsgHdrs {
  const made = headers()
  made.set('Content-Type', 'application/cloudevents+json')
  made.set(id, event.id)
  made.set(epoch, `${mark.epoch}`)
  made.set(key, encodeURIComponent(event.key))
  if (mark.cursor !== undefined) made.set(cursor, encodeURIComponent(JSON.stringify(mark.cursor)))
  if (mark.scan !== undefined) made.set(scan, `${mark.scan}`)
  const named = dataSchemaOf(event.envelope)
  if (named !== undefined) made.set(schema, encodeURIComponent(named))
  if (shiftMs !== 0) made.set(shift, `${shiftMs}`)
  return made
}

/** What a relay wrote; undefined for a message of anybody else. */
export function toRelayMark({ seq, headers: given }: Pick<StoredMessage, 'seq' | 'headers'>): RelayMark | undefined {
  if (given === undefined || given.get(expected) !== `${seq - 1}`) return undefined
  const foundId = given.get(id)
  const foundEpoch = toCount(given.get(epoch))
  if (!uuid.test(foundId) || foundEpoch === undefined) return undefined
  const foundCursor = toCursor(given.get(cursor))
  const foundScan = toCount(given.get(scan))
  return { id: foundId, epoch: foundEpoch, cursor: foundCursor, scan: foundScan }
}

/** True for what no relay wrote. */
export function isForeign(message: Pick<StoredMessage, 'seq' | 'headers'>): boolean {
  return toRelayMark(message) === undefined || toKey(message.headers) === undefined
}

/** The schema that a relay's message names; undefined when it names none. */
export function toSchema(given: MsgHdrs | undefined): string | undefined {
  const text = given?.get(schema)
  return text === undefined || text === '' ? undefined : decode(text)
}

/** When a relay's message was stored, as tests have moved the clock; the same for anybody else's. */
export function toStoredAt({ headers: given, timeMs }: Pick<StoredMessage, 'headers' | 'timeMs'>): number {
  return timeMs + (toCount(given?.get(shift) ?? '') ?? 0)
}

/** Longer ones are none: no name is. */
const maxSchemaLength = 255

function dataSchemaOf(envelope: string): string | undefined {
  if (!envelope.includes('"dataschema"')) return undefined
  try {
    const { dataschema } = JSON.parse(envelope) as { readonly dataschema?: unknown }
    return typeof dataschema === 'string' && dataschema.length <= maxSchemaLength ? dataschema : undefined
  } catch {
    return undefined
  }
}

/** Bytes of the payload, also of a message that came without it. */
export function sizeOf({ headers: given, data }: Pick<StoredMessage, 'headers' | 'data'>): number {
  if (data.byteLength > 0) return data.byteLength
  return toCount(given?.get(size) ?? '') ?? 0
}

/** The key that the headers name; undefined when they name none that can be one. */
export function toKey(given: MsgHdrs | undefined): string | undefined {
  const text = given?.get(key)
  return text === undefined || text === '' ? undefined : decode(text)
}

/** True for an id that every store takes. */
export function isUuid(text: string): boolean {
  return uuid.test(text)
}

function toCursor(text: string): OutboxCursor | undefined {
  if (text === '') return undefined
  try {
    const value: unknown = JSON.parse(decode(text) ?? '')
    return typeof value === 'object' && value !== null ? (value as OutboxCursor) : undefined
  } catch {
    return undefined
  }
}

function toCount(text: string): number | undefined {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : undefined
  return value
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
