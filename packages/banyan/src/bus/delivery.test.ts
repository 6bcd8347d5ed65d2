/**
 * The guarantee, attacked: random latencies, failures, lost answers, crashes and stalls of relays and consumers, many seeds.
 * The ledger must show every event once, in the order of its key; whatever was parked must have nothing of its key after it.
 */
import { describe, expect, it } from 'vitest'
import { sleep } from '../core/environment/timers.ts'
import { BanyanError } from '../core/error.ts'
import { createDeliveryRig, type DeliveryRig } from '../testing/suites/delivery-rig.ts'
import { createFaultyHost, type Faults, type FaultyHost } from '../testing/suites/faulty-host.ts'
import { labels } from '../testing/suites/sample.ts'

const faults: Faults = { maxLatencyMs: 15, failureRate: 0.03 }
const leaseMs = 1_500
const keys = 6
/** Publishing takes about as long. */
const attackMs = 16_000

interface Running {
  readonly host: FaultyHost
  start(): void
}

/** Two hosts of a kind; every so often one of them crashes and is replaced, or stalls for longer than its lease. */
async function churn(rig: DeliveryRig, make: (host: FaultyHost) => Running, isOver: () => boolean): Promise<void> {
  const { random, timers } = rig.environment
  const launch = (): Running => {
    const running = make(createFaultyHost(rig.environment, faults))
    running.start()
    return running
  }
  const hosts = [launch(), launch()]
  while (!isOver()) {
    await sleep(timers, 100 + random.next() * 1_200)
    const index = random.next() < 0.5 ? 0 : 1
    if (random.next() < 0.5) {
      hosts[index]?.host.crash()
      hosts[index] = launch()
    } else hosts[index]?.host.stall(random.next() * 3 * leaseMs)
  }
  for (const { host } of hosts) host.heal()
}

async function attack(seed: number, eventCount: number, poison: ReadonlySet<string>): Promise<DeliveryRig> {
  const rig = createDeliveryRig(seed)
  const { random, timers } = rig.environment
  const over = (): boolean => rig.environment.clock.monotonic() > attackMs
  const behaviour = async (event: { readonly envelope: string }): Promise<void> => {
    await sleep(timers, random.next() * 25)
    if (poison.has(labels([event])[0] as string)) throw new Error('poison')
    if (random.next() < 0.1) throw new BanyanError('UNAVAILABLE', 'an outage')
  }
  const retry = { maxMs: 500, maxAttempts: 5, maxOutageAttempts: 1_000 }
  const relays = churn(rig, (host) => ({ host, ...rig.relay(host, { leaseMs, batch: 20 }) }), over)
  const options = { leaseMs, retry, concurrency: 4, maxBuffered: 60, pageSize: 25, maxAhead: 200 }
  const consumers = churn(rig, (host) => ({ host, ...rig.consume(behaviour, options, host) }), over)
  const publishing = Array.from({ length: keys }, async (_, key) => {
    for (let index = key; index < eventCount; index += keys) {
      await sleep(timers, random.next() * 700)
      await rig.publish(`k${key}:${index}`)
    }
  })
  const done = async (): Promise<boolean> => {
    await Promise.all(publishing)
    const settled = (await rig.ledger()).length + (await rig.consumer.inbox.parked(10_000)).length
    return settled >= eventCount
  }
  await rig.until(done)
  await rig.environment.run(Promise.all([relays, consumers]))
  await rig.environment.advance(10_000)
  return rig
}

function of(key: number, all: readonly string[]): number[] {
  return all.filter((label) => label.startsWith(`k${key}:`)).map((label) => Number(label.split(':')[1]))
}
function expected(key: number, eventCount: number): number[] {
  return Array.from({ length: eventCount }, (_, index) => index).filter((index) => index % keys === key)
}

describe('every event is applied once, in the order of its key', () => {
  it.each(Array.from({ length: 12 }, (_, index) => index + 1))('whatever happens to hosts, seed %i', async (seed) => {
    const count = 240
    const rig = await attack(seed, count, new Set())
    const [log, ledger] = [await rig.logged(), await rig.ledger()]
    for (let key = 0; key < keys; key++) {
      expect(of(key, log)).toEqual(expected(key, count))
      expect(of(key, ledger)).toEqual(expected(key, count))
    }
    expect(await rig.consumer.inbox.parked(10)).toEqual([])
  })

  it.each([21, 22, 23, 24, 5018, 5038, 5040, 5041])('or parked with everything behind it, seed %i', async (seed) => {
    const count = 240
    const rig = await attack(seed, count, new Set(['k2:50', 'k4:100']))
    const [ledger, parked] = [await rig.ledger(), labels(await rig.consumer.inbox.parked(10_000))]
    for (let key = 0; key < keys; key++) {
      expect([...of(key, ledger), ...of(key, parked)]).toEqual(expected(key, count))
      expect(of(key, parked)[0]).toBe(key === 2 ? 50 : key === 4 ? 100 : undefined)
    }
  })
})
