/**
 * A service's subscriptions, gathered into consumers. All subscriptions of a service on one producer form one group, so
 * that events of one key keep their order over all their types; `group:` sets a subscription apart.
 */
import type { Bus, LoggedEvent } from '../bus/bus.ts'
import { type Consumer, createConsumer } from '../bus/consumer.ts'
import { type DeliveryPolicy, isTerminal } from '../bus/delivery-policy.ts'
import { upcastMajors } from '../contract/upcast.ts'
import { BanyanError } from '../core/error.ts'
import type { Store } from '../store/store.ts'
import { compileDelivery, type Delivery, isUnusable } from './delivery.ts'
import type { ServiceRuntime } from './service-runtime.ts'
import type { EventShape, SubscriptionShape } from './shapes.ts'
import { toPolicy } from './subscription-policy.ts'

interface Group {
  readonly group: string
  readonly source: string
  readonly subscriptions: SubscriptionShape[]
}

function toGroups(service: ServiceRuntime): readonly Group[] {
  const groups = new Map<string, Group>()
  for (const subscription of service.subscriptions) {
    const group = subscription.options.group ?? service.name
    const source = subscription.event.contract
    const found = groups.get(`${group} ${source}`) ?? { group, source, subscriptions: [] }
    found.subscriptions.push(subscription)
    groups.set(`${group} ${source}`, found)
  }
  return [...groups.values()]
}

/** The types in the log that an event stands for: its own, and the older ones that it knows to bring up to date. */
export function typesOf({ contract, name, wire, upcast }: EventShape): readonly string[] {
  return [wire, ...upcastMajors(upcast).map((major) => `${contract}.${name}.v${major}`)]
}

/** What the consumers of a service take, one for one and in their order. */
export function subscribedTypes(service: ServiceRuntime): readonly ReadonlySet<string>[] {
  return toGroups(service).map(({ subscriptions }) => new Set(subscriptions.flatMap(({ event }) => typesOf(event))))
}

function subscribedTwice(service: string, type: string, group: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `'${service}' subscribes to '${type}' twice in group '${group}'`, {
    reason: 'DUPLICATE_SUBSCRIPTION',
    hint: 'A version that another subscription upcasts needs no subscription of its own, or one in another group.',
  })
}

const largest = (values: readonly (number | undefined)[]): number | undefined => {
  const given = values.filter((value) => value !== undefined)
  return given.length === 0 ? undefined : Math.max(...given)
}

function noDatabase(service: string, source: string): BanyanError {
  const message = `'${service}' subscribes to '${source}' but has no database to mark what it has applied`
  return new BanyanError('FAILED_PRECONDITION', message, {
    reason: 'NO_DATABASE',
    hint: "Add 'database: defineDatabase(…)' to defineService.",
  })
}

interface Subscribed {
  readonly delivery: Delivery
  readonly policy: DeliveryPolicy
}

/** By event type, older versions included. */
function compileGroup(service: ServiceRuntime, store: Store, { group, subscriptions }: Group): Map<string, Subscribed> {
  const types = new Map<string, Subscribed>()
  for (const subscription of subscriptions) {
    const delivery = compileDelivery(service, store, subscription)
    const policy = toPolicy(subscription.options)
    for (const type of typesOf(subscription.event)) {
      if (types.has(type)) throw subscribedTwice(service.name, type, group)
      types.set(type, { delivery, policy })
    }
  }
  return types
}

/** Creates the consumers of a service; nothing runs until each is started. */
export function createConsumers(service: ServiceRuntime, bus: Bus, holder: string): readonly Consumer[] {
  const { store, environment, log } = service
  return toGroups(service).map((one) => {
    const { group, source, subscriptions } = one
    if (store === undefined) throw noDatabase(service.name, source)
    const types = compileGroup(service, store, one)
    const of = (type: string): Subscribed => types.get(type) as Subscribed
    const concurrency = largest(subscriptions.map((subscription) => subscription.options.concurrency))
    return createConsumer({
      environment,
      group,
      source,
      inbox: store.inbox,
      bus,
      holder,
      subscriptions: types,
      handle: (event, ...rest) => of(event.type).delivery.one(event, ...rest),
      handleBatch: (events, ...rest) => of((events[0] as LoggedEvent).type).delivery.batch(events, ...rest),
      policyOf: (type) => types.get(type)?.policy,
      isTerminal: (error) => isTerminal(error) || isUnusable(error),
      log,
      ...(concurrency === undefined ? {} : { concurrency }),
    })
  })
}
