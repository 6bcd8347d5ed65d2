/** `toRabbit`: the events of a service, out of the log, as messages to an exchange. */
import type { Bus } from 'banyan/bus'
import type { AnyEvent } from 'banyan/contract'
import { BanyanError, sleep } from 'banyan/core'
import {
  type Bridge,
  type BridgeHost,
  type BridgeReport,
  type BridgeSetting,
  defineBridge,
  type RunningBridge,
} from 'banyan/runtime'
import { actOnParked, groupOf, inboxActions, urlFaults } from './bridge-parts.ts'
import { createRabbitBridgeOut, type RabbitBridgeOut, type RabbitBridgeOutOptions } from './out/bridge-out.ts'
import { createParkedAlarm } from './parked-alarm.ts'

/** What {@link toRabbit} takes. */
export interface ToRabbitOptions
  extends Pick<RabbitBridgeOutOptions, 'declare' | 'routingKey' | 'mode' | 'mandatory' | 'startAt' | 'concurrency'> {
  /** Unique among the service's bridges; its place in the log is kept under it. */
  readonly name: string
  /** `amqp://user:password@host:5672/vhost` (`amqps://` for TLS), or a function that knows it. */
  readonly url: BridgeSetting
  /** A durable topic exchange; made when it is not there, unless `declare` is false. */
  readonly exchange: string
  /** Events of the service that are sent. Default: all. */
  readonly events?: readonly AnyEvent[]
}

/**
 * A bridge that sends the events of the service it is listed in to an exchange: in order per key, at least once, each under its
 * event's id as message id. What can never be sent is parked; it can be asked to `replay` or to `skip` what is parked.
 *
 * Errors: INVALID_ARGUMENT `INVALID_BRIDGE`.
 *
 * @example
 * const partners = toRabbit({ name: 'partners', url: () => process.env['RABBIT_URL'], exchange: 'shop' })
 * partners.direction // 'out'
 */
export function toRabbit(options: ToRabbitOptions): Bridge {
  const { url, name, events, ...given } = options
  const group = groupOf(name)
  const types = events?.map(({ wire }) => wire)
  return defineBridge({
    name,
    kind: 'rabbitmq',
    direction: 'out',
    settings: { url },
    actions: inboxActions,
    inbox: (service) => ({ group, source: service }),
    ...(types === undefined ? {} : { types }),
    faults: (place) => [
      ...(given.exchange === '' ? ["the option 'exchange' is empty"] : []),
      ...foreignFaults(events ?? [], place.service),
      ...urlFaults(place),
    ],
    open: async (host) => openOut({ ...given, ...(types === undefined ? {} : { types }) }, group, host),
    act: (host, request) => actOnParked(host, { group, source: host.service }, request),
  })
}

function foreignFaults(events: readonly AnyEvent[], service: string): readonly string[] {
  return events
    .filter(({ contract }) => contract !== service)
    .map(({ wire }) => `the option 'events' names ${wire}, which is no event of '${service}'`)
}

type Given = Omit<ToRabbitOptions, 'url' | 'name' | 'events'> & Pick<RabbitBridgeOutOptions, 'types'>

/** Of the time to stop, the part for sending what is in the log already. */
const drainShare = 0.5
const drainPollMs = 20

function openOut(given: Given, group: string, host: BridgeHost): RunningBridge {
  const { environment, store, holder, log, service: source, bus } = host
  if (bus === undefined) throw new BanyanError('FAILED_PRECONDITION', 'this host has no bus', { reason: 'NO_BUS' })
  const place = { environment, store, holder, log, group, source, bus, url: () => host.setting('url') }
  const bridge = createRabbitBridgeOut({ ...given, ...place })
  bridge.start()
  const alarms = createParkedAlarm(store.inbox, { group, source, what: 'events are' }, environment.clock)
  return {
    // Whatever happens to broker, log and database, it waits for them itself.
    ended: new Promise(() => undefined),
    async stop(withinMs) {
      await drain(bridge, bus, host, withinMs * drainShare)
      await bridge.stop(withinMs * (1 - drainShare))
    },
    report: async () => toReport(bridge, await bus.end(source), await alarms()),
    lowWater() {
      const { state, cursor } = bridge.status().consumer
      return state === 'assigned' ? cursor : undefined
    },
  }
}

/** What the relays have flushed is sent as well, if it can be: nobody has to wait for the next start then. */
async function drain(
  bridge: RabbitBridgeOut,
  bus: Bus,
  { environment, service }: BridgeHost,
  withinMs: number,
): Promise<void> {
  const { clock, timers } = environment
  const untilMs = clock.monotonic() + withinMs
  const end = await bus.end(service).catch(() => 0)
  const isBehind = (): boolean => {
    const { connected, consumer } = bridge.status()
    return connected && consumer.state === 'assigned' && consumer.cursor < end
  }
  while (isBehind() && clock.monotonic() < untilMs) await sleep(timers, drainPollMs)
}

function toReport(bridge: RabbitBridgeOut, end: number, alarms: readonly string[]): BridgeReport {
  const { consumer, connected, confirmed, lastError = consumer.lastError } = bridge.status()
  const { applied, failed, parked, replayed, cursor } = consumer
  const away = lastError === undefined ? 'starting' : 'failing'
  const working = connected ? 'working' : away
  return {
    state: consumer.state === 'assigned' ? working : consumer.state,
    counters: { confirmed, applied, failed, parked, replayed },
    alarms,
    detail: { connected, cursor, end },
    ...(consumer.state === 'assigned' ? { lag: { count: Math.max(0, end - cursor), unit: 'events' as const } } : {}),
    ...(lastError === undefined ? {} : { lastError }),
  }
}
