/** Both bridges on a real broker, which is killed in the middle. */
import { type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect, type Options } from 'amqplib'
import { createMemoryBus, createRelay, toNewEvent } from 'banyan/bus'
import { BanyanError, realEnvironment } from 'banyan/core'
import { createMemoryStore, type Store } from 'banyan/store'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createRabbitBridgeIn, createRabbitBridgeOut, type RabbitBridgeInOptions } from './index.ts'
import { findRabbit, type RabbitServer, startRabbit } from './testing/rabbit-server.ts'

const environment = realEnvironment()
/** Erlang takes long to start on a busy machine. */
const patient = { timeout: 90_000 }
const withKillMs = 300_000
const total = 400
const keys = 5
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

function eventOf(number: number): ReturnType<typeof toNewEvent> {
  const key = `k${number % keys}`
  const data = { number }
  const facts = { system: 'shop', service: 'orders', type: 'orders.placed.v1', timeMs: environment.clock.now() }
  return toNewEvent({ ...facts, id: environment.random.uuidv7(), key, data })
}

/** What an outbox holds, in order. */
async function published(store: Store): Promise<{ id: string; type: string; key: string; data: unknown }[]> {
  const { events } = await store.outbox.read(undefined, 10_000)
  return events.map(({ id, type, key, envelope }) => ({ id, type, key, data: JSON.parse(envelope).data }))
}

function inOrder(all: readonly number[]): boolean {
  return numbers(keys).every((key) => {
    const own = all.filter((number) => number % keys === key)
    return own.join() === own.toSorted((a, b) => a - b).join()
  })
}

