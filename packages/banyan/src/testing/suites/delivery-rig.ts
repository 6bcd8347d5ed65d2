/**
 * A producer, a log and a consumer's database, with a ledger: an effect is an event that the handler's transaction publishes to
 * the consumer's own outbox, so it is there if and only if that transaction committed.
 */
import type { Bus, LoggedEvent } from '../../bus/bus.ts'
import { type Consumer, createConsumer } from '../../bus/consumer.ts'
import type { ConsumerOptions } from '../../bus/consumer-options.ts'
import { createMemoryBus } from '../../bus/memory/memory-bus.ts'
import { createRelay, type Relay } from '../../bus/relay.ts'
import type { RelayOptions } from '../../bus/relay-options.ts'
import { sleep } from '../../core/environment/timers.ts'
import { createVirtualEnvironment, type VirtualEnvironment } from '../../core/environment/virtual/index.ts'
import { createMemoryStore } from '../../store/memory/memory-store.ts'
import type { Store } from '../../store/store.ts'
import { createFaultyHost, type FaultyHost } from './faulty-host.ts'
import { labels, readAll, sampleEvent } from './sample.ts'

/** What a handler does inside its transaction, before its effect. */
export type Behaviour = (event: LoggedEvent, attempt: number, signal: AbortSignal) => Promise<void>

export interface DeliveryRig {
  readonly environment: VirtualEnvironment
  readonly producer: Store
  readonly consumer: Store
  readonly bus: Bus
  /** Commits events, one transaction each, `key:label`. */
  publish(...all: string[]): Promise<void>
  /** Effects that committed, in order. */
  ledger(): Promise<string[]>
  logged(): Promise<string[]>
  relay(host?: FaultyHost, options?: Partial<RelayOptions>): Relay
  consume(behaviour?: Behaviour, options?: Partial<ConsumerOptions>, host?: FaultyHost): Consumer
  /** Lets time pass, poll by poll, until it is so; throws after `limitMs` of virtual time. */
  until(what: () => boolean | Promise<boolean>, limitMs?: number): Promise<void>
}

export function createDeliveryRig(seed = 1): DeliveryRig {
  const environment = createVirtualEnvironment({ seed })
  const producer = createMemoryStore({ environment, service: 'producer' })
  const consumer = createMemoryStore({ environment, service: 'consumer' })
  const bus = createMemoryBus({ environment })
  const noFaults = createFaultyHost(environment)

  async function until(what: () => boolean | Promise<boolean>, limitMs = 600_000): Promise<void> {
    const endMs = environment.clock.monotonic() + limitMs
    while (!(await what())) {
      if (environment.clock.monotonic() > endMs) throw new Error(`not so after ${limitMs} ms of virtual time`)
      await sleep(environment.timers, 10)
    }
  }

  return {
    environment,
    producer,
    consumer,
    bus,
    async publish(...all) {
      for (const label of all) {
        const key = label.split(':')[0] as string
        await producer.transact(async (tx) => tx.publish(sampleEvent(label, key)))
      }
    },
    ledger: async () => labels((await readAll(consumer.outbox)).events),
    logged: async () => labels(await bus.read('producer', 0, 1_000_000)),
    relay(host = noFaults, options = {}) {
      const holder = environment.random.uuidv7()
      const ports = { outbox: host.wrap(producer.outbox), bus: host.wrap(bus) }
      return createRelay({ environment, source: 'producer', holder, ...ports, ...options })
    },
    consume(behaviour = async () => undefined, options = {}, host = noFaults) {
      const store = host.wrap(consumer)
      const ports = { inbox: host.wrap(consumer.inbox), bus: host.wrap(bus) }
      return createConsumer({
        environment,
        group: 'consumer',
        source: 'producer',
        holder: environment.random.uuidv7(),
        ...ports,
        subscriptions: new Set(['sample.happened.v1']),
        handle: async (event, attempt, delivery, signal) =>
          store.transact(
            async (tx) => {
              await behaviour(event, attempt, signal)
              tx.publish(sampleEvent(labels([event])[0] as string, event.key))
            },
            { delivery, signal },
          ),
        ...options,
      })
    },
    until: async (what, limitMs) => environment.run(until(what, limitMs)),
  }
}

/** A rig with these events in its log already. */
export async function createLoggedRig(...all: string[]): Promise<DeliveryRig> {
  const rig = createDeliveryRig()
  await rig.publish(...all)
  const relay = rig.relay()
  relay.start()
  await rig.environment.run(relay.stop())
  return rig
}

/** So many labels, round robin over keys k0, k1 … */
export function many(count: number, keys = 5): string[] {
  return Array.from({ length: count }, (_, index) => `k${index % keys}:${index}`)
}
