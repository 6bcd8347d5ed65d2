import { describe, expect, it } from 'vitest'
import { createDeliveryRig, type DeliveryRig, many } from '../testing/suites/delivery-rig.ts'
import { present } from '../testing/suites/sample.ts'
import { createLogKeeper, type LogKeeper, type LogKeeperOptions } from './log-keeper.ts'

const minute = 60_000
const type = 'sample.happened.v1'

function keeperOf(rig: DeliveryRig, given: Partial<LogKeeperOptions> = {}): LogKeeper {
  return createLogKeeper({
    environment: rig.environment,
    keeping: present(rig.bus.keeping),
    sources: [{ source: 'producer', outbox: rig.producer.outbox, isOurs: () => true }],
    groups: [],
    ...given,
  })
}

describe('a keeper of the log', () => {
  it('drops what is past its rule, and leaves what a slow consumer has still to read, saying who', async () => {
    const rig = createDeliveryRig()
    rig.relay().start()
    const consumer = rig.consume(
      async () => {
        throw new Error('not today')
      },
      { retry: { maxAttempts: 1_000_000, maxOutageAttempts: 1_000_000 } },
    )
    consumer.start()
    await rig.publish(...many(10))
    const warned: string[] = []
    const log = { info: () => undefined, warn: (text: string) => warned.push(text) }
    const keeper = keeperOf(rig, {
      rules: [{ source: 'producer', type, ageMs: 10 * minute }],
      everyMs: minute,
      readerTtlMs: 20 * minute,
      log,
    })
    keeper.start()
    await rig.environment.advance(30 * minute)
    expect(await rig.logged()).toHaveLength(10)
    expect(keeper.status().pinned).toMatchObject([{ source: 'producer', group: 'consumer', cursor: 0, events: 10 }])
    expect(keeper.status().readers).toMatchObject([{ group: 'consumer', cursor: 0 }])
    expect(warned.filter((text) => text.includes('wait for a reader'))).toHaveLength(1)
    await rig.environment.run(consumer.stop())
    // It is gone for longer than readers are waited for.
    await rig.environment.advance(25 * minute)
    expect(await rig.logged()).toEqual([])
    expect(keeper.status()).toMatchObject({ pinned: [], dropped: { events: 10 }, errors: 0 })
    await rig.environment.run(keeper.stop(1_000))
  })

  it('drops behind a consumer that keeps up', async () => {
    const rig = createDeliveryRig()
    rig.relay().start()
    rig.consume().start()
    const keeper = keeperOf(rig, { rules: [{ source: 'producer', type, ageMs: 10 * minute }], everyMs: minute })
    keeper.start()
    for (let round = 0; round < 4; round += 1) {
      await rig.publish(...many(10))
      await rig.environment.advance(10 * minute)
    }
    expect((await rig.logged()).length).toBeLessThanOrEqual(20)
    expect(await rig.ledger()).toHaveLength(40)
    expect(keeper.status().pinned).toEqual([])
  })

  it('audits sources that are ours and groups from where it found them, and counts what it finds', async () => {
    const rig = createDeliveryRig()
    rig.relay().start()
    const consumer = rig.consume()
    consumer.start()
    let isOurs = false
    const lost = new Set<string>()
    const inbox: typeof rig.consumer.inbox = {
      ...rig.consumer.inbox,
      marked: async (group, ids) =>
        new Set([...(await rig.consumer.inbox.marked(group, ids))].filter((id) => !lost.has(id))),
    }
    const keeper = keeperOf(rig, {
      sources: [{ source: 'producer', outbox: rig.producer.outbox, isOurs: () => isOurs }],
      groups: [
        {
          source: 'producer',
          group: 'consumer',
          inbox,
          types: new Set([type]),
          lowWater: () => consumer.status().cursor,
        },
      ],
    })
    await rig.publish(...many(10))
    await rig.environment.advance(5_000)
    await keeper.round()
    expect(keeper.status()).toMatchObject({ rounds: 1, sources: {}, groups: {} })
    isOurs = true
    await rig.publish(...many(10))
    await rig.environment.advance(5_000)
    await keeper.round()
    expect(keeper.status().sources['producer']).toMatchObject({ last: { counted: 20, missing: 0 }, faulty: 0 })
    expect(keeper.status().groups['consumer producer']).toEqual({
      last: { checked: 10, unmarked: 0, examples: [], from: 10, to: 20 },
      faulty: 0,
    })
    await rig.publish(...many(5))
    await rig.environment.advance(5_000)
    for (const event of await rig.bus.read('producer', 22, 2)) lost.add(event.id)
    await keeper.round()
    expect(keeper.status().groups['consumer producer']).toMatchObject({ last: { unmarked: 2 }, faulty: 1 })
  })

  it('goes on after a round that failed, and says why it did', async () => {
    const rig = createDeliveryRig()
    const keeping = present(rig.bus.keeping)
    let away = true
    const broken: typeof keeping = {
      ...keeping,
      retain: async (options) => {
        if (away) throw new Error('no log')
        return keeping.retain(options)
      },
    }
    const keeper = keeperOf(rig, { keeping: broken })
    await keeper.round()
    expect(keeper.status()).toMatchObject({ errors: 1, lastError: 'retention: Error: no log' })
    away = false
    await keeper.round()
    expect(keeper.status()).toMatchObject({ rounds: 2, errors: 1, lastError: undefined })
  })
})

describe('audits are told apart', () => {
  it('by what they found, when they could last run, and why they cannot', async () => {
    const rig = createDeliveryRig()
    rig.relay().start()
    await rig.publish(...many(3))
    await rig.environment.advance(1_000)
    const keeping = present(rig.bus.keeping)
    let away = false
    const shaky = {
      ...keeping,
      source: async (source: string) => {
        if (away) throw new Error('the log is away')
        return keeping.source(source)
      },
    }
    let ours = true
    const source = { source: 'producer', outbox: rig.producer.outbox, isOurs: () => ours }
    const keeper = keeperOf(rig, { keeping: shaky, sources: [source] })
    expect(keeper.status().audits).toEqual({})
    await keeper.round()
    const findings = { missing: 0, duplicated: 0, inverted: 0 }
    const doneAtMs = rig.environment.clock.now()
    const run = { source: 'producer', doneAtMs, error: undefined, faulty: 0, findings }
    expect(keeper.status().audits).toEqual({ producer: run })
    away = true
    await rig.environment.advance(minute)
    await keeper.round()
    expect(keeper.status().audits).toEqual({ producer: { ...run, error: 'Error: the log is away' } })
    away = false
    await keeper.round()
    expect(keeper.status().audits['producer']).toMatchObject({ doneAtMs: doneAtMs + minute, error: undefined })
    // Another host relays it now, and tells of its audits.
    ours = false
    await keeper.round()
    expect(keeper.status().audits).toEqual({})
  })

  it('one that never could run has no time', async () => {
    const rig = createDeliveryRig()
    const keeping = { ...present(rig.bus.keeping), source: () => Promise.reject(new Error('away')) }
    const keeper = keeperOf(rig, { keeping })
    await keeper.round()
    expect(keeper.status().audits['producer']).toMatchObject({
      doneAtMs: undefined,
      error: 'Error: away',
      findings: {},
    })
  })
})
