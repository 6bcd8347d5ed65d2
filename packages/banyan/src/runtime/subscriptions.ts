/**
 * A service's subscriptions, gathered into consumers. All subscriptions of a service on one producer form one group, so
 * that events of one key keep their order over all their types; `group:` sets a subscription apart.
 */
import type { Bus } from '../bus/bus.ts'
import { type Consumer, createConsumer } from '../bus/consumer.ts'
import { upcastMajors } from '../contract/upcast.ts'
import { BanyanError } from '../core/error.ts'
import { compileDelivery, type Deliver, isTerminal } from './delivery.ts'
import type { ServiceRuntime } from './service-runtime.ts'
import type { EventShape, SubscriptionShape } from './shapes.ts'

interface Group {
  readonly group: string
  readonly source: string
  readonly subscriptions: SubscriptionShape[]
}

function toGroups(service: ServiceRuntime): readonly Group[] {
  const groups = new Map<string, Group>()
  for (const subscription of service.definition.subscriptions) {
    const group = subscription.options.group ?? service.name
    const source = subscription.event.contract
    const found = groups.get(`${group} ${source}`) ?? { group, source, subscriptions: [] }
    found.subscriptions.push(subscription)
    groups.set(`${group} ${source}`, found)
  }
  return [...groups.values()]
}

/** The types in the log that a subscription takes: the event's own, and the older ones that it knows to bring up to date. */
function typesOf({ contract, name, wire, upcast }: EventShape): readonly string[] {
  return [wire, ...upcastMajors(upcast).map((major) => `${contract}.${name}.v${major}`)]
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

/** Creates the consumers of a service; nothing runs until each is started. */
export function createConsumers(service: ServiceRuntime, bus: Bus, holder: string): readonly Consumer[] {
  const { store, environment, log } = service
  return toGroups(service).map(({ group, source, subscriptions }) => {
    if (store === undefined)
      throw new BanyanError(
        'FAILED_PRECONDITION',
        `'${service.name}' subscribes to '${source}' but has no database to mark what it has applied`,
        {
          reason: 'NO_DATABASE',
          hint: "Add 'database: defineDatabase(…)' to defineService.",
        },
      )
    const deliveries = new Map<string, Deliver>()
    for (const subscription of subscriptions) {
      const deliver = compileDelivery(service, store, subscription)
      for (const type of typesOf(subscription.event)) {
        if (deliveries.has(type)) throw subscribedTwice(service.name, type, group)
        deliveries.set(type, deliver)
      }
    }
    const concurrency = largest(subscriptions.map((subscription) => subscription.options.concurrency))
    const maxAttempts = largest(subscriptions.map((subscription) => subscription.options.maxAttempts))
    return createConsumer({
      environment,
      group,
      source,
      inbox: store.inbox,
      bus,
      holder,
      subscriptions: new Set(deliveries.keys()),
      handle: (event, attempt, mark, signal) => (deliveries.get(event.type) as Deliver)(event, attempt, mark, signal),
      isTerminal,
      log,
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(maxAttempts === undefined ? {} : { retry: { maxAttempts } }),
    })
  })
}
