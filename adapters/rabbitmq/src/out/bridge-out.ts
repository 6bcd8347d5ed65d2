/**
 * The bridge out: forwards the events of a source to an exchange. It is a consumer group like any other, whose effect is a
 * message that the broker has confirmed: in order per key, at least once, its position in the store's inbox, what cannot be
 * sent parked with its reason. A crash between the confirmation and the mark sends again; the message id is the event's id, so
 * that whoever consumes can tell.
 */
import type { ConfirmChannel } from 'amqplib'
import { type Bus, type ConsumerStatus, createConsumer, type LoggedEvent, type OperatorLog } from 'banyan/bus'
import { BanyanError, type Environment } from 'banyan/core'
import type { Store } from 'banyan/store'
import { createRabbitLink, type RabbitLink, rabbitAway } from '../connection/rabbit-link.ts'
import { type ContentMode, toMessage } from './to-message.ts'

/** What a bridge out is made of; times in milliseconds. */
export interface RabbitBridgeOutOptions {
  readonly environment: Environment
  /** `amqp://user:password@host:5672/vhost`; `amqps://` for TLS. A function is asked for each connection. */
  readonly url: string | (() => string)
  /** A durable topic exchange; made when it is not there, unless `declare` is false. */
  readonly exchange: string
  readonly declare?: boolean
  readonly bus: Bus
  /** The producing service. */
  readonly source: string
  /** Where the position and the marks are kept. */
  readonly store: Pick<Store, 'inbox' | 'transact'>
  /** `<instance>#<incarnation>`, unique to this run. */
  readonly holder: string
  /** Default `rabbitmq:<exchange>`. */
  readonly group?: string
  /** The event types that are forwarded. Default: all. */
  readonly types?: readonly string[]
  /** Default: the event's type, so that `orders.#` gets all of a contract. At most 255 bytes. */
  readonly routingKey?: (event: LoggedEvent) => string
  /** Default 'binary'. */
  readonly mode?: ContentMode
  /** A message that no queue takes is tried again instead of being dropped by the broker. Default false. */
  readonly mandatory?: boolean
  /** Where it begins when it was never here before. Default 'start'. */
  readonly startAt?: 'start' | 'now'
  /** Messages on their way at a time, each of another key. Default 64. */
  readonly concurrency?: number
  readonly log?: OperatorLog
}

/** How a bridge out is doing. */
export interface RabbitBridgeOutStatus {
  readonly consumer: ConsumerStatus
  readonly connected: boolean
  /** Messages that the broker has confirmed; an event that was sent again counts again. */
  readonly confirmed: number
  readonly lastError: string | undefined
}

/** A bridge at work. */
export interface RabbitBridgeOut {
  start(): void
  /** Finishes what is on its way, within `withinMs` (default 5 000). */
  stop(withinMs?: number): Promise<void>
  status(): RabbitBridgeOutStatus
}

const silent: OperatorLog = { info: () => undefined, warn: () => undefined }

/**
 * Makes a bridge from a source of the log to an exchange of RabbitMQ. Any number may run for the same group; one works.
 *
 * @example
 * const url = 'amqp://shop:…@rabbit.example/shop'
 * const from = { bus, source: 'orders', store }
 * const bridge = createRabbitBridgeOut({ environment, url, exchange: 'shop', ...from, holder: 'bridge#1' })
 * bridge.start()
 */
export function createRabbitBridgeOut(options: RabbitBridgeOutOptions): RabbitBridgeOut {
  const { environment, exchange, store, log = silent } = options
  const publisher = createPublisher(options, log)
  const types = options.types === undefined ? { has: () => true } : new Set(options.types)
  const consumer = createConsumer({
    environment,
    group: options.group ?? `rabbitmq:${exchange}`,
    source: options.source,
    inbox: store.inbox,
    bus: options.bus,
    holder: options.holder,
    subscriptions: types,
    concurrency: options.concurrency ?? 64,
    startAt: options.startAt ?? 'start',
    // However long the broker is away, that is no fault of an event.
    retry: { maxOutageAttempts: Number.MAX_SAFE_INTEGER, maxMs: 5_000 },
    log,
    handle: async (event, _attempt, delivery, signal) => {
      await publisher.publish(event)
      await store.transact(async () => undefined, { delivery, signal })
    },
  })
  return {
    start() {
      publisher.link.start()
      consumer.start()
    },
    async stop(withinMs = 5_000) {
      await consumer.stop({ withinMs })
      await publisher.link.stop()
    },
    status: () => ({
      consumer: consumer.status(),
      connected: publisher.link.channel !== undefined,
      confirmed: publisher.confirmed,
      lastError: publisher.link.lastError,
    }),
  }
}

interface Publisher {
  readonly link: RabbitLink
  readonly confirmed: number
  /** Resolves when the broker has confirmed; rejects with UNAVAILABLE otherwise. */
  publish(event: LoggedEvent): Promise<void>
}

function createPublisher(options: RabbitBridgeOutOptions, log: OperatorLog): Publisher {
  const { url, environment, exchange, mandatory = false, mode = 'binary' } = options
  const routingKey = options.routingKey ?? (({ type }: LoggedEvent) => type)
  /** Ids of messages that came back; the broker says so before it confirms them. */
  const returned = new Set<string>()
  let confirmed = 0
  const link = createRabbitLink({
    url,
    environment,
    log,
    async setUp(channel) {
      returned.clear()
      channel.on('return', ({ properties }) => void returned.add(String(properties.messageId)))
      if (options.declare ?? true) await channel.assertExchange(exchange, 'topic', { durable: true })
      else await channel.checkExchange(exchange)
    },
  })

  function send(channel: ConfirmChannel, event: LoggedEvent): Promise<void> {
    const { content, options: properties } = toMessage(event, mode)
    const key = routingKey(event)
    if (Buffer.byteLength(key) > 255) throw badRoutingKey(event)
    return new Promise((resolve, reject) => {
      channel.publish(exchange, key, content, { ...properties, mandatory }, (error: unknown) => {
        if (error !== null && error !== undefined) reject(rabbitAway('unknown', error))
        else resolve()
      })
    })
  }
  return {
    link,
    get confirmed() {
      return confirmed
    },
    async publish(event) {
      const { channel } = link
      if (channel === undefined) throw rabbitAway('none')
      await send(channel, event)
      confirmed += 1
      if (returned.delete(event.id)) throw unroutable(event, exchange, routingKey(event))
    },
  }
}

function unroutable({ id }: LoggedEvent, exchange: string, key: string): BanyanError {
  const message = `no queue takes event ${id} from the exchange '${exchange}' under the key '${key}'`
  return new BanyanError('UNAVAILABLE', message, {
    reason: 'UNROUTABLE',
    retryable: true,
    hint: 'Bind a queue, or leave `mandatory` out.',
  })
}

function badRoutingKey({ id }: LoggedEvent): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', `the routing key of event ${id} has more than 255 bytes`, {
    reason: 'BAD_ROUTING_KEY',
  })
}
