/** The log on a real server: what the contract suite cannot see. */
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection, nanos } from '@nats-io/transport-node'
import type { RelayLease } from 'banyan/bus'
import { Fenced } from 'banyan/store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { NatsBus } from './nats-bus.ts'
import { describeNats } from './testing/engines.ts'
import { cursorAt, eventAt, eventsOf, placesOf } from './testing/list-outbox.ts'
import { type NatsProxy, startNatsProxy } from './testing/nats-proxy.ts'

const leaseMs = 10_000

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  )
}

describeNats('bus', (engine) => {
  let system: string
  let shiftMs: number
  let bus: NatsBus
  let raw: NatsConnection
  const proxies: NatsProxy[] = []
  const open = (options = {}): Promise<NatsBus> =>
    engine().open({ system, leaseClockShiftMs: () => shiftMs, ...options })
  const openBehind = async (): Promise<[NatsBus, NatsProxy]> => {
    const proxy = await startNatsProxy(engine().servers.nodes[0]!.port)
    proxies.push(proxy)
    return [await open({ url: proxy.url }), proxy]
  }
  const lease = async (of: NatsBus, holder = 'host-1'): Promise<RelayLease> => {
    const held = await of.lease('orders', holder, leaseMs)
    if (held === undefined) throw new Error('the lease is taken')
    return held
  }
  const logged = async (): Promise<number[]> => placesOf(await bus.read('orders', 0, 10_000))
  const places = (to: number): number[] => Array.from({ length: to }, (_, place) => place)
  const subject = (): string => `${system}.orders.`

  beforeEach(async () => {
    system = engine().newSystem()
    shiftMs = 0
    bus = await open()
    raw = await connect({ servers: engine().servers.nodes[0]!.address })
  })
  afterEach(async () => {
    await raw.close()
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()))
  })

  it('finds out what of an append is there when its relay died in the middle, and appends the rest', async () => {
    const [dying, proxy] = await openBehind()
    const first = await lease(dying)
    await dying.append(first, eventsOf(0, 3), cursorAt(3))
    proxy.cutAfter(4, subject())
    const error = await rejection(dying.append(first, eventsOf(3, 10), cursorAt(10)))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown', retryable: false })
    expect(await logged()).toEqual(places(7))
    shiftMs = leaseMs + 1
    const next = await lease(bus, 'host-2')
    expect(next.cursor).toEqual(cursorAt(3))
    await bus.append(next, eventsOf(3, 12), cursorAt(12))
    expect(await logged()).toEqual(places(12))
    expect((await lease(bus, 'host-2')).cursor).toEqual(cursorAt(12))
  })

  it('knows what has landed also for smaller pages, and after one more death', async () => {
    const [dying, proxy] = await openBehind()
    proxy.cutAfter(6, subject())
    await rejection(dying.append(await lease(dying), eventsOf(0, 10), cursorAt(10)))
    shiftMs += leaseMs + 1
    const second = await lease(bus, 'host-2')
    // A page of which everything has landed, and one of which some has, but which does not reach to the end of what has.
    await bus.append(second, eventsOf(0, 2), cursorAt(2))
    await bus.append(second, [eventAt(2), eventAt(77), eventAt(3)], cursorAt(4))
    shiftMs += leaseMs + 1
    const other = await open()
    const third = await lease(other, 'host-3')
    expect(third.cursor).toEqual(cursorAt(4))
    await other.append(third, eventsOf(4, 10), cursorAt(10))
    expect(await logged()).toEqual([0, 1, 2, 3, 4, 5, 77, 6, 7, 8, 9])
  })

  it('says that it does not know when the answers were lost; the next lease says where the log stands', async () => {
    const [deaf, proxy] = await openBehind()
    const held = await lease(deaf)
    const appending = rejection(deaf.append(held, eventsOf(0, 5), cursorAt(5)))
    await expect.poll(() => bus.end('orders'), { timeout: 10_000 }).toBe(5)
    proxy.swallowAnswers(true)
    const second = rejection(deaf.append(held, eventsOf(5, 6), cursorAt(6)))
    proxy.cut()
    await appending
    expect(await second).toMatchObject({ code: 'UNAVAILABLE' })
    proxy.swallowAnswers(false)
    await expect
      .poll(async () => (await deaf.lease('orders', 'host-1', leaseMs).catch(() => undefined))?.cursor, {
        timeout: 20_000,
      })
      .toBeDefined()
    const { cursor } = await lease(deaf)
    const from = Number(cursor!.lastId)
    await deaf.append(await lease(deaf), eventsOf(from, 8), cursorAt(8))
    expect(await logged()).toEqual(places(8))
  })

  it('lets a relay that was paused in the middle of an append write nothing after another has appended', async () => {
    const [zombie, proxy] = await openBehind()
    const old = await lease(zombie)
    proxy.holdAfter(2, subject())
    const held = proxy.held()
    const appending = rejection(zombie.append(old, eventsOf(0, 6), cursorAt(6)))
    await held
    await expect.poll(() => bus.end('orders'), { timeout: 10_000 }).toBe(2)
    shiftMs = leaseMs + 1
    const current = await lease(bus, 'host-2')
    await bus.append(current, eventsOf(0, 4), cursorAt(4))
    proxy.letGo()
    expect(await appending).toBeInstanceOf(Fenced)
    expect(await logged()).toEqual(places(4))
    expect(await rejection(zombie.append(old, eventsOf(4, 6), cursorAt(6)))).toBeInstanceOf(Fenced)
    await bus.append(current, eventsOf(4, 8), cursorAt(8))
    expect(await logged()).toEqual(places(8))
  })

  it('counts what a paused relay sends late, before the next has appended, as appended: each event once', async () => {
    const [zombie, proxy] = await openBehind()
    const old = await lease(zombie)
    proxy.holdAfter(1, subject())
    const held = proxy.held()
    const appending = rejection(zombie.append(old, eventsOf(0, 6), cursorAt(6)))
    await held
    await expect.poll(() => bus.end('orders'), { timeout: 10_000 }).toBe(1)
    shiftMs = leaseMs + 1
    const current = await lease(bus, 'host-2')
    proxy.letGo()
    await appending
    expect(await bus.end('orders')).toBe(6)
    await bus.append(current, eventsOf(0, 9), cursorAt(9))
    expect(await logged()).toEqual(places(9))
    expect(await rejection(zombie.append(old, eventsOf(6, 7), cursorAt(7)))).toBeInstanceOf(Fenced)
  })

  it('appends an event once although the window of the broker is over', async () => {
    const [dying, proxy] = await openBehind()
    const first = await lease(dying)
    const jsm = await jetstreamManager(raw)
    await jsm.streams.update(`${system}_orders`, { duplicate_window: nanos(100) })
    proxy.cutAfter(5, subject())
    await rejection(dying.append(first, eventsOf(0, 10), cursorAt(10)))
    // The broker has forgotten an id when it takes a message with it again.
    const again = async (): Promise<boolean> =>
      (await jetstream(raw).publish(`${subject()}probe`, '{}', { msgID: 'probe' })).duplicate
    await again()
    await expect.poll(again, { timeout: 10_000 }).toBe(false)
    shiftMs = leaseMs + 1
    const next = await lease(bus, 'host-2')
    await bus.append(next, eventsOf(0, 10), cursorAt(10))
    const ours = (await bus.read('orders', 0, 100)).filter(({ type }) => type === 'orders.placed.v1')
    expect(placesOf(ours)).toEqual(places(10))
  })

  it('appends around messages of others that come between', async () => {
    const held = await lease(bus)
    const noise = Array.from({ length: 40 }, async (_, index) =>
      jetstream(raw).publish(`${subject()}noise`, `${index}`),
    )
    for (let from = 0; from < 200; from += 50) await bus.append(held, eventsOf(from, from + 50), cursorAt(from + 50))
    await Promise.all(noise)
    const events = await bus.read('orders', 0, 1_000)
    expect(events.map(({ offset }) => offset)).toEqual(places(240).map((place) => place + 1))
    expect(placesOf(events.filter(({ type }) => type === 'orders.placed.v1'))).toEqual(places(200))
    const other = await open()
    shiftMs = leaseMs + 1
    expect((await lease(other, 'host-2')).cursor).toEqual(cursorAt(200))
  })

  it('finds the position at the end of a long log that was written without an entry', async () => {
    const held = await lease(bus)
    for (let from = 0; from < 3_000; from += 500)
      await bus.append(held, eventsOf(from, from + 500), cursorAt(from + 500))
    await bus.release(held)
    const jsm = await jetstreamManager(raw)
    await jsm.streams.purge(`KV_${system}_relays`)
    const other = await open()
    expect((await lease(other, 'host-2')).cursor).toEqual(cursorAt(3_000))
  })

  it('reads on when the broker has forgotten its readers', async () => {
    const held = await lease(bus)
    await bus.append(held, eventsOf(0, 100), cursorAt(100))
    const first = await bus.read('orders', 0, 10)
    const jsm = await jetstreamManager(raw)
    for await (const { name } of jsm.consumers.list(`${system}_orders`))
      await jsm.consumers.delete(`${system}_orders`, name)
    const rest = await bus.read('orders', 10, 1_000)
    expect(placesOf([...first, ...rest])).toEqual(places(100))
  })

  it('reads pages that are bigger than a page may be, event by event', async () => {
    const small = await open({ maxPageBytes: 1_000 })
    const big = eventsOf(0, 5).map((event) => ({
      ...event,
      envelope: event.envelope.replace('}}', `,"pad":"${'x'.repeat(5_000)}"}}`),
    }))
    await bus.append(await lease(bus), big, cursorAt(5))
    const found: number[] = []
    while (found.length < 5) found.push(...placesOf(await small.read('orders', found.length, 10)))
    expect(found).toEqual(places(5))
  })

  it('goes on after its connection was cut, and says so meanwhile', async () => {
    const [far, proxy] = await openBehind()
    const held = await lease(far)
    await far.append(held, eventsOf(0, 2), cursorAt(2))
    proxy.cut(true)
    await expect
      .poll(() => rejection(far.read('orders', 0, 1)), { timeout: 10_000 })
      .toMatchObject({ code: 'UNAVAILABLE', retryable: true, outcome: 'none' })
    proxy.cut(false)
    await expect
      .poll(async () => placesOf(await far.read('orders', 0, 10).catch(() => [])), { timeout: 10_000 })
      .toEqual([0, 1])
    await far.append(held, eventsOf(2, 4), cursorAt(4))
    expect(await logged()).toEqual(places(4))
  })

  it('refuses to append to a log that has lost confirmed events, until it is told to begin anew', async () => {
    const held = await lease(bus)
    await bus.append(held, eventsOf(0, 4), cursorAt(4))
    await bus.release(held)
    const jsm = await jetstreamManager(raw)
    await jsm.streams.delete(`${system}_orders`)
    const other = await open()
    expect(await rejection(lease(other))).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'LOG_TRUNCATED' })
    await other.forgetCursor('orders')
    const anew = await lease(other)
    expect(anew.cursor).toBeUndefined()
    await other.append(anew, eventsOf(0, 4), cursorAt(4))
    expect(await logged()).toEqual(places(4))
  })

  it('refuses a stream that drops messages, and a system name that cannot be one', async () => {
    const jsm = await jetstreamManager(raw)
    await jsm.streams.add({ name: `${system}_orders`, subjects: [`${system}.orders.>`], max_msgs: 10, discard: 'old' })
    expect(await rejection(lease(bus))).toMatchObject({ reason: 'NOT_A_LOG' })
    expect(await rejection(open({ system: 'No Such' }))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('refuses to append beyond the room of a source, and appends when there is room again', async () => {
    const tight = await open({ maxBytesPerSource: 20_000 })
    const held = await lease(tight)
    await tight.append(held, eventsOf(0, 10), cursorAt(10))
    const full = await rejection(tight.append(held, eventsOf(10, 100), cursorAt(100)))
    expect(full).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'LOG_FULL' })
    const jsm = await jetstreamManager(raw)
    await jsm.streams.update(`${system}_orders`, { max_bytes: 1_000_000 })
    await tight.append(held, eventsOf(10, 100), cursorAt(100))
    expect(await logged()).toEqual(places(100))
  })
})
