/** What the traps of ports are played with: a log to append to, consumers naive and real, and a bus that loses its hints. */
import type { Bus } from '../../bus/bus.ts'
import { type Consumer, createConsumer } from '../../bus/consumer.ts'
import type { ConsumerOptions } from '../../bus/consumer-options.ts'
import type { Environment } from '../../core/environment/environment.ts'
import type { NewEvent } from '../../store/outbox.ts'
import { consumeNaively, type NaiveFailure } from '../traps/naive-consumer.ts'
import type { OpenedStore } from './open.ts'
import { labels, present } from './sample.ts'

/** A consumer's store, a log, and the time they live in. */
export interface OpenedTraps extends OpenedStore {
  readonly bus: Bus
  readonly environment: Environment
  /** Waits, in the environment's time, until it is so; throws after a bound. */
  until(what: () => Promise<boolean>): Promise<void>
}

export const leaseMs = 10_000
export const source = 'sample'

export interface TrapRig {
  /** Appends to the log as a relay does. */
  appendAll(...events: readonly NewEvent[]): Promise<void>
  /** What a naive consumer got done of the whole log. */
  runNaively(onFailure: NaiveFailure, handle: (label: string) => Promise<void>): Promise<string[]>
  /** A real one, impatient. */
  startConsumer(handle: ConsumerOptions['handle'], given?: Partial<ConsumerOptions>): Consumer
}

export function createTrapRig(opened: OpenedTraps): TrapRig {
  const { bus, store, environment } = opened
  return {
    async appendAll(...events) {
      const lease = present(await bus.lease(source, 'relay#1', leaseMs))
      await bus.append(lease, events, { cluster: 'c', previous: '1', current: '9', lastId: '1' })
      await bus.release(lease)
    },
    async runNaively(onFailure, handle) {
      const done: string[] = []
      const apply = async (event: NewEvent): Promise<void> => {
        const [label = ''] = labels([event])
        await handle(label)
        done.push(label)
      }
      await consumeNaively(bus, source, 0, apply, onFailure)
      return done
    },
    startConsumer(handle, given = {}) {
      const consumer = createConsumer({
        environment,
        group: 'g',
        source,
        inbox: store.inbox,
        bus,
        holder: 'host-9#1',
        subscriptions: new Set(['sample.happened.v1']),
        handle,
        retry: { maxAttempts: 2, firstMs: 1 },
        idlePollMs: 20,
        replayPollMs: 20,
        ...given,
      })
      consumer.start()
      return consumer
    },
  }
}

/** A bus whose hints go astray. */
export function withoutWaking(bus: Bus): Bus {
  return new Proxy(bus, {
    get(target, name) {
      if (name === 'onAppend') return () => () => undefined
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
