// The bridges as descriptions, and what hosts refuse of them.
import { defineContract, event, t } from 'banyan/contract'
import { createVirtualEnvironment } from 'banyan/core'
import type { Bridge, BridgeHost } from 'banyan/runtime'
import { type BridgeRequest, createMemoryStore } from 'banyan/store'
import { expect, test } from 'vitest'
import { fromRabbit, toRabbit } from './index.ts'

const Orders = defineContract('orders', {
  version: '1.0.0',
  owner: 'x',
  operations: {},
  events: { placed: event({ key: 'id', data: t.Object({ id: t.String() }) }) },
})
const Other = defineContract('other', {
  version: '1.0.0',
  owner: 'x',
  operations: {},
  events: { done: event({ key: 'id', data: t.Object({ id: t.String() }) }) },
})
const placeOf = (url: string) => ({ system: 'shop', service: 'orders', contract: Orders, settings: { url } })
const good = 'amqps://u:p@h/v'

test('both are frozen data that open nothing and name where their books are', () => {
  const legacy = fromRabbit({ name: 'legacy', url: 'amqp://u:secret@h', queue: 'q' })
  const partners = toRabbit({ name: 'partners', url: () => good, exchange: 'x', events: [Orders.events.placed] })
  expect([legacy, partners].every((bridge) => Object.isFrozen(bridge))).toBe(true)
  expect(JSON.stringify([legacy, partners])).not.toContain('secret')
  expect(legacy.inbox?.('orders')).toEqual({ group: 'bridge:legacy', source: 'rabbitmq/q' })
  expect(partners.inbox?.('orders')).toEqual({ group: 'bridge:partners', source: 'orders' })
  expect([legacy.direction, partners.direction, partners.types]).toEqual(['in', 'out', ['orders.placed.v1']])
})

test('what is wrong in a place is said, an address is not shown', () => {
  const legacy = fromRabbit({ name: 'legacy', url: '', queue: '' })
  expect(legacy.faults(placeOf(good))).toEqual(["the option 'queue' is empty"])
  for (const url of ['http://s3cret', 'amqp://', 'amqp://h:port', 's3cret'])
    expect(legacy.faults(placeOf(url)).at(-1)).toBe("the setting 'url' must be an address like amqps://…")
  const partners = toRabbit({ name: 'partners', url: good, exchange: 'x', events: [Other.events.done] })
  expect(partners.faults(placeOf(good))).toEqual([
    "the option 'events' names other.done.v1, which is no event of 'orders'",
  ])
})

const rigOf = async (bridge: Bridge) => {
  const environment = createVirtualEnvironment({ seed: 1 })
  const store = createMemoryStore({ environment, service: 'orders' })
  const host = { ...placeOf(good), store } as unknown as BridgeHost
  const place = bridge.inbox?.('orders') as { group: string; source: string }
  const assignment = await store.inbox.claim(place.group, place.source, 'a#1', 60_000, 0)
  const park = (eventId: string, offset: number, error: string): Promise<void> => {
    const mark = { ...place, epoch: assignment?.epoch ?? 0, eventId, offset, key: `message ${eventId}` }
    return store.inbox.park(mark, { type: 'unknown', envelope: '{}', attempts: 1, error })
  }
  const act = (action: string, detail: object): Promise<string> => {
    const request = { id: '1', bridge: bridge.name, action, detail, by: 'ada', askedAt: '', outcome: undefined }
    return bridge.act(host, request as BridgeRequest)
  }
  return { store, place, park, act }
}

test.each([
  fromRabbit({ name: 'legacy', url: good, queue: 'q' }),
  toRabbit({ name: 'partners', url: good, exchange: 'x' }),
])('what is parked may be asked for again, or given up for a reason: $name', async (bridge) => {
  const { store, place, park, act } = await rigOf(bridge)
  await park('01890a5d-ac96-774b-bcce-b302099a8057', 1, 'no JSON')
  await park('01890a5d-ac96-774b-bcce-b302099a8058', 2, 'no JSON')
  await park('01890a5d-ac96-774b-bcce-b302099a8059', 3, 'too big')
  await expect(act('replay', {})).rejects.toMatchObject({ reason: 'NO_SELECTION' })
  expect(await act('replay', { eventId: '01890a5d-ac96-774b-bcce-b302099a8057' })).toBe('tries 1 again')
  await expect(act('skip', { all: true })).rejects.toMatchObject({ reason: 'NO_REASON' })
  const [first] = await store.inbox.deadGroups()
  expect(await act('skip', { fingerprint: first?.fingerprint, why: 'old' })).toBe('gave 2 up')
  expect((await store.inbox.parked(10)).map(({ error }) => error)).toEqual(['too big'])
  expect(await act('replay', { all: true })).toBe('tries 1 again')
  expect((await store.inbox.replays(place.group, place.source, 10)).length).toBeGreaterThan(0)
})
