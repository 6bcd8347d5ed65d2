/** From an outbox to effects over NATS, with programs that write rubbish in between. */
import { jetstream } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { createConsumer, createRelay, fromEnvelope } from 'banyan/bus'
import { realEnvironment } from 'banyan/core'
import { createMemoryStore } from 'banyan/store'
import { expect, it } from 'vitest'
import { describeNats } from './testing/engines.ts'
import { createListOutbox, eventAt, placesOf } from './testing/list-outbox.ts'

const total = 600

describeNats('delivery', (engine) => {
  it('applies every event once and in order, and parks what is none with the reason', async () => {
    const system = engine().newSystem()
    const bus = await engine().open({ system })
    const environment = realEnvironment()
    const raw = await connect({ servers: engine().servers.nodes[0]!.address })
    const js = jetstream(raw)
    const store = createMemoryStore({ environment, service: 'billing' })
    const relay = createRelay({
      environment,
      source: 'orders',
      outbox: createListOutbox(total),
      bus,
      holder: 'a#1',
      batch: 50,
    })
    const applied: number[] = []
    const consumer = createConsumer({
      environment,
      group: 'billing',
      source: 'orders',
      inbox: store.inbox,
      bus,
      holder: 'b#1',
      subscriptions: new Set(['orders.placed.v1']),
      handle: async (event, _attempt, delivery, signal) => {
        fromEnvelope(event.envelope)
        await store.transact(async () => undefined, { delivery, signal })
        applied.push(...placesOf([event]))
      },
    })
    await bus.lease('orders', 'a#1', 10_000)
    consumer.start()
    relay.start()
    const subject = `${system}.orders.orders.placed.v1`
    const rubbish = [
      '',
      'no JSON',
      '[]',
      '{"specversion":"1.0"}',
      Uint8Array.of(0xc3, 0x28),
      `"${'x'.repeat(300_000)}"`,
      '{"a":"\0"}',
    ]
    for (const data of rubbish) await js.publish(subject, data)
    await js.publish(`${system}.orders.never.heard.of`, 'rubbish of a type that nobody handles')
    await expect.poll(() => applied.length, { timeout: 20_000 }).toBe(total)
    await expect.poll(() => consumer.status().cursor, { timeout: 5_000 }).toBe(total + rubbish.length + 1)
    for (let key = 0; key < 7; key++) {
      const places = applied.filter((place) => eventAt(place).key === `k${key}`)
      expect(places).toEqual(places.toSorted((a, b) => a - b))
    }
    const parked = (await store.inbox.parked(100)).toSorted((one, two) => one.offset - two.offset)
    expect(parked.map(({ error }) => error)).toEqual([
      expect.stringContaining('JSON text'),
      expect.stringContaining('no JSON'),
      expect.stringContaining('JSON object'),
      expect.stringContaining('attribute'),
      expect.stringContaining('not UTF-8'),
      expect.stringContaining('over 262144'),
      expect.stringContaining('NUL bytes'),
    ])
    expect(parked).toHaveLength(rubbish.length)
    expect(consumer.status()).toMatchObject({ errors: 0 })
    await Promise.all([relay.stop(), consumer.stop()])
    await raw.close()
  })
})
