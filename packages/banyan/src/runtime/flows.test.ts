/** A choreographed flow, watched: what has come, what is missing, and what is late. */
import { afterEach, expect, it } from 'vitest'
import { command, defineContract, event, t } from '../contract/index.ts'
import { defineFlow } from '../saga/define-flow.ts'
import { viewFlow } from '../saga/flow-view.ts'
import { bodyOf, noteOf } from '../saga/journal.ts'
import { defineDatabase } from '../store/define-database.ts'
import type { Store } from '../store/store.ts'
import { toExposition } from '../telemetry/metrics/exposition.ts'
import { startTestSystem, type TestSystem } from '../testing/test-system.ts'
import { defineService } from './define-service.ts'
import { defineSystem, service } from './define-system.ts'

const database = defineDatabase({ migrations: new URL('./', import.meta.url) })
const Key = t.Object({ orderId: t.String() })
const anEvent = () => event({ key: 'orderId', data: Key })
const Orders = defineContract('orders', {
  version: '1.0.0',
  owner: 'tests',
  operations: {
    place: command({ input: Key, output: t.Object({}) }),
    finish: command({ input: Key, output: t.Object({}) }),
  },
  events: { placed: anEvent(), done: anEvent() },
})
const Stock = defineContract('stock', {
  version: '1.0.0',
  owner: 'tests',
  operations: { allow: command({ input: Key, output: t.Object({}) }) },
  events: { reserved: anEvent() },
})

const expects = [
  { after: Orders.events.placed.wire, any: [Stock.events.reserved.wire], withinMs: 30_000 },
  { after: Stock.events.reserved.wire, any: [Orders.events.done.wire], withinMs: 5_000 },
]

function createSystem(isHeld: () => boolean) {
  const flow = defineFlow('checkout-flow', {
    starts: Orders.events.placed,
    key: ({ orderId }) => orderId,
    expects: [
      { after: Orders.events.placed, any: [Stock.events.reserved], withinMs: 30_000 },
      { after: Stock.events.reserved, any: [Orders.events.done], withinMs: 5_000 },
    ],
    ends: [Orders.events.done],
  })
  const stock = defineService(Stock, {
    database,
    operations: {
      allow: ({ orderId }, ctx) =>
        ctx.transact(async (tx) => {
          tx.publish(Stock.events.reserved, { orderId })
          return {}
        }),
    },
    on: (on) => [
      on(Orders.events.placed, ({ data }, ctx) =>
        ctx.transact(async (tx) => {
          if (!isHeld()) tx.publish(Stock.events.reserved, data)
        }),
      ),
    ],
  })
  const orders = defineService(Orders, {
    database,
    flows: [flow],
    operations: {
      place: (input, ctx) =>
        ctx.transact(async (tx) => {
          tx.publish(Orders.events.placed, input)
          return {}
        }),
      finish: (input, ctx) =>
        ctx.transact(async (tx) => {
          tx.publish(Orders.events.done, input)
          return {}
        }),
    },
    on: (on) => [
      on(Stock.events.reserved, ({ data }, ctx) => ctx.transact(async (tx) => tx.publish(Orders.events.done, data))),
    ],
  })
  return defineSystem({
    name: 'test',
    services: [service(Stock, async () => ({ stock })), service(Orders, async () => ({ orders }))],
  })
}

let test: TestSystem | undefined
afterEach(() => test?.stop())
const find = async (key: string) => {
  const { sagas } = (test as TestSystem).stores.get('orders') as Store
  const run = await sagas.findByKey('checkout-flow', key)
  if (run === undefined) throw new Error('not watched')
  return { run, entries: await sagas.entries(run.id, 0, 100) }
}

it('is followed to its end, with what caused what', async () => {
  test = await startTestSystem(
    createSystem(() => false),
    { shape: 'split' },
  )
  await test.call(Orders.place, { orderId: 'o-1' })
  await test.advance(5_000)
  const { run, entries } = await find('o-1')
  expect(JSON.parse(run.outcome ?? '')).toEqual({ ok: { ended: 'orders.done.v1', events: 3, late: [], missing: [] } })
  const heard = entries
    .filter(({ kind }) => kind === 'wait')
    .map((entry) => bodyOf<{ ok: { type: string; causationId: string } }>(entry).ok)
  expect(heard.map(({ type }) => type)).toEqual(['stock.reserved.v1', 'orders.done.v1'])
  expect(heard[0]?.causationId).toBe(run.startedBy.slice('event '.length))
})

