/**
 * A projection whose rows are in the store's own transactions, without a database: what a handler writes is an event in the
 * outbox of its transaction, so it is there if and only if that committed. For what only such projections do: catching up.
 */
import type { Bus } from '../../bus/bus.ts'
import type { Consumer } from '../../bus/consumer.ts'
import { defineContract, event, t } from '../../contract/index.ts'
import type { Environment } from '../../core/environment/environment.ts'
import { createFeed, type ProjectionHost } from '../../projection/feed.ts'
import {
  defineProjection,
  type Projection,
  type ProjectionTarget,
  type TargetDefinition,
} from '../../projection/index.ts'
import type { Passage } from '../../store/inbox.ts'
import type { NewEvent } from '../../store/outbox.ts'
import { type ProjectionVersion, projectionGroup } from '../../store/projections.ts'
import type { Store, StoreTransaction, TransactOptions } from '../../store/store.ts'
import { createDeliveryRig, type DeliveryRig, many } from './delivery-rig.ts'
import { createFaultyHost, type Faults, type FaultyHost } from './faulty-host.ts'
import { labels, readAll, sampleEvent } from './sample.ts'

// biome-ignore lint/suspicious/noExplicitAny: a test contract whose exact type nobody needs (isolatedDeclarations)
const Producer: any = defineContract('producer', {
  version: '1.0.0',
  owner: 'tests',
  operations: {},
  events: { happened: event({ key: 'key', data: t.Object({ key: t.String(), label: t.String() }) }) },
})

export interface LedgerRig extends DeliveryRig {
  readonly of: ProjectionVersion
  readonly group: string
  /** Passages that have committed, as their host knows. */
  readonly passages: Passage[]
  /** Called for each call of a feed to its store and bus. */
  onCall: () => void
  /** Called with the number of events of each attempt; throws to fail it. */
  beforeApply: (events: number) => void
  /** Events that were delivered one by one, not by passages. */
  delivered(): number
  /** The low-water mark. */
  done(): Promise<number>
  /** Puts events at the end of the log, past the outbox. */
  append(...pages: readonly (readonly NewEvent[])[]): Promise<void>
  faultyHost(faults?: Faults): FaultyHost
  /** A host that feeds the projection; it fails at the event with this label. */
  feed(host?: FaultyHost, poison?: string): Consumer
}

interface LedgerTx {
  write(labels: readonly string[]): void
}

const target: TargetDefinition<LedgerTx, object> = {
  kind: 'ledger',
  lanes: undefined,
  open: async () => createLedger(),
}

function createLedger(): ProjectionTarget<LedgerTx, object> {
  return {
    prepare: async () => undefined,
    async apply(_of, _step, store, work) {
      const written: string[] = []
      await work({ write: (all) => void written.push(...all) }, 0)
      ;(store as StoreTransaction).publish(sampleEvent(written.join(' ')))
    },
    view: () => ({}),
    destroy: async () => undefined,
    close: async () => undefined,
  }
}

/** Writes what it is given; `before` throws to fail it. */
function define(before: (labels: readonly string[]) => void): Projection {
  return defineProjection<LedgerTx, object, string>('ledger', {
    version: 1,
    target,
    on: (on) => [
      on.batch(Producer.events.happened, (given: readonly unknown[], tx) => {
        const all = given.map((one) => (one as { data: { label: string } }).data.label)
        before(all)
        tx.write(all)
      }),
    ],
  })
}

function toHost(environment: Environment, store: Store, bus: Bus): ProjectionHost {
  return {
    environment,
    service: 'consumer',
    store,
    bus,
    holder: environment.random.uuidv7(),
    log: { info: () => undefined, warn: () => undefined },
    typesOf: () => ['sample.happened.v1'],
    opener: (of) => (logged) => {
      const { subject, data } = JSON.parse(logged.envelope) as { subject: string; data: unknown }
      return { id: logged.id, type: of.wire, source: logged.source, key: subject, timeMs: 0, data }
    },
    isTerminal: () => false,
    call: () => Promise.reject(new Error('nobody to call')),
  }
}

/** A rig whose log has so many events, over five keys; the version is registered. */
export async function createLedgerRig(events: number, seed = 1): Promise<LedgerRig> {
  const rig = createDeliveryRig(seed)
  const { environment, bus, consumer } = rig
  const passages: Passage[] = []
  let delivered = 0
  const of = { name: 'ledger', version: 1 }

  function watched(store: Store): Store['transact'] {
    return async (work, options: TransactOptions = {}) => {
      const result = await store.transact(work, options)
      if (options.passage !== undefined) passages.push(options.passage)
      if (options.delivery !== undefined) delivered += 'eventId' in options.delivery ? 1 : options.delivery.length
      return result
    }
  }
  async function append(...pages: readonly (readonly NewEvent[])[]): Promise<void> {
    const lease = await bus.lease('producer', environment.random.uuidv7(), 1_000_000)
    if (lease === undefined) throw new Error('somebody else has the lease')
    const { cursor } = await rig.producer.outbox.read(undefined, 1)
    for (const page of pages) await bus.append(lease, page, cursor)
    await bus.release(lease)
  }

  const made: LedgerRig = {
    ...rig,
    of,
    group: projectionGroup(of),
    passages,
    onCall: () => undefined,
    beforeApply: () => undefined,
    delivered: () => delivered,
    append,
    done: async () => (await consumer.projections.progress(of))[0]?.done ?? 0,
    publish: (...all) => append(all.map((label) => sampleEvent(label, label.split(':')[0] as string))),
    ledger: async () => labels((await readAll(consumer.outbox)).events).flatMap((text) => text.split(' ')),
    faultyHost: (faults) => createFaultyHost(environment, faults),
    feed(host = createFaultyHost(environment), poison) {
      const tap = <Port extends object>(port: Port): Port => tapped(host.wrap(port), () => made.onCall())
      const store = new Proxy(tap(consumer), {
        get: (whole, name) => Reflect.get({ ...ports, transact: watched(whole) }, name) ?? Reflect.get(whole, name),
      })
      const ports = { inbox: tap(consumer.inbox), projections: tap(consumer.projections) }
      const projection = define((all) => {
        made.beforeApply(all.length)
        if (poison !== undefined && all.includes(poison)) throw new Error('poison')
      })
      const parts = toHost(environment, store, tap<Bus>(bus))
      const [feed] = createFeed(parts, projection, createLedger() as never, () => undefined) as [Consumer]
      feed.start()
      return feed
    },
  }
  await consumer.projections.register(of, 'ledger')
  const all = many(events)
  for (let from = 0; from < all.length; from += 1_000) await made.publish(...all.slice(from, from + 1_000))
  return made
}

/** The port; the listener is told of each call before it is made. */
function tapped<Port extends object>(port: Port, listener: () => void): Port {
  return new Proxy(port, {
    get(whole, name) {
      const member = Reflect.get(whole, name) as unknown
      if (typeof member !== 'function' || String(name).startsWith('on')) return member
      return (...given: unknown[]) => {
        listener()
        return (member as (...given: unknown[]) => unknown).apply(whole, given)
      }
    },
  })
}
