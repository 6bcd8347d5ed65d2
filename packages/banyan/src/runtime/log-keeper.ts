/** The keeper of the log on a host: what it relays, what it consumes, and the retention that its contracts ask for. */
import type { Consumer } from '../bus/consumer.ts'
import type { LogKeeping, RetentionRule } from '../bus/keeping.ts'
import { createLogKeeper, type KeptGroup, type KeptSource, type LogKeeper } from '../bus/log-keeper.ts'
import type { Relay } from '../bus/relay.ts'
import type { BridgeRunner } from './bridge-runner.ts'
import { bridgeGroups } from './bridges.ts'
import { createForeignWatch } from './foreign-watch.ts'
import type { ServiceRuntime } from './service-runtime.ts'
import { subscribedTypes, typesOf } from './subscriptions.ts'

/** Undefined on a host without services. Relays and consumers are those of the services, in their order. */
export function createHostLogKeeper(
  keeping: LogKeeping,
  services: readonly ServiceRuntime[],
  relays: readonly Relay[],
  consumers: readonly Consumer[],
  bridges: readonly BridgeRunner[] = [],
): LogKeeper | undefined {
  const [first] = services
  if (first === undefined) return undefined
  return createLogKeeper({
    environment: first.environment,
    keeping,
    sources: toSources(services, relays),
    groups: [...toGroups(services, consumers), ...bridgeGroups(services, bridges)],
    rules: services.flatMap(rulesOf),
    types: new Map(services.map((one) => [one.name, allTypesOf(one)])),
    log: first.log,
  })
}

function toSources(services: readonly ServiceRuntime[], relays: readonly Relay[]): readonly KeptSource[] {
  const stored = services.flatMap((service) => {
    const { name, store } = service
    if (store === undefined) return []
    return [{ source: name, outbox: store.outbox, foreign: createForeignWatch(service, store) }]
  })
  return stored.map((one, index) => ({ ...one, isOurs: () => relays[index]?.status().state === 'leading' }))
}

function toGroups(services: readonly ServiceRuntime[], consumers: readonly Consumer[]): readonly KeptGroup[] {
  const taken = services.flatMap((service) => subscribedTypes(service).map((types) => ({ service, types })))
  return consumers.flatMap((consumer, index) => {
    const { source, group } = consumer.status()
    const { service, types } = taken[index] ?? {}
    if (service?.store === undefined || types === undefined) return []
    const lowWater = (): number | undefined => {
      const { state, cursor } = consumer.status()
      return state === 'assigned' ? cursor : undefined
    }
    return [{ source, group, types, inbox: service.store.inbox, lowWater }]
  })
}

function allTypesOf({ definition }: ServiceRuntime): ReadonlySet<string> {
  return new Set(Object.values(definition.contract.events).flatMap(typesOf))
}

/** Of the versions that an event brings up to date as well: their events lie in the same log. */
function rulesOf({ name, definition }: ServiceRuntime): readonly RetentionRule[] {
  return Object.values(definition.contract.events).flatMap((event) =>
    event.retention === undefined ? [] : typesOf(event).map((type) => ({ source: name, type, ...event.retention })),
  )
}