it('says what is missing, since when, and goes on when it comes', async () => {
  let held = true
  test = await startTestSystem(
    createSystem(() => held),
    { shape: 'one' },
  )
  await test.call(Orders.place, { orderId: 'o-1' })
  await test.advance(5_000)
  expect(noteOf((await find('o-1')).run.note).waits).toEqual(['wait stock.reserved, expected within 30 s'])
  await test.advance(60_000)
  const { run, entries } = await find('o-1')
  expect(run.state).toBe('running')
  const { environment } = test
  const seen = viewFlow({ starts: Orders.events.placed.wire, expects }, run, entries, environment.clock.now())
  expect(seen).toMatchObject({
    late: 1,
    missing: [expect.stringMatching(/^waiting for stock\.reserved, expected within 30 s, \d+ s late$/)],
  })
  expect(seen.events.map(({ type }) => type)).toEqual(['orders.placed.v1'])
  expect(entries.filter(({ kind }) => kind === 'note').map(({ name }) => name)).toEqual(['late'])
  expect(run.note).toContain('wait late since')
  const host = test.hosts[0] as TestSystem['hosts'][number]
  expect(host.status().sagas).toMatchObject([
    { service: 'orders', stuck: 0, flows: [{ flow: 'checkout-flow', late: 1 }] },
  ])
  const metrics = toExposition(await environment.run(host.metrics()), 'openmetrics')
  expect(metrics).toContain('banyan_flow_late{service="orders",flow="checkout-flow"} 1\n')
  held = false
  await test.call(Stock.allow, { orderId: 'o-1' })
  await test.advance(5_000)
  const ended = JSON.parse((await find('o-1')).run.outcome ?? '') as { ok: { ended: string; late: string[] } }
  expect(ended.ok).toMatchObject({ ended: 'orders.done.v1', late: [expect.stringContaining('stock.reserved')] })
})

it.each([
  ['before its time', 5_000, []],
  ['after its time', 60_000, [expect.stringContaining('stock.reserved')]],
])('tells what had not come when it ended, %s', async (_, afterMs, late) => {
  test = await startTestSystem(
    createSystem(() => true),
    { shape: 'one' },
  )
  await test.call(Orders.place, { orderId: 'o-1' })
  await test.advance(afterMs)
  await test.call(Orders.finish, { orderId: 'o-1' })
  await test.advance(5_000)
  expect(JSON.parse((await find('o-1')).run.outcome ?? '')).toEqual({
    ok: {
      ended: 'orders.done.v1',
      events: 2,
      late,
      missing: ['waiting for stock.reserved, expected within 30 s'],
    },
  })
})

it('waits a little for its beginning, when what follows comes by a source that is quicker', async () => {
  test = await startTestSystem(
    createSystem(() => true),
    { shape: 'split' },
  )
  await test.call(Stock.allow, { orderId: 'o-1' })
  await test.advance(300)
  await test.call(Orders.place, { orderId: 'o-1' })
  await test.advance(5_000)
  const waits = (await find('o-1')).entries.filter(({ kind }) => kind === 'wait')
  expect(waits.map(({ body }) => JSON.parse(body).ok?.type)).toContain('stock.reserved.v1')
})

it('lets events go that belong to no instance: nothing is parked, and what comes after them is heard', async () => {
  test = await startTestSystem(
    createSystem(() => true),
    { shape: 'one' },
  )
  await test.call(Stock.allow, { orderId: 'o-9' })
  await test.advance(20_000)
  const consumers = test.hosts.flatMap((host) => host.status().consumers)
  expect(consumers.filter(({ group }) => group === 'orders.sagas').map(({ parked }) => parked)).toEqual([0, 0])
  await test.call(Orders.place, { orderId: 'o-9' })
  await test.advance(5_000)
  await test.call(Stock.allow, { orderId: 'o-9' })
  await test.advance(5_000)
  expect((await find('o-9')).entries.filter(({ kind }) => kind === 'wait')).not.toHaveLength(0)
})
