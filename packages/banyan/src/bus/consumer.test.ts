/** What a consumer does when nothing is wrong, and where its bounds are. */
import { describe, expect, it } from 'vitest'
import { sleep } from '../core/environment/timers.ts'
import { BanyanError } from '../core/error.ts'
import { createDeliveryRig, createLoggedRig, many } from '../testing/suites/delivery-rig.ts'
import { sampleEvent } from '../testing/suites/sample.ts'
import type { Bus } from './bus.ts'

const ofKey = (all: readonly string[], key: string): string[] => all.filter((label) => label.startsWith(`${key}:`))

describe('the consumer', () => {
  it('applies each event once, in order per key', async () => {
    const rig = await createLoggedRig(...many(100))
    const consumer = rig.consume(async () => sleep(rig.environment.timers, rig.environment.random.next() * 20))
    consumer.start()
    await rig.environment.advance(5_000)
    const ledger = await rig.ledger()
    expect(ledger.toSorted()).toEqual(many(100).toSorted())
    for (let key = 0; key < 5; key++) expect(ofKey(ledger, `k${key}`)).toEqual(ofKey(many(100), `k${key}`))
    expect(consumer.status()).toMatchObject({ state: 'assigned', applied: 100, failed: 0, cursor: 100, buffered: 0 })
  })

  it('works on different keys at the same time, up to its concurrency, and on one key alone', async () => {
    const rig = await createLoggedRig(...many(40, 10))
    let running = 0
    let most = 0
    const busy = new Set<string>()
    const consumer = rig.consume(
      async (event) => {
        expect(busy.has(event.key)).toBe(false)
        busy.add(event.key)
        running += 1
        most = Math.max(most, running)
        await sleep(rig.environment.timers, 10)
        running -= 1
        busy.delete(event.key)
      },
      { concurrency: 4 },
    )
    consumer.start()
    await rig.environment.advance(105)
    expect(most).toBe(4)
    expect(await rig.ledger()).toHaveLength(40)
  })

  it('does not let keys wait behind a slow one', async () => {
    const rig = await createLoggedRig('slow:1', 'slow:2', ...many(20))
    const consumer = rig.consume(async (event) => sleep(rig.environment.timers, event.key === 'slow' ? 10_000 : 1), {
      concurrency: 2,
    })
    consumer.start()
    await rig.environment.advance(100)
    expect(await rig.ledger()).toHaveLength(20)
    await rig.environment.advance(20_000)
    expect((await rig.ledger()).slice(20)).toEqual(['slow:1', 'slow:2'])
  })

  it('is woken by an append, and finds by polling what no hint told', async () => {
    const rig = createDeliveryRig()
    const deaf: Bus = { ...rig.bus, onAppend: () => () => undefined }
    rig.relay().start()
    rig.consume(undefined, { idlePollMs: 60_000 }).start()
    rig.consume(undefined, { group: 'other', bus: deaf }).start()
    await rig.environment.advance(10_000)
    await rig.publish('k:1')
    await rig.environment.advance(0)
    expect(await rig.ledger()).toEqual(['k:1'])
    await rig.environment.advance(1_001)
    expect(await rig.ledger()).toEqual(['k:1', 'k:1'])
  })

  it('counts events of types without subscription as done', async () => {
    const rig = await createLoggedRig(...many(10))
    const consumer = rig.consume(undefined, { subscriptions: new Map() })
    consumer.start()
    await rig.environment.advance(2_000)
    expect(await rig.ledger()).toEqual([])
    expect(consumer.status()).toMatchObject({ cursor: 10, applied: 0, skipped: 10 })
  })

  it('begins a new group at the end when it is told to', async () => {
    const rig = await createLoggedRig(...many(10))
    rig.consume(undefined, { startAt: 'now' }).start()
    rig.relay().start()
    await rig.environment.advance(100)
    await rig.publish('k:new')
    await rig.environment.advance(1_000)
    expect(await rig.ledger()).toEqual(['k:new'])
  })

  it('applies ten thousand events in order per key', async () => {
    const rig = createDeliveryRig()
    const wanted = many(10_000, 100)
    rig.relay().start()
    const consumer = rig.consume()
    consumer.start()
    await rig.publish(...wanted)
    await rig.until(() => consumer.status().cursor === 10_000)
    const ledger = await rig.ledger()
    expect(ledger).toHaveLength(10_000)
    for (let key = 0; key < 100; key++) expect(ofKey(ledger, `k${key}`)).toEqual(ofKey(wanted, `k${key}`))
  }, 60_000)
})

describe('bounds', () => {
  it('reads no further than its buffer while handlers are slow', async () => {
    const rig = await createLoggedRig(...many(1_000))
    const consumer = rig.consume(async () => sleep(rig.environment.timers, 100), { maxBuffered: 40, pageSize: 25 })
    consumer.start()
    let most = 0
    for (let step = 0; step < 100; step++) {
      await rig.environment.advance(10)
      most = Math.max(most, consumer.status().buffered)
    }
    expect(most).toBeGreaterThan(20)
    expect(most).toBeLessThanOrEqual(40)
    await rig.environment.advance(60_000)
    expect(await rig.ledger()).toHaveLength(1_000)
  })

  it('reads no further than maxAhead while one key holds the mark back', async () => {
    const rig = await createLoggedRig('slow:1', ...many(500))
    const consumer = rig.consume(async (event) => sleep(rig.environment.timers, event.key === 'slow' ? 50_000 : 0), {
      maxAhead: 100,
      pageSize: 50,
    })
    consumer.start()
    await rig.environment.advance(10_000)
    expect(consumer.status()).toMatchObject({ cursor: 0 })
    expect(consumer.status().position).toBeLessThanOrEqual(150)
    await rig.environment.advance(60_000)
    expect(await rig.ledger()).toHaveLength(501)
  })

  it('backs off while the bus is away and goes on where it was', async () => {
    const rig = await createLoggedRig(...many(10))
    let away = true
    let reads = 0
    const read: Bus['read'] = async (...given) => {
      reads += 1
      if (away) throw new BanyanError('UNAVAILABLE', 'no bus')
      return rig.bus.read(...given)
    }
    const consumer = rig.consume(undefined, { bus: { ...rig.bus, read } })
    consumer.start()
    await rig.environment.advance(60_000)
    expect(reads).toBeGreaterThan(10)
    expect(reads).toBeLessThan(40)
    expect(consumer.status()).toMatchObject({ state: 'assigned', lastError: 'UNAVAILABLE: no bus' })
    away = false
    await rig.environment.advance(6_000)
    expect(await rig.ledger()).toHaveLength(10)
  })

  it('keeps the order of a key that does not fit the buffer', async () => {
    const wanted = many(300, 1)
    const rig = await createLoggedRig(...wanted)
    rig.consume(undefined, { maxBuffered: 10, pageSize: 10 }).start()
    await rig.environment.advance(5_000)
    expect(await rig.ledger()).toEqual(wanted)
  })
})

it('has nothing to say about events of other sources', async () => {
  const rig = createDeliveryRig()
  const lease = (await rig.bus.lease('elsewhere', 'host', 1_000))!
  await rig.bus.append(lease, [sampleEvent('x:1')], { cluster: 'c', previous: '0', current: '1', lastId: '1' })
  rig.consume().start()
  await rig.environment.advance(5_000)
  expect(await rig.ledger()).toEqual([])
})