describe.skipIf(findRabbit() === undefined)('bridges', { timeout: 120_000 }, () => {
  let server: RabbitServer
  let connection: ChannelModel
  let channel: ConfirmChannel
  let queue: string
  let made = 0
  const ends: (() => Promise<unknown>)[] = []
  const open = async (): Promise<void> => {
    connection = await connect(server.url)
    connection.on('error', () => undefined)
    channel = await connection.createConfirmChannel()
    channel.on('error', () => undefined)
  }
  const makeQueue = async (kind: 'quorum' | 'classic'): Promise<void> => {
    await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': kind } })
  }
  /** The only member of a quorum queue does not always lead again after a SIGKILL: rabbitmq-server issue 10070. */
  const makeClassic = async (): Promise<void> => {
    queue = `classic-${made}`
    await makeQueue('classic')
  }
  beforeAll(async () => {
    server = await startRabbit()
  }, withKillMs)
  afterAll(async () => server?.stop())
  beforeEach(async () => {
    made += 1
    queue = `queue-${made}`
    await open()
    await makeQueue('quorum')
  })
  afterEach(async () => {
    for (const end of ends.splice(0)) await end()
    await connection.close().catch(() => undefined)
  })

  describe('out', () => {
    const exchange = (): string => `exchange-${made}`
    async function startOut(options = {}): Promise<ReturnType<typeof createRabbitBridgeOut>> {
      const bus = createMemoryBus({ environment })
      const producer = createMemoryStore({ environment, service: 'orders' })
      const store = createMemoryStore({ environment, service: 'bridge' })
      for (const number of numbers(total)) await producer.transact(async (tx) => tx.publish(eventOf(number)))
      const relay = createRelay({ environment, source: 'orders', outbox: producer.outbox, bus, holder: 'r#1' })
      relay.start()
      const place = { url: server.url, exchange: exchange(), source: 'orders', holder: 'b#1' }
      const bridge = createRabbitBridgeOut({ environment, bus, store, ...place, ...options })
      bridge.start()
      ends.push(
        () => bridge.stop(),
        () => relay.stop(),
      )
      return bridge
    }
    async function bind(pattern: string): Promise<void> {
      await channel.assertExchange(exchange(), 'topic', { durable: true })
      await channel.bindQueue(queue, exchange(), pattern)
    }
    async function take(): Promise<ConsumeMessage[]> {
      const found: ConsumeMessage[] = []
      await channel.consume(queue, (message) => void (message !== null && found.push(message)))
      return found
    }

    it('sends every event, confirmed, as a CloudEvent in binary mode under its type, in order of its key', async () => {
      await bind('orders.#')
      const found = await take()
      const bridge = await startOut()
      await expect.poll(() => found.length, patient).toBe(total)
      const sent = found.map(({ content }) => (JSON.parse(content.toString()) as { number: number }).number)
      expect(sent.toSorted((a, b) => a - b)).toEqual(numbers(total))
      expect(inOrder(sent)).toBe(true)
      const { properties, fields } = found[0]!
      expect(fields.routingKey).toBe('orders.placed.v1')
      expect(properties).toMatchObject({ contentType: 'application/json', type: 'orders.placed.v1', deliveryMode: 2 })
      expect(properties.headers).toMatchObject({
        'cloudEvents:specversion': '1.0',
        'cloudEvents:id': properties.messageId,
        'cloudEvents:source': '/shop/orders',
        'cloudEvents:partitionkey': expect.stringMatching(/^k[0-4]$/),
      })
      expect(bridge.status()).toMatchObject({ confirmed: total, connected: true })
    })

    it('sends whole envelopes in structured mode, and waits where no queue takes a message that must be taken', async () => {
      const bridge = await startOut({ mode: 'structured', mandatory: true })
      await expect.poll(() => bridge.status().consumer.failed, patient).toBeGreaterThan(keys)
      expect(bridge.status().consumer.applied).toBe(0)
      await bind('#')
      const found = await take()
      await expect.poll(() => bridge.status().consumer.applied, patient).toBe(total)
      expect(bridge.status().consumer.parked).toBe(0)
      expect(found[0]!.properties.contentType).toBe('application/cloudevents+json')
      expect(JSON.parse(found[0]!.content.toString())).toMatchObject({
        specversion: '1.0',
        subject: expect.any(String),
      })
    })

    it(
      'loses nothing when the broker is killed in the middle, and what it sends again has the same id',
      async () => {
        await makeClassic()
        await bind('#')
        const bridge = await startOut({ concurrency: 2 })
        await expect.poll(() => bridge.status().confirmed, patient).toBeGreaterThan(total / 10)
        await server.kill()
        await expect.poll(() => bridge.status().connected, patient).toBe(false)
        await server.start()
        await expect.poll(() => bridge.status().consumer.applied, patient).toBe(total)
        expect(bridge.status().consumer.parked).toBe(0)
        await open()
        const found = await take()
        await expect.poll(() => new Set(found.map(({ properties }) => properties.messageId)).size, patient).toBe(total)
        const first = [
          ...new Map(found.toReversed().map((message) => [message.properties.messageId, message])).values(),
        ].toReversed()
        expect(inOrder(first.map(({ content }) => (JSON.parse(content.toString()) as { number: number }).number))).toBe(
          true,
        )
      },
      withKillMs,
    )
  })

  describe('in', () => {
    let store: Store
    function startIn(options: Partial<RabbitBridgeInOptions> = {}): ReturnType<typeof createRabbitBridgeIn> {
      const place = { url: server.url, queue, system: 'shop', service: 'orders', holder: 'b#1' }
      const bridge = createRabbitBridgeIn({ environment, store, ...place, ...options })
      bridge.start()
      ends.push(() => bridge.stop())
      return bridge
    }
    const send = async (content: string | Buffer, options: Options.Publish = {}): Promise<void> => {
      channel.sendToQueue(queue, Buffer.from(content), { persistent: true, ...options })
      await channel.waitForConfirms()
    }
    const cloudEvent = (number: number): [string, Options.Publish] => {
      const headers = {
        'cloudEvents:specversion': '1.0',
        'cloudEvents:type': 'orders.imported.v1',
        'cloudEvents:subject': `k${number % keys}`,
      }
      return [JSON.stringify({ number }), { messageId: `legacy-${number}`, contentType: 'application/json', headers }]
    }
    const left = async (): Promise<number> => (await channel.checkQueue(queue)).messageCount
    beforeEach(() => {
      store = createMemoryStore({ environment, service: 'orders' })
    })

    it('makes every message an event once, in order, also when it is sent twice', async () => {
      for (const number of numbers(total))
        await channel.sendToQueue(queue, Buffer.from(cloudEvent(number)[0]), cloudEvent(number)[1])
      for (const number of numbers(50)) await send(...cloudEvent(number))
      const bridge = startIn()
      await expect.poll(() => bridge.status().taken, patient).toBe(total)
      await expect.poll(() => bridge.status().repeated, patient).toBe(50)
      const events = await published(store)
      expect(events.map(({ data }) => (data as { number: number }).number)).toEqual(numbers(total))
      expect(events[7]).toMatchObject({ type: 'orders.imported.v1', key: 'k2' })
      await bridge.stop()
      expect(await left()).toBe(0)
    })

    it('parks what can be no event, with the reason, and goes on behind it', async () => {
      await send('no JSON', cloudEvent(0)[1])
      await send(Buffer.from([0x22, 0xff, 0x22]), { ...cloudEvent(1)[1], messageId: 'broken' })
      await send('{}', { messageId: 'plain' })
      await send(cloudEvent(2)[0], { ...cloudEvent(2)[1], messageId: undefined as never })
      await send(JSON.stringify('x'.repeat(300_000)), { ...cloudEvent(3)[1], messageId: 'big' })
      await send('{"specversion":"1.0","type":"orders.imported.v1","data":1}', {
        messageId: 'keyless',
        contentType: 'application/cloudevents+json',
      })
      await send(...cloudEvent(4))
      const bridge = startIn()
      await expect.poll(() => bridge.status(), patient).toMatchObject({ taken: 1, parked: 6 })
      const parked = (await store.inbox.parked(10)).toSorted((one, two) => one.offset - two.offset)
      const reasons = ['not JSON', 'not UTF-8', 'no CloudEvent', 'no message-id', 'maxEventBytes', "'subject' must be"]
      expect(parked.map(({ error }) => error)).toEqual(reasons.map((reason) => expect.stringContaining(reason)))
      expect((await published(store)).map(({ data }) => data)).toEqual([{ number: 4 }])
      await bridge.stop()
      expect(await left()).toBe(0)
    })

    it('takes formats of others with a function that knows them', async () => {
      await send('placed;o-1', { messageId: 'm-1' })
      const bridge = startIn({
        toEvent: ({ content }) => ({
          type: 'orders.imported.v1',
          key: content.toString().split(';')[1]!,
          data: content.toString(),
        }),
      })
      await expect.poll(() => bridge.status().taken, patient).toBe(1)
      expect(await published(store)).toMatchObject([{ key: 'o-1', data: 'placed;o-1' }])
    })

    it(
      'takes each message in once when the broker is killed, a host dies and commits fail, and keeps few in memory',
      async () => {
        await makeClassic()
        for (const number of numbers(total))
          channel.sendToQueue(queue, Buffer.from(cloudEvent(number)[0]), { persistent: true, ...cloudEvent(number)[1] })
        await channel.waitForConfirms()
        let commits = 0
        /** Every fifth commit is answered by silence: it has happened, and its caller does not know. */
        const unsure: Pick<Store, 'inbox' | 'transact'> = {
          inbox: store.inbox,
          transact: async (work, options) => {
            const result = await store.transact(work, options)
            commits += 1
            if (commits % 5 === 0)
              throw new BanyanError('UNAVAILABLE', 'the answer to COMMIT was lost', { outcome: 'unknown' })
            return result
          },
        }
        const tuning = { store: unsure, declare: 'classic' as const, batch: 7, prefetch: 20, leaseMs: 1_000 }
        const first = startIn({ ...tuning, holder: 'a#1' })
        const count = async (): Promise<number> => (await published(store)).length
        await expect.poll(count, patient).toBeGreaterThan(total / 10)
        await server.kill()
        await expect.poll(() => first.status().connected, patient).toBe(false)
        const second = startIn({ ...tuning, holder: 'b#1' })
        await server.start()
        await first.stop()
        await expect.poll(count, patient).toBe(total)
        expect(
          (await published(store)).map(({ data }) => (data as { number: number }).number).toSorted((a, b) => a - b),
        ).toEqual(numbers(total))
        expect(second.status().parked).toBe(0)
        await second.stop()
        // What was committed and not acknowledged comes again, and is dropped by its marks.
        await open()
        const third = startIn({ holder: 'c#1', declare: 'classic' })
        await expect.poll(left, patient).toBe(0)
        await third.stop()
        expect([await left(), await count(), third.status().taken]).toEqual([0, total, 0])
      },
      withKillMs,
    )

    it('lets one host of several work, and the next take over when it ends', async () => {
      const first = startIn({ holder: 'a#1', leaseMs: 2_000 })
      await send(...cloudEvent(0))
      await expect.poll(() => first.status().taken, patient).toBe(1)
      const second = startIn({ holder: 'b#1', leaseMs: 2_000 })
      await expect.poll(() => second.status().state, patient).toBe('waiting')
      await first.stop()
      await send(...cloudEvent(1))
      await expect.poll(() => second.status().taken, patient).toBe(1)
    })
  })
})
