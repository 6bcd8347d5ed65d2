/** T21, T22: a parked key is given back in order, behind it nothing overtakes, and whatever happens nothing is doubled. */
import { describe, expect, it } from 'vitest'
import { sleep } from '../core/environment/timers.ts'
import { BanyanError } from '../core/error.ts'
import { createLoggedRig, type DeliveryRig } from '../testing/suites/delivery-rig.ts'
import { createFaultyHost } from '../testing/suites/faulty-host.ts'
import { labels } from '../testing/suites/sample.ts'
import type { Consumer } from './consumer.ts'

const of = { group: 'consumer', source: 'producer' } as const

/** A handler that fails for labels in a set that the test empties. */
function createSick(rig: DeliveryRig, ...sick: string[]): { readonly set: Set<string>; start(): Consumer } {
  const set = new Set(sick)
  return {
    set,
    start() {
      const consumer = rig.consume(async (event) => {
        if (set.has(labels([event])[0] as string)) throw new Error('no')
      })
      consumer.start()
      return consumer
    },
  }
}
const parked = async (rig: DeliveryRig): Promise<string[]> => labels(await rig.consumer.inbox.parked(10_000))

describe('a replay', () => {
  it('applies a key’s parked events in order and lets it flow again', async () => {
    const rig = await createLoggedRig('bad:1', 'good:1', 'bad:2')
    rig.relay().start()
    const { set, start } = createSick(rig, 'bad:1')
    const consumer = start()
    await rig.environment.advance(60_000)
    set.clear()
    expect(await rig.consumer.inbox.replay({ ...of, all: true })).toBe(1)
    await rig.environment.advance(5_000)
    expect(await rig.ledger()).toEqual(['good:1', 'bad:1', 'bad:2'])
    expect(consumer.status()).toMatchObject({ replayed: 2, parked: 2 })
    await rig.publish('bad:3')
    await rig.environment.advance(1_000)
    expect((await rig.ledger()).at(-1)).toBe('bad:3')
    expect(await rig.consumer.inbox.replays('consumer', 'producer', 10)).toEqual([])
  })

  it('is never overtaken by newer events of the key, which arrive all the while', async () => {
    const old = Array.from({ length: 40 }, (_, index) => `bad:${index}`)
    const rig = await createLoggedRig(...old)
    rig.relay().start()
    const { set, start } = createSick(rig, 'bad:0')
    start()
    await rig.environment.advance(60_000)
    set.clear()
    await rig.consumer.inbox.replay({ ...of, all: true }, { perSecond: 20 })
    const young: string[] = []
    for (let index = 0; index < 200; index++) {
      young.push(`bad:new ${index}`)
      await rig.publish(`bad:new ${index}`)
      await rig.environment.advance(30)
    }
    await rig.environment.advance(30_000)
    expect(await rig.ledger()).toEqual([...old, ...young])
    expect(await parked(rig)).toEqual([])
  })

  it('keeps its pace', async () => {
    const rig = await createLoggedRig('bad:1', ...Array.from({ length: 50 }, (_, index) => `bad:${index + 2}`))
    const { set, start } = createSick(rig, 'bad:1')
    start()
    await rig.environment.advance(60_000)
    set.clear()
    await rig.consumer.inbox.replay({ ...of, all: true }, { perSecond: 5 })
    await rig.environment.advance(5_000)
    const count = (await rig.ledger()).length
    expect(count).toBeGreaterThanOrEqual(18)
    expect(count).toBeLessThanOrEqual(26)
    await rig.environment.advance(10_000)
    expect(await rig.ledger()).toHaveLength(51)
  })

  it('of an event that fails again parks it with what is behind it, and other keys are replayed', async () => {
    const rig = await createLoggedRig('bad:1', 'bad:2', 'bad:3', 'ill:1', 'ill:2')
    const { set, start } = createSick(rig, 'bad:1', 'bad:2', 'ill:1')
    start()
    await rig.environment.advance(60_000)
    set.delete('bad:1')
    set.delete('ill:1')
    await rig.consumer.inbox.replay({ ...of, all: true })
    await rig.environment.advance(60_000)
    const ledger = await rig.ledger()
    expect(ledger.filter((label) => label.startsWith('bad'))).toEqual(['bad:1'])
    expect(ledger.filter((label) => label.startsWith('ill'))).toEqual(['ill:1', 'ill:2'])
    expect(await rig.consumer.inbox.parked(10)).toMatchObject([
      { key: 'bad', offset: 2, attempts: 8, replays: 1, error: 'Error: no' },
      { key: 'bad', offset: 3, attempts: 0, replays: 0, error: '' },
    ])
    set.clear()
    await rig.consumer.inbox.replay({ ...of, all: true })
    await rig.environment.advance(5_000)
    expect((await rig.ledger()).filter((label) => label.startsWith('bad'))).toEqual(['bad:1', 'bad:2', 'bad:3'])
  })

  it('of one failure, or of one event, leaves the other keys where they are', async () => {
    const rig = await createLoggedRig('a:1', 'b:1', 'c:1')
    let healed = false
    const behaviour = async (event: { key: string }): Promise<void> => {
      if (!healed) throw new Error(event.key === 'c' ? 'something else' : 'no')
    }
    rig.consume(behaviour).start()
    await rig.environment.advance(60_000)
    healed = true
    const [a, b] = await rig.consumer.inbox.parked(10)
    await rig.consumer.inbox.replay({ ...of, eventId: b!.eventId })
    await rig.environment.advance(5_000)
    expect(await rig.ledger()).toEqual(['b:1'])
    await rig.consumer.inbox.replay({ ...of, fingerprint: a!.fingerprint })
    await rig.environment.advance(5_000)
    expect(await rig.ledger()).toEqual(['b:1', 'a:1'])
    expect(await parked(rig)).toEqual(['c:1'])
  })

  it('goes on where it was on the next host, and the one that was killed doubles nothing', async () => {
    const old = Array.from({ length: 30 }, (_, index) => `bad:${index}`)
    const rig = await createLoggedRig(...old)
    const { set, start } = createSick(rig, 'bad:0')
    const first = start()
    await rig.environment.advance(60_000)
    await rig.environment.run(first.stop())
    set.clear()
    await rig.consumer.inbox.replay({ ...of, all: true }, { perSecond: 50 })
    for (let turn = 0; turn < 5; turn++) {
      const host = createFaultyHost(rig.environment, { maxLatencyMs: 8, failureRate: 0.05 })
      rig.consume(async () => sleep(rig.environment.timers, 20), { leaseMs: 2_000 }, host).start()
      await rig.environment.advance(3_000)
      if (turn % 2 === 0) host.crash()
      else host.stall(10_000)
    }
    rig.consume(undefined, { leaseMs: 2_000 }).start()
    await rig.environment.advance(60_000)
    expect(await rig.ledger()).toEqual(old)
    expect(await parked(rig)).toEqual([])
  })

  it('waits out an outage of what the handler needs, without counting it', async () => {
    const rig = await createLoggedRig('bad:1')
    let state: 'sick' | 'away' | 'well' = 'sick'
    rig
      .consume(async () => {
        if (state === 'sick') throw new Error('no')
        if (state === 'away') throw new BanyanError('UNAVAILABLE', 'payments does not answer', { retryable: true })
      })
      .start()
    await rig.environment.advance(60_000)
    state = 'away'
    await rig.consumer.inbox.replay({ ...of, all: true })
    await rig.environment.advance(60_000)
    expect(await parked(rig)).toEqual(['bad:1'])
    state = 'well'
    await rig.environment.advance(60_000)
    expect(await rig.ledger()).toEqual(['bad:1'])
  })

  it('of what was given up goes on behind it, and a key that has nothing left flows', async () => {
    const rig = await createLoggedRig('a:1', 'a:2', 'b:1')
    rig.relay().start()
    const { start } = createSick(rig, 'a:1', 'b:1')
    start()
    await rig.environment.advance(60_000)
    expect(await rig.consumer.inbox.discard({ ...of, all: true }, { by: 'ada', why: 'a test' })).toBe(2)
    await rig.environment.advance(5_000)
    await rig.publish('a:3', 'b:2')
    await rig.environment.advance(5_000)
    const ledger = await rig.ledger()
    expect(ledger.filter((label) => label.startsWith('a'))).toEqual(['a:2', 'a:3'])
    expect(ledger.filter((label) => label.startsWith('b'))).toEqual(['b:2'])
    expect(await parked(rig)).toEqual([])
  })
})

