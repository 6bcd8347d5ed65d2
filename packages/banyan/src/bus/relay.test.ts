import { describe, expect, it } from 'vitest'
import { BanyanError } from '../core/error.ts'
import type { OutboxCursor } from '../store/outbox.ts'
import { createDeliveryRig } from '../testing/suites/delivery-rig.ts'
import { createFaultyHost } from '../testing/suites/faulty-host.ts'
import type { Bus } from './bus.ts'

const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `k${index % 5}:${index}`)

describe('the relay', () => {
  it('appends what was committed, in order, and trims it from the outbox', async () => {
    const rig = createDeliveryRig()
    const relay = rig.relay(undefined, { batch: 7, trimEvery: 20 })
    const wanted = many(100)
    await rig.publish(...wanted.slice(0, 40))
    relay.start()
    await rig.environment.advance(100)
    await rig.publish(...wanted.slice(40))
    await rig.environment.advance(100)
    expect(await rig.logged()).toEqual(wanted)
    expect(await rig.producer.outbox.depth()).toBeLessThan(20)
    expect(relay.status()).toMatchObject({ state: 'leading', epoch: 1, appended: 100, errors: 0, fenced: 0 })
  })

  it('is woken by a commit, without waiting for its poll', async () => {
    const rig = createDeliveryRig()
    rig.relay(undefined, { idlePollMs: 60_000 }).start()
    await rig.environment.advance(50)
    await rig.publish('k:1')
    await rig.environment.advance(0)
    expect(await rig.logged()).toEqual(['k:1'])
  })

  it('finds by polling what another host committed', async () => {
    const rig = createDeliveryRig()
    const deaf = { ...rig.producer.outbox, onCommit: () => () => undefined }
    rig.relay(undefined, { outbox: deaf, idlePollMs: 250 }).start()
    await rig.environment.advance(10_000)
    await rig.publish('k:1')
    await rig.environment.advance(1_001)
    expect(await rig.logged()).toEqual(['k:1'])
  })

  it('loses and doubles nothing when it dies between read and append', async () => {
    const rig = createDeliveryRig()
    const host = createFaultyHost(rig.environment)
    const outbox = host.wrap(rig.producer.outbox)
    const read: typeof outbox.read = async (cursor, limit) => {
      const page = await rig.producer.outbox.read(cursor, limit)
      if (page.events.length > 0) host.crash()
      return page
    }
    rig.relay(host, { outbox: { ...rig.producer.outbox, read }, leaseMs: 1_000 }).start()
    await rig.publish(...many(10))
    await rig.environment.advance(100)
    expect(await rig.logged()).toEqual([])
    rig.relay().start()
    await rig.environment.advance(3_000)
    expect(await rig.logged()).toEqual(many(10))
  })

  it('appends once when the answer to an append is lost', async () => {
    const rig = createDeliveryRig()
    let lost = 0
    const bus: Bus = {
      ...rig.bus,
      async append(...given) {
        await rig.bus.append(...given)
        lost += 1
        if (lost <= 3) throw new BanyanError('UNAVAILABLE', 'the connection broke', { outcome: 'unknown' })
      },
    }
    const relay = rig.relay(undefined, { bus, batch: 4 })
    relay.start()
    await rig.publish(...many(20))
    await rig.environment.advance(10_000)
    expect(await rig.logged()).toEqual(many(20))
    expect(relay.status().errors).toBe(3)
  })

  it('is not doubled by an append that lands after it was given up', async () => {
    const rig = createDeliveryRig()
    const late: (() => Promise<void>)[] = []
    const bus: Bus = {
      ...rig.bus,
      async append(lease, events, cursor) {
        if (late.length > 0) return rig.bus.append(lease, events, cursor)
        late.push(async () => rig.bus.append(lease, events, cursor))
        throw new BanyanError('UNAVAILABLE', 'no answer', { outcome: 'unknown' })
      },
    }
    rig.relay(undefined, { bus }).start()
    await rig.publish('k:1', 'k:2')
    await rig.environment.advance(1_000)
    await expect(late[0]!()).rejects.toMatchObject({ reason: 'FENCED' })
    expect(await rig.logged()).toEqual(['k:1', 'k:2'])
  })

  it('waits while another has the lease, and takes over when that one is gone', async () => {
    const rig = createDeliveryRig()
    const dead = createFaultyHost(rig.environment)
    rig.relay(dead).start()
    await rig.environment.advance(100)
    const second = rig.relay()
    second.start()
    await rig.environment.advance(30_000)
    expect(second.status()).toMatchObject({ state: 'held', epoch: undefined })
    dead.crash()
    await rig.publish('k:1')
    await rig.environment.advance(15_000)
    expect(second.status()).toMatchObject({ state: 'leading', epoch: 2, appended: 1 })
  })

  it('goes on from the stored position when a stalled one wakes after the take-over', async () => {
    const rig = createDeliveryRig()
    const stalled = createFaultyHost(rig.environment)
    const first = rig.relay(stalled, { leaseMs: 2_000 })
    first.start()
    await rig.publish(...many(5))
    await rig.environment.advance(100)
    stalled.stall(10_000)
    rig.relay(undefined, { leaseMs: 2_000 }).start()
    await rig.publish('k:x')
    await rig.environment.advance(20_000)
    expect(await rig.logged()).toEqual([...many(5), 'k:x'])
    expect(first.status().state).toBe('held')
  })

  it('backs off while the bus is away, at most five seconds, and tells why', async () => {
    const rig = createDeliveryRig()
    const tries: number[] = []
    let away = true
    const bus: Bus = {
      ...rig.bus,
      async lease(...given) {
        tries.push(rig.environment.clock.monotonic())
        if (away) throw new BanyanError('UNAVAILABLE', 'no bus')
        return rig.bus.lease(...given)
      },
    }
    const warned: string[] = []
    const log = { info: (text: string) => warned.push(text), warn: (text: string) => warned.push(text) }
    const relay = rig.relay(undefined, { bus, log })
    relay.start()
    await rig.publish('k:1')
    await rig.environment.advance(60_000)
    const waits = tries.slice(1).map((at, index) => at - (tries[index] as number))
    for (const [index, wait] of waits.entries()) {
      const ceiling = Math.min(5_000, 50 * 2 ** index)
      expect(wait).toBeGreaterThanOrEqual(ceiling / 2)
      expect(wait).toBeLessThanOrEqual(ceiling)
    }
    expect(tries.length).toBeGreaterThan(15)
    expect(relay.status()).toMatchObject({ state: 'failing', lastError: 'UNAVAILABLE: no bus', errors: tries.length })
    expect(warned).toEqual(['relay failed, tries again'])
    away = false
    await rig.environment.advance(5_000)
    expect(await rig.logged()).toEqual(['k:1'])
    expect(warned).toHaveLength(2)
  })

  it('refuses to read on from a foreign cluster, and says so', async () => {
    const rig = createDeliveryRig()
    const lease = (await rig.bus.lease('producer', 'earlier', 1_000))!
    const foreign: OutboxCursor = { cluster: 'elsewhere', previous: '1', current: '9', lastId: '9' }
    await rig.bus.append(lease, [], foreign)
    await rig.bus.release(lease)
    const relay = rig.relay()
    relay.start()
    await rig.publish('k:1')
    await rig.environment.advance(10_000)
    expect(relay.status().lastError).toMatch(/^FAILED_PRECONDITION: the cursor belongs to cluster 'elsewhere'/)
    expect(await rig.logged()).toEqual([])
  })

  describe('that is stopped', () => {
    it('flushes what was committed and lets go of the lease', async () => {
      const rig = createDeliveryRig()
      const relay = rig.relay(createFaultyHost(rig.environment, { maxLatencyMs: 40 }), { batch: 10 })
      relay.start()
      await rig.environment.advance(1_000)
      await rig.publish(...many(55))
      await rig.environment.run(relay.stop())
      expect(await rig.logged()).toEqual(many(55))
      expect(relay.status().state).toBe('stopped')
      expect(await rig.bus.lease('producer', 'next', 1_000)).toBeDefined()
      await rig.environment.quiesce()
    })

    it('leaves the rest in the outbox when its time is over, and ends', async () => {
      const rig = createDeliveryRig()
      const host = createFaultyHost(rig.environment)
      const relay = rig.relay(host)
      relay.start()
      await rig.environment.advance(1_000)
      host.crash()
      await rig.publish('k:1')
      const startedMs = rig.environment.clock.monotonic()
      await rig.environment.run(relay.stop({ withinMs: 2_000 }))
      expect(rig.environment.clock.monotonic() - startedMs).toBe(2_000)
      expect(await rig.producer.outbox.depth()).toBe(1)
    })

    it('does not flush when it is told not to', async () => {
      const rig = createDeliveryRig()
      const deaf = { ...rig.producer.outbox, onCommit: () => () => undefined }
      const relay = rig.relay(undefined, { outbox: deaf })
      relay.start()
      await rig.environment.advance(1_000)
      await rig.publish('k:1')
      await rig.environment.run(relay.stop({ flush: false }))
      expect(await rig.logged()).toEqual([])
    })
  })
})
