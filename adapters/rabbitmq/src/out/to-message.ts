/**
 * An event of the log as an AMQP 0-9-1 message, by the CloudEvents AMQP binding: attributes as headers with the prefix
 * `cloudEvents:` (RabbitMQ hands headers on as application properties to AMQP 1.0 clients) and data as body, or the whole
 * envelope as body in structured mode.
 *
 * Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/amqp-protocol-binding.md
 */
import type { Options } from 'amqplib'
import { fromEnvelope, type LoggedEvent } from 'banyan/bus'

/** How an event is laid out: attributes beside the data, or everything in one JSON text. */
export type ContentMode = 'binary' | 'structured'

/** Before the names of attributes in headers. */
export const attributePrefix = 'cloudEvents:'

/** A message ready to be published. */
export interface OutgoingMessage {
  readonly content: Buffer
  readonly options: Options.Publish
}

/** INVALID_ARGUMENT `BAD_ENVELOPE` for an event that is no CloudEvent. */
export function toMessage({ id, type, envelope: text }: LoggedEvent, mode: ContentMode): OutgoingMessage {
  const envelope = fromEnvelope(text)
  const { data, datacontenttype, correlationid, ...attributes } = envelope
  const common = {
    messageId: id,
    type,
    persistent: true,
    timestamp: Math.floor(Date.parse(envelope.time) / 1_000),
    ...(correlationid === undefined ? {} : { correlationId: correlationid }),
  }
  if (mode === 'structured')
    return { content: Buffer.from(text), options: { ...common, contentType: 'application/cloudevents+json' } }
  const named = { ...attributes, ...(correlationid === undefined ? {} : { correlationid }) }
  const headers = Object.fromEntries(Object.entries(named).map(([name, value]) => [`${attributePrefix}${name}`, value]))
  return { content: Buffer.from(JSON.stringify(data)), options: { ...common, contentType: datacontenttype, headers } }
}
