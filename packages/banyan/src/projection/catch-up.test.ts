/** A version far behind is brought near the log's end by whole stretches: each event once, in order, whatever breaks. */
import { describe, expect, it } from 'vitest'
import type { StoreTransaction } from '../store/store.ts'
import { many } from '../testing/suites/delivery-rig.ts'
import { createLedgerRig, type LedgerRig } from '../testing/suites/ledger-rig.ts'
import { labels, sampleEvent } from '../testing/suites/sample.ts'
import { catchUpFrom, maxStretch } from './catch-up.ts'

const far = catchUpFrom + maxStretch * 2 + 123

/** Everything that was logged, in order of the log: what the ledger must be. */
async function expectLedger(rig: LedgerRig): Promise<void> {
  expect(byKey(await rig.ledger())).toEqual(byKey(await rig.logged()))
}
function byKey(all: readonly string[]): Record<string, string[]> {
  const keys: Record<string, string[]> = {}
  for (const label of all) {
    const key = label.split(':')[0] as string
    keys[key] = [...(keys[key] ?? []), label]
  }
  return keys
}

describe('catching up', () => {
  it('applies a log in few transactions, in its order, and leaves the end to the consumer', async () => {
    const rig = await createLedgerRig(far)
    const feed = rig.feed()
    await rig.until(async () => (await rig.ledger()).length === far)
    expect(await rig.ledger()).toEqual(await rig.logged())
    expect(rig.passages.length).toBeLessThan(10)
    expect(Math.max(...rig.passages.map(({ events }) => events.length))).toBe(maxStretch)
    await rig.publish('k0:after')
    await rig.until(async () => (await rig.ledger()).length === far + 1)
    expect(rig.delivered()).toBe(1)
    await rig.environment.run(feed.stop())
  })

  it('is not done for a few events', async () => {
    const rig = await createLedgerRig(catchUpFrom - 1)
    rig.feed()
    await rig.until(async () => (await rig.ledger()).length === catchUpFrom - 1)
    expect(rig.passages).toEqual([])
    await expectLedger(rig)
  })

  it('marks what it applies: readers that wait for it find it, audits find no hole', async () => {
    const rig = await createLedgerRig(far)
    rig.feed()
    await rig.until(async () => (await rig.ledger()).length === far)
    const events = await rig.bus.read('producer', 0, 100_000)
    const marked = await rig.consumer.inbox.marked(
      rig.group,
      events.map(({ id }) => id),
    )
    expect(marked.size).toBe(far)
  })

  it('applies an event once that is in the log twice, near or far from itself, before or after the hand-over', async () => {
    const rig = await createLedgerRig(0)
    const events = many(far).map((label) => sampleEvent(label, label.split(':')[0]))
    await rig.append(events.slice(0, 100), events.slice(50, 3_000), events.slice(0, 10), events.slice(2_990))
    const feed = rig.feed()
    await rig.until(async () => (await rig.ledger()).length >= far)
    await rig.append(events.slice(20, 40), [sampleEvent('k1:last', 'k1')])
    await rig.until(async () => (await rig.ledger()).includes('k1:last'))
    expect(await rig.ledger()).toEqual([...labels(events), 'k1:last'])
    expect(rig.passages.length).toBeGreaterThan(0)
    await rig.environment.run(feed.stop())
  })

  it('goes on where a host died, between any two steps: nothing twice, nothing lost', async () => {
    for (let step = 1; step < 40; step += 3) {
      const rig = await createLedgerRig(far, step)
      const host = rig.faultyHost()
      let calls = 0
      rig.onCall = () => {
        calls += 1
        if (calls === step) host.crash()
      }
      rig.feed(host)
      await rig.environment.advance(500)
      rig.onCall = () => undefined
      const successor = rig.feed()
      await rig.until(async () => (await rig.done()) === far)
      await rig.environment.advance(60_000)
      expect(await rig.ledger()).toEqual(await rig.logged())
      await rig.environment.run(successor.stop())
    }
  })

  it('keeps each event once over connections that break before and after their work', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const rig = await createLedgerRig(far, seed)
      const host = rig.faultyHost({ failureRate: 0.2, maxLatencyMs: 20 })
      const feed = rig.feed(host)
      await rig.until(async () => (await rig.done()) >= maxStretch * 2)
      host.heal()
      await rig.until(async () => (await rig.done()) === far)
      await rig.environment.advance(60_000)
      await expectLedger(rig)
      await rig.environment.run(feed.stop())
    }
  })

  it('lets a host that slept through its lease write nothing any more', async () => {
    const rig = await createLedgerRig(far)
    const sleeper = rig.faultyHost()
    let inside = 0
    rig.onCall = () => {
      inside += 1
      if (inside === 8) sleeper.stall(120_000)
    }
    const old = rig.feed(sleeper)
    await rig.environment.advance(1_000)
    rig.onCall = () => undefined
    const successor = rig.feed()
    await rig.until(async () => (await rig.done()) === far)
    await rig.environment.advance(200_000)
    expect(await rig.ledger()).toEqual(await rig.logged())
    await rig.environment.run(Promise.all([old.stop(), successor.stop()]))
  })

  it('leaves an event that cannot be applied to the consumer, which parks its key while others flow', async () => {
    const rig = await createLedgerRig(far)
    const feed = rig.feed(undefined, 'k2:3002')
    await rig.until(async () => (await rig.done()) === far, 3_600_000)
    const without = (await rig.logged()).filter((label) => !label.startsWith('k2') || Number(label.slice(3)) < 3_002)
    expect(byKey(await rig.ledger())).toEqual(byKey(without))
    const [first] = await rig.consumer.inbox.parked(1)
    expect(first?.error).toContain('poison')
    await rig.environment.run(feed.stop())
  })

  it('tries a stretch again in parts, and goes on with whole ones when only that had failed', async () => {
    const rig = await createLedgerRig(far)
    let failures = 0
    rig.beforeApply = (events: number) => {
      if (events > 300 && failures < 3) {
        failures += 1
        throw new Error('too many at once')
      }
    }
    const feed = rig.feed()
    await rig.until(async () => (await rig.ledger()).length === far)
    expect([failures, rig.delivered()]).toEqual([3, 0])
    expect(await rig.ledger()).toEqual(await rig.logged())
    expect(Math.max(...rig.passages.map(({ events }) => events.length))).toBe(maxStretch)
    await rig.environment.run(feed.stop())
  })

  it('stops after the stretch that runs, and begins there again', async () => {
    const rig = await createLedgerRig(far)
    const feed = rig.feed(rig.faultyHost({ maxLatencyMs: 100 }))
    await rig.until(() => rig.passages.length > 0)
    await rig.environment.run(feed.stop())
    const done = (await rig.ledger()).length
    expect(done).toBeLessThan(far)
    const again = rig.feed()
    await rig.until(async () => (await rig.ledger()).length === far)
    expect(await rig.ledger()).toEqual(await rig.logged())
    await rig.environment.run(again.stop())
  })

  it('is left out for a version that was dropped: nothing is applied at all', async () => {
    const rig = await createLedgerRig(far)
    await rig.environment.run(rig.consumer.projections.drop(rig.of))
    rig.feed()
    await rig.environment.advance(10_000)
    expect(await rig.ledger()).toEqual([])
  })
})

describe('a passage', () => {
  it('is refused when the low-water mark is elsewhere, and under an older epoch', async () => {
    const rig = await createLedgerRig(10)
    const { inbox } = rig.consumer
    const claimed = await inbox.claim(rig.group, 'producer', 'one#1', 10_000, 0)
    const epoch = claimed?.epoch ?? 0
    const passage = { group: rig.group, source: 'producer', epoch, after: 0, upTo: 5, events: [] }
    const nothing = async (_tx: StoreTransaction): Promise<void> => undefined
    await rig.consumer.transact(nothing, { passage })
    await expect(rig.consumer.transact(nothing, { passage })).rejects.toMatchObject({ reason: 'PASSAGE_MOVED' })
    await inbox.release(claimed as never)
    await inbox.claim(rig.group, 'producer', 'two#1', 10_000, 0)
    const late = { ...passage, after: 5, upTo: 9 }
    await expect(rig.consumer.transact(nothing, { passage: late })).rejects.toMatchObject({ reason: 'FENCED' })
  })
})
