/**
 * AsyncAPI 3.0 from contracts: the events that services publish, each on a channel of its own, in their CloudEvents 1.0
 * envelope.
 * Sources: https://www.asyncapi.com/docs/reference/specification/v3.0.0, CloudEvents 1.0.2 with the extensions for
 * partitioning and distributed tracing.
 */
import { type AnyContract, type AnyEvent, eventsOf } from './define-contract.ts'
import { toJsonSchema } from './schema.ts'
import { embedSchema, type SchemaComponents } from './schema-components.ts'

/** What the contracts themselves do not know. */
export interface AsyncApiOptions {
  /** Default: the contract's name, or 'Events' for several. */
  readonly title?: string
  /** Default: the contract's version, or '1.0.0' for several. */
  readonly version?: string
  readonly description?: string
  readonly contact?: { readonly name?: string; readonly url?: string; readonly email?: string }
  readonly license?: { readonly name: string; readonly url?: string }
  /** Brokers from which outsiders may read, by name. Default: none are told. */
  readonly servers?: Readonly<Record<string, { readonly host: string; readonly protocol: string }>>
}

type Part = { readonly [key: string]: unknown }

/** An AsyncAPI document: plain JSON. */
export type AsyncApiDocument = { readonly asyncapi: string; readonly channels: Part } & Part

const text = (description: string, more: Part = {}): Part => ({ type: 'string', description, ...more })

/** The envelope around the data of one event. */
function envelope(event: AnyEvent, components: SchemaComponents): Part {
  return {
    type: 'object',
    required: ['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'partitionkey', 'data'],
    properties: {
      specversion: { const: '1.0' },
      id: text('The same at every redelivery: what consumers recognise repetitions by.', { minLength: 1 }),
      source: text('The service that published it, as in `/shop/orders`.', { format: 'uri-reference' }),
      type: { const: event.wire },
      subject: text(`The value of the field '${event.key}'.`),
      time: text('When it was published.', { format: 'date-time' }),
      datacontenttype: { const: 'application/json' },
      dataschema: text('Fingerprint of the schema of the data.', { format: 'uri' }),
      partitionkey: text('As subject: events with the same key arrive in order.'),
      traceparent: text('W3C Trace Context.'),
      tracestate: text('W3C Trace Context.'),
      correlationid: text('What everything of one business flow shares.'),
      causationid: text('The event or call that made this one happen.'),
      data: embedSchema(toJsonSchema(event.data, 'output'), event.wire, components),
    },
  }
}

function message(event: AnyEvent, components: SchemaComponents): Part {
  return {
    name: event.wire,
    title: event.name,
    contentType: 'application/cloudevents+json',
    ...(event.about === undefined ? {} : { summary: event.about }),
    tags: [{ name: event.contract }, { name: event.eventKind }],
    payload: envelope(event, components),
    'x-banyan-key': event.key,
  }
}

function info(contracts: readonly AnyContract[], options: AsyncApiOptions): Part {
  const only = contracts.length === 1 ? contracts[0] : undefined
  const { contact, license } = options
  return {
    title: options.title ?? only?.name ?? 'Events',
    version: options.version ?? only?.version ?? '1.0.0',
    description: options.description ?? only?.about ?? 'Events in CloudEvents 1.0 envelopes.',
    ...(contact === undefined ? {} : { contact }),
    ...(license === undefined ? {} : { license }),
    tags: contracts.map(({ name, about }) => ({ name, ...(about === undefined ? {} : { description: about }) })),
  }
}

/**
 * The AsyncAPI 3.0 document of the contracts' events. `send` is meant from the service's side: it publishes them.
 *
 * @example
 * JSON.stringify(toAsyncApi([Orders], { title: 'Shop events' }), undefined, 2)
 */
export function toAsyncApi(contracts: readonly AnyContract[], options: AsyncApiOptions = {}): AsyncApiDocument {
  const schemas: SchemaComponents = {}
  const events = contracts.flatMap(eventsOf)
  const messages = Object.fromEntries(events.map((event) => [event.wire, message(event, schemas)]))
  const channels = events.map((event) => [
    event.wire,
    {
      address: event.wire,
      ...(event.about === undefined ? {} : { description: event.about }),
      messages: { [event.name]: { $ref: `#/components/messages/${event.wire}` } },
    },
  ])
  const operations = events.map((event) => [
    `publish.${event.wire}`,
    {
      action: 'send',
      description: event.about ?? `'${event.contract}' publishes '${event.name}'.`,
      channel: { $ref: `#/channels/${event.wire}` },
      messages: [{ $ref: `#/channels/${event.wire}/messages/${event.name}` }],
    },
  ])
  return {
    asyncapi: '3.0.0',
    info: info(contracts, options),
    ...(options.servers === undefined ? {} : { servers: options.servers }),
    defaultContentType: 'application/cloudevents+json',
    channels: Object.fromEntries(channels),
    operations: Object.fromEntries(operations),
    components: { messages, ...(Object.keys(schemas).length === 0 ? {} : { schemas }) },
  }
}
