/** Keeping the log on a real server: what the contract suite cannot see. Counts, messages of others, retention and the relay's position. */
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { auditSource, createLogKeeper, createRelay, foreignGroup, type LogKeeping, type SourceAudit } from 'banyan/bus'
import { realEnvironment } from 'banyan/core'
import { createMemoryStore, type Store } from 'banyan/store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { NatsBus } from './nats-bus.ts'
import { describeNats } from './testing/engines.ts'
import { cursorAt, eventAt, eventsOf, placesOf } from './testing/list-outbox.ts'

const environment = realEnvironment()
const type = 'orders.placed.v1'
const hour = 3_600_000

describeNats('keeping', (engine) => {
  let system: string
  let shiftMs: number
  let bus: NatsBus
  let keeping: LogKeeping
  let raw: NatsConnection
  let store: Store
  const present = <Value>(value: Value | undefined): Value => {
    if (value === undefined) throw new Error('expected something')
    return value
  }
  const open = (): Promise<NatsBus> => engine().open({ system, leaseClockShiftMs: () => shiftMs })
  const foreign = async (subject: string, data: string | Uint8Array): Promise<unknown> =>
    jetstream(raw).publish(`${system}.orders.${subject}`, data)
  const audit = async (): Promise<SourceAudit> =>
    present(await auditSource({ source: 'orders', outbox: store.outbox, keeping }, 1_000))
  /** Commits events and has a relay bring them into the log. */
  const relayed = async (from: number, to: number): Promise<void> => {
    for (let at = from; at < to; at += 10)
      await store.transact(async (tx) => {
        for (const event of eventsOf(at, Math.min(to, at + 10)))
          tx.publish({ ...event, id: environment.random.uuidv7() })
      })
    const relay = createRelay({ environment, source: 'orders', outbox: store.outbox, bus, holder: 'a#1', batch: 40 })
    relay.start()
    await relay.stop()
  }

  beforeEach(async () => {
    system = engine().newSystem()
    shiftMs = 0
    bus = await open()
    keeping = present(bus.keeping)
    store = createMemoryStore({ environment, service: 'orders' })
    raw = await connect({ servers: engine().servers.nodes[0]?.address ?? '' })
  })
  afterEach(async () => {
    await raw.close()
    await store.close()
  })

  it('audits a source: everything there, messages of others counted apart, one that was removed is found', async () => {
    await relayed(0, 200)
    expect(await audit()).toMatchObject({ counted: 200, foreign: 0, missing: 0, duplicated: 0, inverted: 0 })
    await foreign(type, 'no JSON')
    await foreign('never.heard.of', '{}')
    await relayed(200, 300)
    await foreign(type, 'at the end')
    const clean = { counted: 300, missing: 0, duplicated: 0, inverted: 0, from: 1 }
    expect(await audit()).toMatchObject({ ...clean, foreign: 2, to: 302 })
    const jsm = await jetstreamManager(raw)
    await jsm.streams.deleteMessage(`${system}_orders`, 100)
    expect((await audit()).missing).toBeGreaterThan(0)
  })

  it('sees by count what was appended twice, or never, far behind the window', async () => {
    await relayed(0, 100)
    await audit()
    const lease = present(await bus.lease('orders', 'a#1', 10_000))
    await bus.append(lease, eventsOf(500, 503), present(lease.cursor))
    expect(await audit()).toMatchObject({ duplicated: 3 })
  })

  it('begins to count anew after forgetCursor', async () => {
    await relayed(0, 50)
    await audit()
    await bus.forgetCursor('orders')
    expect(await keeping.source('orders')).toMatchObject({ baseline: undefined, cursor: undefined, end: 50 })
  })

  it('drops nothing that only the stream knows the position of, and finds the position after all has gone', async () => {
    const lease = present(await bus.lease('orders', 'a#1', 10_000))
    for (let at = 0; at < 300; at += 50) await bus.append(lease, eventsOf(at, at + 50), cursorAt(at + 50))
    shiftMs = 2 * hour
    const options = { rules: [{ source: 'orders', type, ageMs: hour }] }
    const other = await open()
    // It does not relay, so it must not move the position; what it may drop is what the entry covers.
    const partly = await present(other.keeping).retain(options)
    expect(partly.events).toBeLessThanOrEqual(300)
    await keeping.retain(options)
    expect([await bus.end('orders'), await bus.read('orders', 0, 10)]).toEqual([300, []])
    await bus.append(lease, [eventAt(300)], cursorAt(301))
    shiftMs += 20_000
    const next = present(await other.lease('orders', 'b#1', 10_000))
    expect(next.cursor).toEqual(cursorAt(301))
    expect(placesOf(await other.read('orders', 0, 10))).toEqual([300])
  })

  it('keeps offset and position of a stream that is empty when the server is killed', async () => {
    const lease = present(await bus.lease('orders', 'a#1', 10_000))
    await bus.append(lease, eventsOf(0, 100), cursorAt(100))
    shiftMs = 2 * hour
    await keeping.retain({ rules: [{ source: 'orders', type, ageMs: hour }] })
    expect(await bus.read('orders', 0, 1)).toEqual([])
    const node = present(engine().servers.nodes[0])
    await node.kill()
    await node.start()
    await expect.poll(() => bus.end('orders').catch(() => -1), { timeout: 10_000 }).toBe(100)
    const next = present(await bus.lease('orders', 'a#1', 10_000))
    expect(next.cursor).toEqual(cursorAt(100))
    await bus.append(next, eventsOf(100, 101), cursorAt(101))
    expect((await bus.read('orders', 0, 10)).map(({ offset }) => offset)).toEqual([101])
  })

  it('lets a reader go on that stands in the middle of what is dropped', async () => {
    const lease = present(await bus.lease('orders', 'a#1', 10_000))
    await bus.append(lease, eventsOf(0, 100), cursorAt(100))
    expect(await bus.read('orders', 0, 10)).toHaveLength(10)
    shiftMs = 2 * hour
    await keeping.retain({ rules: [{ source: 'orders', type, ageMs: hour }] })
    await bus.append(lease, eventsOf(100, 120), cursorAt(120))
    expect(placesOf(await bus.read('orders', 10, 100))).toEqual(placesOf(eventsOf(100, 120)))
  })

  it('parks what others wrote and is no event, once, and drops it with what lies around it', async () => {
    await relayed(0, 30)
    const rubbish: (readonly [string, string | Uint8Array])[] = [
      ['never.heard.of.v1', JSON.stringify({ specversion: '1.0' })],
      [type, 'no JSON'],
      [type, Uint8Array.of(0xc3, 0x28)],
      [type, `"${'x'.repeat(300_000)}"`],
      [type, eventAt(1_000).envelope],
    ]
    for (const [subject, data] of rubbish) await foreign(subject, data)
    const refusal = (event: { readonly type: string; readonly envelope: string }): string | undefined => {
      if (event.type !== type) return `UNKNOWN_TYPE: ${event.type}`
      return event.envelope.startsWith('{"specversion":"1.0","id"') ? undefined : event.envelope.slice(0, 40)
    }
    const inbox = store.inbox
    const watched = { source: 'orders', outbox: store.outbox, isOurs: () => true }
    const keeper = createLogKeeper({
      environment,
      keeping,
      sources: [{ ...watched, foreign: { inbox, refusal, holder: 'a#1' } }],
      groups: [],
      rules: [{ source: 'orders', type, ageMs: hour }],
      types: new Map([['orders', new Set([type])]]),
    })
    await keeper.round()
    await keeper.round()
    expect(keeper.status()).toMatchObject({ foreignParked: 4, errors: 0, lastError: undefined })
    const parked = await inbox.parked(10)
    expect(parked.map(({ group, error }) => `${group} ${error}`)).toEqual([
      expect.stringContaining(`${foreignGroup} UNKNOWN_TYPE`),
      expect.stringContaining('no JSON'),
      expect.stringContaining('not UTF-8'),
      expect.stringContaining('over 262144'),
    ])
    // Relayed on, so that the position stands behind them.
    await relayed(30, 40)
    shiftMs = 2 * hour
    const lease = present(await bus.lease('orders', 'a#2', 10_000))
    await bus.append(lease, [], present(lease.cursor))
    await keeper.round()
    expect(await keeping.source('orders')).toMatchObject({ start: 46, end: 45 })
    expect(keeper.status()).toMatchObject({ errors: 0, sources: { orders: { faulty: 0 } } })
  })
})
