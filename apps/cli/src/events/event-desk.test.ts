// The desk over a log into which others than relays have written: they are shown as dead letters and counted, and judge nobody.
import { type Bus, createConsumer, createMemoryBus, createRelay, foreignGroup } from 'banyan/bus'
import { createVirtualEnvironment } from 'banyan/core'
import { createMemoryStore, type NewEvent, type Store } from 'banyan/store'
import { expect, it } from 'vitest'
import { createEventDesk } from './event-desk.ts'

const type = 'orders.placed.v1'

it('shows readers and findings, and what others wrote as dead letters of the source alone', async () => {
  const environment = createVirtualEnvironment()
  const stores = new Map<string, Store>(
    ['orders', 'billing'].map((service) => [service, createMemoryStore({ environment, service })]),
  )
  const [orders, billing] = [stores.get('orders') as Store, stores.get('billing') as Store]
  const bus: Bus = createMemoryBus({ environment })
  const event = (label: string): NewEvent => {
    const id = environment.random.uuidv7()
    return { id, type, key: label, envelope: JSON.stringify({ specversion: '1.0', id, data: { label } }) }
  }
  const shared = { environment, source: 'orders', bus }
  const relay = createRelay({ ...shared, outbox: orders.outbox, holder: 'a#1' })
  const consumer = createConsumer({
    ...shared,
    group: 'billing',
    inbox: billing.inbox,
    holder: 'b#1',
    subscriptions: new Set([type]),
    handle: (_event, _attempt, delivery, signal) => billing.transact(async () => undefined, { delivery, signal }),
  })
  relay.start()
  consumer.start()
  for (const label of ['1', '2', '3']) await orders.transact(async (tx) => tx.publish(event(label)))
  await environment.advance(5_000)
  // A message of the type that billing takes, which the host of orders found to be none of its events.
  const held = await orders.inbox.claim(foreignGroup, 'orders', 'h#1', 60_000, 0)
  if (held === undefined) throw new Error('the assignment is taken')
  const [second] = await bus.read('orders', 1, 1)
  const mark = {
    group: foreignGroup,
    source: 'orders',
    epoch: held.epoch,
    eventId: second?.id ?? '',
    offset: 2,
    key: '2',
  }
  await orders.inbox.park(mark, { type, envelope: 'no JSON', attempts: 0, error: 'is a JSON text' })
  await orders.inbox.advance(held, 3)

  const desk = createEventDesk({ stores, bus, now: () => environment.clock.now() })
  expect(await desk.lag()).toEqual([
    expect.objectContaining({ service: 'billing', group: 'billing', behind: 0, end: 3 }),
  ])
  expect(await desk.audit()).toEqual([
    expect.objectContaining({ audited: 'source orders', counted: 3, foreign: 0, missing: 0, duplicated: 0 }),
    expect.objectContaining({ audited: 'group billing on orders (billing)', checked: 3, unmarked: 0 }),
  ])
  expect(await desk.dead({})).toEqual([
    expect.objectContaining({ service: 'orders', group: foreignGroup, error: 'is a JSON text', events: 1 }),
  ])
  await environment.run(Promise.all([relay.stop(), consumer.stop()]))
})
