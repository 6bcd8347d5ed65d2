/**
 * A message as an event of the log. Whatever lies in the stream comes out, in its place, and nothing throws: a message that no
 * relay wrote and that is not what it should be becomes an event that every consumer of its type parks, with the reason in
 * front of what was found. Skipping it would lose it silently; throwing would stop the source for everybody.
 */
import { createHash } from 'node:crypto'
import { type Envelope, fromEnvelope, type LoggedEvent, maxEventBytes, maxKeyLength } from 'banyan/bus'
import type { Names } from '../names.ts'
import { isUuid, type StoredMessage, toKey, toRelayMark } from './message.ts'

/** Turns the messages of a source into its events. */
export function createLogged(names: Names, source: string): (message: StoredMessage) => LoggedEvent {
  const stream = names.stream(source)
  return (message) => {
    const type = typeOf(names, source, message)
    const mark = toRelayMark(message)
    const key = toKey(message.headers)
    const text = toUtf8(message.data)
    if (mark !== undefined && key !== undefined && text !== undefined)
      return { id: mark.id, type, key, envelope: text, source, offset: message.seq }
    return toForeign(message, { stream, source, type, text })
  }
}

/** The type of the event that a message is. */
export function typeOf(names: Names, source: string, { subject }: Pick<StoredMessage, 'subject'>): string {
  return toText(names.typeOf(source, subject), 255) ?? 'unnamed'
}

interface Found {
  readonly stream: string
  readonly source: string
  readonly type: string
  readonly text: string | undefined
}

function toForeign(message: StoredMessage, { stream, source, type, text }: Found): LoggedEvent {
  const read = readEnvelope(message, type, text)
  const { envelope } = read
  const key = toText(toKey(message.headers), maxKeyLength) ?? envelope?.partitionkey ?? keyOf(message)
  // A program that publishes true CloudEvents names them itself, so that its repetitions are known as such.
  const id = envelope !== undefined && isUuid(envelope.id) ? envelope.id : toId(stream, message)
  return { id, type, key, envelope: read.text, source, offset: message.seq }
}

/** The envelope, or instead of it a text that no consumer takes for one and that begins with the reason. */
function readEnvelope(
  { data }: StoredMessage,
  type: string,
  text: string | undefined,
): { readonly envelope?: Envelope; readonly text: string } {
  if (data.byteLength > maxEventBytes)
    return refuse(`${data.byteLength} bytes, over ${maxEventBytes} (maxEventBytes)`, data.subarray(0, keptBytes))
  if (text === undefined) return refuse('not UTF-8, base64 follows', data.subarray(0, keptBytes), 'base64')
  if (text.includes('\0')) return refuse('has NUL bytes, base64 follows', data.subarray(0, keptBytes), 'base64')
  try {
    const envelope = fromEnvelope(text)
    if (envelope.type === type) return { envelope, text }
    return refuse(`type is not the subject's: ${type}`, data)
  } catch {
    // Parked by whoever reads it, with the envelope's own reason, and with the text as it came.
    return { text }
  }
}

/** Bytes of a message that cannot be kept as text, kept for whoever looks at the parked event. */
const keptBytes = 65_536

function refuse(reason: string, kept: Uint8Array, encoding: 'utf8' | 'base64' = 'utf8'): { readonly text: string } {
  const shown = Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).toString(encoding)
  return { text: `${reason}: ${shown.replaceAll('\0', '\u2400')}` }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function toUtf8(data: Uint8Array): string | undefined {
  try {
    return utf8.decode(data)
  } catch {
    return undefined
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\u0000-\u001f\u007f-\u009f]/

/** The text when it can be a name or key: not empty, not too long, nothing in it that a database refuses. */
function toText(text: string | undefined, maxLength: number): string | undefined {
  if (text === undefined || text === '' || text.length > maxLength) return undefined
  return controls.test(text) || !text.isWellFormed() ? undefined : text
}

/** One of its own: it is in no order with anything, and what is parked keeps back whatever shares its key. */
function keyOf({ subject, seq }: StoredMessage): string {
  return toText(`${subject.slice(0, maxKeyLength - 20).toWellFormed()} ${seq}`, maxKeyLength) ?? `foreign ${seq}`
}

/** Always the same for one message: a UUIDv7 of the time it was stored and of its place. */
function toId(stream: string, { seq, timeMs }: StoredMessage): string {
  const hash = createHash('sha256').update(`${stream}:${seq}`).digest()
  const time = Math.max(0, Math.floor(timeMs)).toString(16).padStart(12, '0').slice(-12)
  hash[0] = 0x70 | ((hash[0] as number) & 0x0f)
  hash[2] = 0x80 | ((hash[2] as number) & 0x3f)
  const rest = hash.toString('hex')
  return `${time.slice(0, 8)}-${time.slice(8)}-${rest.slice(0, 4)}-${rest.slice(4, 8)}-${rest.slice(8, 20)}`
}
