/** `fromRabbit`: the messages of a queue as a bridge of a service. */
import type { AnyEvent } from 'banyan/contract'
import { BanyanError } from 'banyan/core'
import {
  type Bridge,
  type BridgeHost,
  type BridgeReport,
  type BridgeSetting,
  defineBridge,
  type RunningBridge,
} from 'banyan/runtime'
import type { NewEvent } from 'banyan/store'
import { actOnParked, groupOf, inboxActions, urlFaults } from './bridge-parts.ts'
import { type BridgeIn, createBridgeIn } from './in/bridge-in.ts'
import { badMessage, fromCloudEvent, type RabbitMessage } from './in/from-message.ts'
import { type MakeEvents, maxEventsPerMessage, tooManyEvents } from './in/make-events.ts'
import { type RabbitBridgeInOptions, sourceOf, withDefaults } from './in/options.ts'
import { createParkedAlarm } from './parked-alarm.ts'

/** Publishes an event of the service's contract; validated at once. Errors: INVALID_ARGUMENT naming the field. */
export type PublishMessage = <E extends AnyEvent>(event: E, data: E['~types']['data']) => void

/** What {@link fromRabbit} takes; times in milliseconds. */
export interface FromRabbitOptions
  extends Pick<RabbitBridgeInOptions, 'declare' | 'idOf' | 'prefetch' | 'batch' | 'leaseMs' | 'keepMarksMs'> {
  /** Unique among the service's bridges; marks are kept under it. */
  readonly name: string
  /** `amqp://user:password@host:5672/vhost` (`amqps://` for TLS), or a function that knows it. */
  readonly url: BridgeSetting
  readonly queue: string
  /**
   * Turns a message into any number of events, up to `maxEventsPerMessage` (100), by calling `publish`; synchronous and pure. A message for which
   * it throws is parked. Default: the message is a CloudEvent whose type is an event of the service.
   */
  readonly toEvent?: (message: RabbitMessage, publish: PublishMessage) => void
}

/**
 * A bridge that makes each message of a queue into events of the service it is listed in, exactly once and in the order of the
 * queue. What cannot be read is parked with its reason; it can be asked to `replay` or to `skip` what is parked.
 *
 * Errors: INVALID_ARGUMENT `INVALID_BRIDGE`.
 *
 * @example
 * const legacy = fromRabbit({
 *   name: 'legacy',
 *   url: () => process.env['RABBIT_URL'],
 *   queue: 'legacy-orders',
 *   toEvent: ({ content }, publish) => {
 *     const [id] = content.toString().split(';')
 *     publish(Orders.events.placed, { orderId: id ?? '' })
 *   },
 * })
 * legacy.kind // 'rabbitmq'
 */
export function fromRabbit(options: FromRabbitOptions): Bridge {
  const { url, name, ...given } = options
  const where = { group: groupOf(name), source: sourceOf(given.queue) }
  return defineBridge({
    name,
    kind: 'rabbitmq',
    direction: 'in',
    settings: { url },
    actions: inboxActions,
    inbox: () => where,
    faults: (place) => [...(given.queue === '' ? ["the option 'queue' is empty"] : []), ...urlFaults(place)],
    open: async (host) => openIn(given, where.group, host),
    act: (host, request) => actOnParked(host, where, request),
  })
}

type Given = Omit<FromRabbitOptions, 'url' | 'name'>

function openIn({ toEvent, ...given }: Given, group: string, host: BridgeHost): RunningBridge {
  const { environment, store, holder, log } = host
  const place = { environment, store, holder, log, group, url: () => host.setting('url') }
  const bridge = createBridgeIn(withDefaults({ ...given, ...place, makeEvents: createHostEvents(host, toEvent) }))
  bridge.start()
  const where = { group, source: sourceOf(given.queue), what: 'messages are' }
  const alarms = createParkedAlarm(store.inbox, where, environment.clock)
  return {
    // Whatever happens to broker and database, it waits for them itself.
    ended: new Promise(() => undefined),
    stop: () => bridge.stop(),
    report: async () => toReport(bridge, await bridge.queued().catch(() => undefined), await alarms()),
  }
}

function createHostEvents(host: BridgeHost, toEvent: FromRabbitOptions['toEvent']): MakeEvents {
  return (message, { idOf, timeMs }) => {
    if (toEvent === undefined) return [fromOwnCloudEvent(host, message, { id: idOf(0), timeMs })]
    const events: NewEvent[] = []
    toEvent(message, (event, data) => {
      if (events.length >= maxEventsPerMessage) throw tooManyEvents()
      const { correlationId } = message
      events.push(host.toEvent(event, data, { id: idOf(events.length), timeMs, correlationId }))
    })
    return events
  }
}

function fromOwnCloudEvent(
  host: BridgeHost,
  message: RabbitMessage,
  facts: { readonly id: string; readonly timeMs: number },
): NewEvent {
  const { type, data, traceparent, correlationId } = fromCloudEvent(message)
  const event = host.eventOf(type)
  if (event === undefined) throw badMessage(`its type '${type}' is no event of '${host.service}'`)
  try {
    return host.toEvent(event, data, { ...facts, traceparent, correlationId })
  } catch (error) {
    throw error instanceof BanyanError ? badMessage(error.message, error) : error
  }
}

function toReport(bridge: BridgeIn, queued: number | undefined, alarms: readonly string[]): BridgeReport {
  const { state, connected, lastError, taken, repeated, parked, replayed } = bridge.status()
  const away = lastError === undefined ? 'starting' : 'failing'
  return {
    state: state === 'working' && !connected ? away : state,
    counters: { taken, repeated, parked, replayed },
    alarms,
    detail: { connected },
    ...(queued === undefined ? {} : { lag: { count: queued, unit: 'messages' as const } }),
    ...(lastError === undefined ? {} : { lastError }),
  }
}