describe('an event older than the marks', () => {
  it('T17: is parked with a reason when it comes again, not applied; a person may replay it', async () => {
    const rig = await createLoggedRig('k:1', 'k:2')
    const consumer = rig.consume()
    consumer.start()
    await rig.environment.advance(5_000)
    const [first] = await rig.bus.read('producer', 0, 1)
    const assignment = { ...of, epoch: consumer.status().epoch ?? 0, cursor: 0 }
    // Half a year later in the stream's own time, marks are trimmed.
    const later = rig.environment.clock.now() + 180 * 86_400_000
    const head = later.toString(16).padStart(12, '0')
    const id = `${head.slice(0, 8)}-${head.slice(8)}${first!.id.slice(13)}`
    await rig.environment.run(consumer.stop())
    rig.environment.skewClock(180 * 86_400_000)
    await append(rig, { ...first!, id, key: 'other' })
    const second = rig.consume(undefined, { keepMarksMs: 7 * 86_400_000 })
    second.start()
    await rig.environment.advance(1_000)
    await rig.consumer.inbox.trim({ ...assignment, epoch: second.status().epoch ?? 0 }, 7 * 86_400_000)
    expect(await rig.consumer.inbox.marked('consumer', [first!.id])).toEqual(new Set())
    await rig.environment.run(second.stop())
    // The log gives the old one again, as one that was rebuilt from a backup does.
    await append(rig, first!)
    rig.consume().start()
    await rig.environment.advance(5_000)
    expect(await rig.ledger()).toEqual(['k:1', 'k:2', 'k:1'])
    expect(await rig.consumer.inbox.parked(10)).toMatchObject([
      { eventId: first!.id, attempts: 0, error: expect.stringMatching(/^OLDER_THAN_MARKS: /) },
    ])
    await rig.consumer.inbox.replay({ ...of, all: true })
    await rig.environment.advance(5_000)
    expect(await rig.ledger()).toEqual(['k:1', 'k:2', 'k:1', 'k:1'])
  })
})

async function append(
  rig: DeliveryRig,
  event: { id: string; type: string; key: string; envelope: string },
): Promise<void> {
  const lease = (await rig.bus.lease('producer', 'rebuilder', 1))!
  const { id, type, key, envelope } = event
  await rig.bus.append(lease, [{ id, type, key, envelope }], lease.cursor!)
  await rig.bus.release(lease)
}
