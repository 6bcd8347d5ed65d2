/** Handlers that take many events at once: what a batch is made of, and what becomes of one that fails. */
import { describe, expect, it } from 'vitest'
import { sleep } from '../core/environment/timers.ts'
import { createDeliveryRig, createLoggedRig, type DeliveryRig, many } from '../testing/suites/delivery-rig.ts'
import { labels, sampleEvent } from '../testing/suites/sample.ts'
import type { LoggedEvent } from './bus.ts'
import type { Consumer } from './consumer.ts'
import type { ConsumerOptions } from './consumer-options.ts'

type Behaviour = (events: readonly LoggedEvent[]) => Promise<void>

/** A consumer whose handler takes batches and writes their effects in one transaction. */
function consume(
  rig: DeliveryRig,
  batch: { readonly size: number; readonly waitMs: number },
  behaviour: Behaviour,
  options: Partial<ConsumerOptions> = {},
): Consumer {
  return rig.consume(async () => Promise.reject(new Error('not in batches')), {
    policyOf: () => ({ batch }),
    handleBatch: async (events, _attempt, delivery, signal) =>
      rig.consumer.transact(
        async (tx) => {
          await behaviour(events)
          for (const event of events) tx.publish(sampleEvent(labels([event])[0] as string, event.key))
        },
        { delivery, signal },
      ),
    ...options,
  })
}

const ofKey = (all: readonly string[], key: string): string[] => all.filter((label) => label.startsWith(`${key}:`))

function expectOrder(ledger: readonly string[], wanted: readonly string[], keys: number): void {
  expect(ledger).toHaveLength(wanted.length)
  for (let key = 0; key < keys; key++) expect(ofKey(ledger, `k${key}`)).toEqual(ofKey(wanted, `k${key}`))
}

describe('a batch', () => {
  it('takes so many events at most, those of a key in order and next to each other', async () => {
    const wanted = many(250, 7)
    const rig = await createLoggedRig(...wanted)
    const sizes: number[] = []
    const behaviour: Behaviour = async (events) => {
      sizes.push(events.length)
      const keys = events.map((event) => event.key)
      expect(keys.filter((key, index) => key !== keys[index - 1])).toHaveLength(new Set(keys).size)
    }
    const consumer = consume(rig, { size: 100, waitMs: 5 }, behaviour)
    consumer.start()
    await rig.environment.advance(1_000)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100)
    expect(sizes.length).toBeLessThanOrEqual(6)
    expectOrder(await rig.ledger(), wanted, 7)
    expect(consumer.status()).toMatchObject({ applied: 250, cursor: 250, buffered: 0, failed: 0 })
  })

  it('of one key alone takes it piece by piece', async () => {
    const wanted = many(95, 1)
    const rig = await createLoggedRig(...wanted)
    const sizes: number[] = []
    consume(rig, { size: 30, waitMs: 0 }, async (events) => void sizes.push(events.length)).start()
    await rig.environment.advance(1_000)
    expect(sizes).toEqual([30, 30, 30, 5])
    expect(await rig.ledger()).toEqual(wanted)
  })

  it('waits for more, but not for long', async () => {
    const rig = createDeliveryRig()
    rig.relay().start()
    const at: [number, number][] = []
    const behaviour: Behaviour = async (events) => {
      at.push([events.length, rig.environment.clock.monotonic()])
    }
    consume(rig, { size: 100, waitMs: 50 }, behaviour).start()
    await rig.environment.advance(1_000)
    const startMs = rig.environment.clock.monotonic()
    await rig.publish('a:1')
    await rig.environment.advance(20)
    await rig.publish('b:1', 'a:2')
    await rig.environment.advance(500)
    expect(at.map(([size]) => size)).toEqual([3])
    const waited = (at[0]?.[1] ?? 0) - startMs
    expect(waited).toBeGreaterThanOrEqual(50)
    expect(waited).toBeLessThan(100)
    expect(await rig.ledger()).toEqual(['a:1', 'a:2', 'b:1'])
  })

  it('that fails is taken apart: one poison event holds its own key only', async () => {
    const wanted = many(60, 6)
    const rig = await createLoggedRig(...wanted)
    const sizes: number[] = []
    const behaviour: Behaviour = async (events) => {
      sizes.push(events.length)
      if (labels(events).includes('k3:21')) throw new Error('poison')
    }
    const consumer = consume(rig, { size: 50, waitMs: 5 }, behaviour)
    consumer.start()
    await rig.environment.advance(60_000)
    const parked = labels(await rig.consumer.inbox.parked(100))
    expect(parked).toEqual(ofKey(wanted, 'k3').slice(3))
    const ledger = await rig.ledger()
    expect(ledger).toHaveLength(60 - parked.length)
    for (const key of ['k0', 'k1', 'k2', 'k4', 'k5']) expect(ofKey(ledger, key)).toEqual(ofKey(wanted, key))
    expect(ofKey(ledger, 'k3')).toEqual(ofKey(wanted, 'k3').slice(0, 3))
    expect(await rig.consumer.inbox.parked(1)).toMatchObject([{ attempts: 8 }])
    expect(consumer.status()).toMatchObject({ cursor: 60, failed: 8 })
  })

  it('with an event that was applied before applies the others', async () => {
    const wanted = many(20, 4)
    const rig = await createLoggedRig(...wanted)
    const assignment = await rig.consumer.inbox.claim('consumer', 'producer', 'other', 1_000, 0)
    const [first] = await rig.bus.read('producer', 0, 1)
    const mark = { ...assignment!, eventId: first!.id, offset: 1, key: first!.key }
    await rig.consumer.transact(async () => undefined, { delivery: mark })
    await rig.consumer.inbox.release(assignment!)
    // Intake knows nothing of the mark, as for one written by an ambiguous commit.
    const marked = async (group: string, ids: readonly string[]): Promise<ReadonlySet<string>> =>
      ids.length === 1 ? rig.consumer.inbox.marked(group, ids) : new Set()
    consume(rig, { size: 50, waitMs: 5 }, async () => undefined, { inbox: { ...rig.consumer.inbox, marked } }).start()
    await rig.environment.advance(10_000)
    expect((await rig.ledger()).toSorted()).toEqual(wanted.slice(1).toSorted())
  })

  it('does not take lanes that are parked, and parks their events behind', async () => {
    const rig = await createLoggedRig('bad:1', 'good:1')
    rig.relay().start()
    consume(rig, { size: 50, waitMs: 5 }, async (events) => {
      if (events.some((event) => event.key === 'bad')) throw new Error('no')
    }).start()
    await rig.environment.advance(60_000)
    await rig.publish('good:2', 'bad:2', 'good:3')
    await rig.environment.advance(5_000)
    expect(await rig.ledger()).toEqual(['good:1', 'good:2', 'good:3'])
    expect(labels(await rig.consumer.inbox.parked(10))).toEqual(['bad:1', 'bad:2'])
  })

  it('loses and doubles nothing when its host is stopped in the middle', async () => {
    const wanted = many(400, 9)
    const rig = await createLoggedRig(...wanted)
    const slow: Behaviour = async () => sleep(rig.environment.timers, 40)
    for (let turn = 0; turn < 6; turn++) {
      const consumer = consume(rig, { size: 40, waitMs: 5 }, slow)
      consumer.start()
      await rig.environment.advance(30 + turn * 7)
      await rig.environment.run(consumer.stop({ withinMs: turn % 2 === 0 ? 0 : 1_000 }))
    }
    consume(rig, { size: 40, waitMs: 5 }, slow).start()
    await rig.environment.advance(10_000)
    expectOrder(await rig.ledger(), wanted, 9)
  })
})
