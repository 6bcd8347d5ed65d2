// What others than a relay write into the log of a service: each kind of it ends somewhere with a reason, and nothing stops.
import { expect, it } from 'vitest'
import type { Bus, RelayLease } from '../bus/bus.ts'
import { toNewEvent } from '../bus/envelope.ts'
import { foreignGroup } from '../bus/foreign.ts'
import { createMemoryBus } from '../bus/memory/memory-bus.ts'
import { command, defineContract, event, t } from '../contract/index.ts'
import { createVirtualEnvironment, type VirtualEnvironment } from '../core/environment/virtual/index.ts'
import { defineDatabase } from '../store/define-database.ts'
import { createMemoryStore } from '../store/memory/memory-store.ts'
import type { NewEvent, OutboxCursor } from '../store/outbox.ts'
import type { Store } from '../store/store.ts'
import { silentLog } from '../telemetry/log.ts'
import { present } from '../testing/suites/sample.ts'
import { defineService } from './define-service.ts'
import { defineSystem, service } from './define-system.ts'
import { createHost } from './host.ts'

const database = defineDatabase<Record<never, never>>({ migrations: new URL('./none/', import.meta.url) })
const data = t.Object({ id: t.String() })
const Orders = defineContract('orders', {
  version: '1.0.0',
  owner: 'x',
  operations: { place: command({ input: data, output: t.Object({}) }) },
  events: { placed: event({ key: 'id', data }), unheard: event({ key: 'id', data }) },
})
const orders = defineService(Orders, {
  database,
  operations: {
    place: ({ id }, ctx) =>
      ctx.transact(async (tx) => {
        tx.publish(Orders.events.placed, { id })
        return {}
      }),
  },
})
const Billing = defineContract('billing', { version: '1.0.0', owner: 'x', operations: {}, events: {} })
const heard: string[] = []
const billing = defineService(Billing, {
  database,
  operations: {},
  on: (on) => [on(Orders.events.placed, async ({ data: { id } }) => void heard.push(id))],
})
const services = [service(Orders, async () => ({ orders })), service(Billing, async () => ({ billing }))]

/** A log in memory into which others can write as well. */
function createOpenBus(environment: VirtualEnvironment): Bus & { write(event: NewEvent): Promise<void> } {
  const bus = createMemoryBus({ environment })
  const keeping = present(bus.keeping)
  const foreign = new Set<string>()
  let relay: { readonly lease: RelayLease; readonly cursor: OutboxCursor } | undefined
  return {
    ...bus,
    async append(lease, events, cursor) {
      await bus.append(lease, events, cursor)
      if (lease.source === 'orders') relay = { lease, cursor }
    },
    keeping: {
      ...keeping,
      entries: async (...asked) =>
        (await keeping.entries(...asked)).map((entry) => ({ ...entry, foreign: foreign.has(entry.id) })),
      source: async (name) => {
        const facts = await keeping.source(name)
        return facts && { ...facts, foreign: foreign.size }
      },
      async foreign(source, after, limit) {
        const all = await bus.read(source, after, limit)
        return { events: all.filter(({ id }) => foreign.has(id)), to: all.at(-1)?.offset ?? after }
      },
    },
    async write(written) {
      foreign.add(written.id)
      const { lease, cursor } = present(relay)
      await bus.append(lease, [written], cursor)
    },
  }
}

it('parks what is no event of the contract with a reason, wherever it came from, and goes on', async () => {
  heard.length = 0
  const environment = createVirtualEnvironment()
  const bus = createOpenBus(environment)
  const stores = new Map<string, Store>()
  const openStore = async (name: string): Promise<Store> => {
    const store = stores.get(name) ?? createMemoryStore({ environment, service: name })
    stores.set(name, store)
    return store
  }
  const system = defineSystem({ name: 'shop', services })
  const host = createHost({
    system,
    services: ['orders', 'billing'],
    environment,
    openStore,
    bus,
    log: silentLog,
  })
  await Promise.all(services.map((entry) => entry.load()))
  await environment.run(host.start())
  const place = (id: string): Promise<unknown> =>
    environment.run(host.invoke(Orders.place, { id }, { caller: 'anonymous' }))
  await place('o-1')
  await environment.advance(2_000)

  const facts = { system: 'elsewhere', service: 'orders', key: 'k', timeMs: environment.clock.now() }
  const made = (type: string, given: unknown): NewEvent =>
    toNewEvent({ ...facts, id: environment.random.uuidv7(), type, data: given })
  const placed = 'orders.placed.v1'
  const written: readonly NewEvent[] = [
    made(placed, { id: 'from outside' }),
    made('orders.plcaed.v1', { id: 'x' }),
    made('orders.unheard.v1', { id: 'nobody subscribes' }),
    made('orders.unheard.v1', { no: 'id' }),
    { ...made(placed, {}), key: 'k2', envelope: 'no JSON' },
    { ...made(placed, { id: 7 }), key: 'k3' },
    { ...made('orders.unheard.v1', {}), envelope: JSON.stringify({ specversion: '1.0', data: 'x'.repeat(300_000) }) },
  ]
  for (const one of written) await environment.run(bus.write(one))
  await place('o-2')
  await environment.advance(3 * 60_000)

  expect(heard.toSorted()).toEqual(['from outside', 'o-1', 'o-2'])
  const parkedIn = async (name: string): Promise<string[]> =>
    (await present(stores.get(name)).inbox.parked(100)).map(({ group, type, error }) => `${group}: ${type}: ${error}`)
  expect(await parkedIn('orders')).toEqual([
    expect.stringMatching(/^\(log\): orders\.plcaed\.v1: UNKNOWN_TYPE: the contract of 'orders' has no event/),
    expect.stringMatching(/^\(log\): orders\.unheard\.v1: .*id/),
    expect.stringMatching(/^\(log\): orders\.placed\.v1: .*JSON text/),
    expect.stringMatching(/^\(log\): orders\.placed\.v1: .*/),
    expect.stringMatching(/^\(log\): orders\.unheard\.v1: .*over|.*bytes/),
  ])
  // Who subscribes has what concerns it as well: the key waits.
  expect(await parkedIn('billing')).toEqual([
    expect.stringMatching(/^billing: orders\.placed\.v1: .*JSON text/),
    expect.stringMatching(/^billing: orders\.placed\.v1: .*/),
  ])
  expect(host.status().log).toMatchObject({ foreignParked: 5, errors: 0 })
  expect(host.status().log?.readers).toContainEqual(expect.objectContaining({ group: foreignGroup, source: 'orders' }))
  await environment.run(host.stop())
})
