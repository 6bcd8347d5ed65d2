/**
 * A message of a queue as what an event is made of. By default it must be a CloudEvent, in binary or structured mode; anything
 * else needs a function that knows the format.
 */
import { maxEventBytes, maxKeyLength } from 'banyan/bus'
import { BanyanError } from 'banyan/core'

/** A message as it came. */
export interface RabbitMessage {
  readonly content: Buffer
  readonly routingKey: string
  readonly exchange: string
  readonly redelivered: boolean
  readonly messageId: string | undefined
  readonly contentType: string | undefined
  readonly type: string | undefined
  readonly correlationId: string | undefined
  readonly headers: Readonly<Record<string, unknown>>
}

/** What an event is made of. */
export interface InboundEvent {
  /** `<contract>.<event>.v<major>` of the service that takes it in. */
  readonly type: string
  readonly key: string
  /** Plain JSON. */
  readonly data: unknown
  readonly traceparent?: string | undefined
  readonly correlationId?: string | undefined
}

/** Reads a CloudEvent; INVALID_ARGUMENT `BAD_MESSAGE` with the reason for anything else. */
export function fromCloudEvent(message: RabbitMessage): InboundEvent {
  if (message.content.byteLength > maxEventBytes)
    throw badMessage(`it has ${message.content.byteLength} bytes, at most ${maxEventBytes} are allowed (maxEventBytes)`)
  const body = toJson(message.content)
  const structured = message.contentType?.startsWith('application/cloudevents+json') === true
  return structured ? fromStructured(body) : fromBinary(message, body)
}

/** A message that can never become an event. */
export function badMessage(why: string, cause?: unknown): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', `the message cannot be taken in: ${why}`, { reason: 'BAD_MESSAGE', cause })
}

type Attributes = Readonly<Record<string, unknown>>

function fromStructured(body: unknown): InboundEvent {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badMessage('its body is no JSON object')
  if (!Object.hasOwn(body, 'data')) throw badMessage("it has no 'data'")
  return toInbound(body as Attributes, (body as { data: unknown }).data)
}

function fromBinary({ headers }: RabbitMessage, data: unknown): InboundEvent {
  const attributes = Object.entries(headers).flatMap(([name, value]) => {
    const plain = /^cloudEvents[:_](.+)$/.exec(name)?.[1]
    return plain === undefined ? [] : [[plain, value] as const]
  })
  if (attributes.length === 0) throw badMessage('it is no CloudEvent: no content type of one, no headers of one')
  return toInbound(Object.fromEntries(attributes), data)
}

function toInbound(attributes: Attributes, data: unknown): InboundEvent {
  if (attributes['specversion'] !== '1.0') throw badMessage("the attribute 'specversion' must be '1.0'")
  const type = assertText(attributes, 'type', 255)
  const name = ['partitionkey', 'subject', 'id'].find((one) => attributes[one] !== undefined) ?? 'subject'
  const key = assertText(attributes, name, maxKeyLength)
  const { traceparent, correlationid } = attributes
  return {
    type,
    key,
    data,
    ...(typeof traceparent === 'string' ? { traceparent } : {}),
    ...(typeof correlationid === 'string' && correlationid !== '' ? { correlationId: correlationid } : {}),
  }
}

function assertText(attributes: Attributes, name: string, maxLength: number): string {
  const value = attributes[name]
  if (typeof value === 'string' && value !== '' && value.length <= maxLength) return value
  throw badMessage(`the attribute '${name}' must be a text of 1 to ${maxLength} characters`)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function toJson(content: Uint8Array): unknown {
  let text: string
  try {
    text = utf8.decode(content)
  } catch (cause) {
    throw badMessage('its body is not UTF-8', cause)
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw badMessage('its body is not JSON', cause)
  }
}
