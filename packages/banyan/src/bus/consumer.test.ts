import { describe, expect, it } from 'vitest'
import { sleep } from '../core/environment/timers.ts'
import { BanyanError } from '../core/error.ts'
import { createDeliveryRig, type DeliveryRig } from '../testing/suites/delivery-rig.ts'
import { createFaultyHost } from '../testing/suites/faulty-host.ts'
import { labels, sampleEvent } from '../testing/suites/sample.ts'
import type { Bus } from './bus.ts'

const many = (count: number, keys = 5): string[] =>
  Array.from({ length: count }, (_, index) => `k${index % keys}:${index}`)
const ofKey = (all: readonly string[], key: string): string[] => all.filter((label) => label.startsWith(`${key}:`))
const no = async (): Promise<void> => Promise.reject(new Error('no'))

/** Events that are in the log already. */
async function logged(...all: string[]): Promise<DeliveryRig> {
  const rig = createDeliveryRig()
  await rig.publish(...all)
  const relay = rig.relay()
  relay.start()
  await rig.environment.run(relay.stop())
  return rig
}

describe('the consumer', () => {
  it('applies each event once, in order per key', async () => {
    const rig = await logged(...many(100))
    const consumer = rig.consume(async () => sleep(rig.environment.timers, rig.environment.random.next() * 20))
    consumer.start()
    await rig.environment.advance(5_000)
    const ledger = await rig.ledger()
    expect(ledger.toSorted()).toEqual(many(100).toSorted())
    for (let key = 0; key < 5; key++) expect(ofKey(ledger, `k${key}`)).toEqual(ofKey(many(100), `k${key}`))
    expect(consumer.status()).toMatchObject({ state: 'assigned', applied: 100, failed: 0, cursor: 100, buffered: 0 })
  })

  it('works on different keys at the same time, up to its concurrency, and on one key alone', async () => {
    const rig = await logged(...many(40, 10))
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
    const rig = await logged('slow:1', 'slow:2', ...many(20))
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
    const rig = await logged(...many(10))
    const consumer = rig.consume(undefined, { subscriptions: new Map() })
    consumer.start()
    await rig.environment.advance(2_000)
    expect(await rig.ledger()).toEqual([])
    expect(consumer.status()).toMatchObject({ cursor: 10, applied: 0, skipped: 10 })
  })

  it('begins a new group at the end when it is told to', async () => {
    const rig = await logged(...many(10))
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
  })
})

describe('a failing delivery', () => {
  it('is tried again after 50, 100, 200 … ms at most, eight times, and then parked', async () => {
    const rig = await logged('bad:1')
    const at: number[] = []
    const attempts: number[] = []
    const environment = { ...rig.environment, random: { ...rig.environment.random, next: () => 1 } }
    const consumer = rig.consume(
      async (_event, attempt) => {
        at.push(rig.environment.clock.monotonic())
        attempts.push(attempt)
        await no()
      },
      { environment },
    )
    const startMs = rig.environment.clock.monotonic()
    consumer.start()
    await rig.environment.advance(600_000)
    expect(at.map((ms) => ms - startMs)).toEqual([0, 50, 150, 350, 750, 1_550, 3_150, 6_350])
    expect(attempts).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(await rig.consumer.inbox.parked(10)).toMatchObject([
      { key: 'bad', offset: 1, attempts: 8, error: 'Error: no', type: 'sample.happened.v1' },
    ])
    expect(consumer.status()).toMatchObject({ failed: 8, parked: 1, applied: 0, cursor: 1 })
  })

  it('is spread by full jitter under that ceiling', async () => {
    const rig = await logged(...many(50, 50))
    const at = new Map<string, number[]>()
    const behaviour = async (event: { key: string }): Promise<void> => {
      at.set(event.key, [...(at.get(event.key) ?? []), rig.environment.clock.monotonic()])
      await no()
    }
    rig.consume(behaviour, { concurrency: 50 }).start()
    await rig.environment.advance(60_000)
    const first = [...at.values()].map(([one, two]) => (two as number) - (one as number))
    expect(Math.max(...first)).toBeLessThanOrEqual(50)
    expect(Math.min(...first)).toBeLessThan(10)
    expect(new Set(first).size).toBeGreaterThan(40)
  })

  it('holds back its own key and no other, in order', async () => {
    const rig = await logged('bad:1', 'good:1', 'bad:2', 'good:2')
    let failures = 3
    rig
      .consume(async (event) => {
        if (labels([event])[0] === 'bad:1' && failures-- > 0) await no()
      })
      .start()
    await rig.environment.advance(5_000)
    expect(await rig.ledger()).toEqual(['good:1', 'good:2', 'bad:1', 'bad:2'])
  })

  it('parks its key with all successors, also those to come, while other keys flow', async () => {
    const rig = await logged('bad:1', 'good:1', 'bad:2')
    rig.relay().start()
    const handled: string[] = []
    const consumer = rig.consume(async (event) => {
      handled.push(labels([event])[0] as string)
      if (event.key === 'bad') await no()
    })
    consumer.start()
    await rig.environment.advance(60_000)
    await rig.publish('good:2', 'bad:3')
    await rig.environment.advance(5_000)
    const parked = await rig.consumer.inbox.parked(10)
    expect(parked.map((event) => [labels([event])[0], event.attempts, event.error])).toEqual([
      ['bad:1', 8, 'Error: no'],
      ['bad:2', 0, ''],
      ['bad:3', 0, ''],
    ])
    expect(await rig.ledger()).toEqual(['good:1', 'good:2'])
    expect(handled).not.toContain('bad:2')
    expect(consumer.status()).toMatchObject({ cursor: 5, parked: 3 })
  })

  it('keeps successors parked when the answer to a park is lost', async () => {
    const rig = await logged('bad:1', 'bad:2')
    let parks = 0
    const park: typeof rig.consumer.inbox.park = async (...given) => {
      await rig.consumer.inbox.park(...given)
      parks += 1
      if (parks === 1) throw new BanyanError('UNAVAILABLE', 'the connection broke', { outcome: 'unknown' })
    }
    const behaviour = async (event: { readonly envelope: string }): Promise<void> => {
      if (labels([event])[0] === 'bad:1') await no()
    }
    rig.consume(behaviour, { inbox: { ...rig.consumer.inbox, park } }).start()
    await rig.environment.advance(60_000)
    expect(await rig.ledger()).toEqual([])
    expect(labels(await rig.consumer.inbox.parked(10))).toEqual(['bad:1', 'bad:2'])
  })

  it('keeps parked keys parked for the next host', async () => {
    const rig = await logged('bad:1')
    const first = rig.consume(no)
    first.start()
    await rig.environment.advance(60_000)
    await rig.environment.run(first.stop())
    rig.relay().start()
    rig.consume().start()
    await rig.publish('bad:2', 'good:1')
    await rig.environment.advance(5_000)
    expect(await rig.ledger()).toEqual(['good:1'])
    expect(labels(await rig.consumer.inbox.parked(10))).toEqual(['bad:1', 'bad:2'])
  })

  it('counts its failures over restarts', async () => {
    const rig = await logged('bad:1')
    let tries = 0
    const behaviour = async (): Promise<void> => {
      tries += 1
      await no()
    }
    for (let restart = 0; restart < 20; restart++) {
      const consumer = rig.consume(behaviour)
      consumer.start()
      await rig.environment.advance(1)
      await rig.environment.run(consumer.stop())
    }
    expect(tries).toBe(8)
    expect(await rig.consumer.inbox.parked(10)).toMatchObject([{ attempts: 8 }])
  })

  it('parks at once for a terminal error', async () => {
    const rig = await logged('bad:1', 'bad:2')
    const unreadable = async (): Promise<void> =>
      Promise.reject(new BanyanError('INVALID_ARGUMENT', 'the envelope is no JSON', { reason: 'BAD_ENVELOPE' }))
    rig.consume(unreadable).start()
    await rig.environment.advance(10)
    expect(await rig.consumer.inbox.parked(10)).toMatchObject([
      { offset: 1, attempts: 1 },
      { offset: 2, attempts: 0 },
    ])
  })

  it('outlives an outage of a minute of what it calls, and parks for one that does not end', async () => {
    const rig = await logged('k:1', 'dead:1')
    const away = async (event: { key: string }): Promise<void> => {
      if (event.key === 'dead' || rig.environment.clock.monotonic() < 60_000)
        throw new BanyanError('UNAVAILABLE', 'payments does not answer', { retryable: true })
    }
    const consumer = rig.consume(away)
    consumer.start()
    await rig.environment.advance(120_000)
    expect(await rig.ledger()).toEqual(['k:1'])
    expect(await rig.consumer.inbox.parked(10)).toEqual([])
    await rig.environment.advance(3_600_000)
    expect(await rig.consumer.inbox.parked(10)).toMatchObject([{ key: 'dead', attempts: 50 }])
  })

  it('ends at its deadline also when the handler hears no signal, and what comes late is not applied', async () => {
    const rig = await logged('k:1')
    const behaviour = async (_event: unknown, attempt: number): Promise<void> => {
      if (attempt === 1) await sleep(rig.environment.timers, 90_000)
    }
    const consumer = rig.consume(behaviour, { handlerTimeoutMs: 60_000 })
    consumer.start()
    await rig.environment.advance(61_000)
    expect(await rig.ledger()).toEqual(['k:1'])
    await rig.environment.advance(60_000)
    expect(await rig.ledger()).toEqual(['k:1'])
    expect(consumer.status()).toMatchObject({ applied: 1, failed: 1 })
  })

  it('takes a contract’s own ALREADY_APPLIED or FENCED for the failure it is', async () => {
    const rig = await logged('a:1', 'b:1')
    const behaviour = async (event: { key: string }): Promise<void> => {
      const reason = event.key === 'a' ? 'ALREADY_APPLIED' : 'FENCED'
      throw new BanyanError('ALREADY_EXISTS', 'this coupon was used before', { reason })
    }
    rig.consume(behaviour).start()
    await rig.environment.advance(60_000)
    expect((await rig.consumer.inbox.parked(10)).map((event) => event.attempts)).toEqual([8, 8])
  })
})

describe('an assignment', () => {
  it('passes on when its host dies, and nothing is applied twice', async () => {
    const rig = await logged(...many(200))
    const host = createFaultyHost(rig.environment, { maxLatencyMs: 4 })
    const behaviour = async (): Promise<void> => sleep(rig.environment.timers, 5)
    rig.consume(behaviour, {}, host).start()
    await rig.environment.advance(50)
    const second = rig.consume(behaviour)
    second.start()
    await rig.environment.advance(150)
    host.crash()
    const before = (await rig.ledger()).length
    expect(before).toBeGreaterThan(10)
    expect(before).toBeLessThan(190)
    expect(second.status().state).toBe('waiting')
    await rig.environment.advance(40_000)
    expect((await rig.ledger()).toSorted()).toEqual(many(200).toSorted())
    expect(second.status()).toMatchObject({ state: 'assigned', epoch: 2, cursor: 200 })
  })

  it('does not apply again what was applied before the cursor could move', async () => {
    const rig = await logged(...many(50))
    const host = createFaultyHost(rig.environment)
    const handled: string[] = []
    const note = async (event: { envelope: string }): Promise<void> => void handled.push(...labels([event]))
    rig.consume(note, { advanceEveryMs: 1_000_000, leaseMs: 1_000 }, host).start()
    await rig.environment.advance(10)
    host.crash()
    const second = rig.consume(note)
    second.start()
    await rig.environment.advance(5_000)
    expect(handled).toHaveLength(50)
    expect(second.status()).toMatchObject({ cursor: 50, applied: 0, skipped: 50 })
  })

  it('fences a handler that was paused and finishes after the take-over', async () => {
    const rig = await logged('k:1', 'k:2')
    const host = createFaultyHost(rig.environment)
    const paused = rig.consume(
      async () => {
        await sleep(rig.environment.timers, 50)
        host.stall(60_000)
      },
      { leaseMs: 10_000, handlerTimeoutMs: 1_000_000 },
      host,
    )
    paused.start()
    await rig.environment.advance(100)
    const second = rig.consume(undefined, { leaseMs: 10_000 })
    second.start()
    await rig.environment.advance(30_000)
    expect(await rig.ledger()).toEqual(['k:1', 'k:2'])
    await rig.environment.advance(60_000)
    expect(await rig.ledger()).toEqual(['k:1', 'k:2'])
    expect(paused.status()).toMatchObject({ state: 'waiting', applied: 0 })
  })

  it('is given up before it runs out when it cannot be renewed, and its handlers are told', async () => {
    const rig = await logged('k:1')
    let away = false
    const claim: typeof rig.consumer.inbox.claim = async (...given) => {
      if (away) throw new BanyanError('UNAVAILABLE', 'no database')
      return rig.consumer.inbox.claim(...given)
    }
    let toldMs = 0
    const behaviour = async (_event: unknown, _attempt: number, signal: AbortSignal): Promise<void> => {
      signal.addEventListener('abort', () => {
        toldMs = rig.environment.clock.monotonic()
      })
      await sleep(rig.environment.timers, 45_000)
    }
    const inbox = { ...rig.consumer.inbox, claim }
    const consumer = rig.consume(behaviour, { inbox, leaseMs: 30_000 })
    consumer.start()
    await rig.environment.advance(100)
    away = true
    await rig.environment.advance(40_000)
    expect(toldMs).toBe(30_000)
    expect(consumer.status()).toMatchObject({ state: 'waiting', lastError: 'UNAVAILABLE: no database' })
    expect(await rig.ledger()).toEqual([])
    away = false
    await rig.environment.advance(60_000)
    expect(await rig.ledger()).toEqual(['k:1'])
  })

  it('goes at once to the next host when it is stopped, behind what was applied', async () => {
    const rig = await logged(...many(100))
    const behaviour = async (): Promise<void> => sleep(rig.environment.timers, 20)
    const first = rig.consume(behaviour)
    first.start()
    await rig.environment.advance(50)
    await rig.environment.run(first.stop())
    const applied = (await rig.ledger()).length
    expect(first.status()).toMatchObject({ state: 'stopped', applied, running: 0 })
    const next = (await rig.consumer.inbox.claim('consumer', 'producer', 'next', 1_000, 0))!
    expect(next.cursor).toBe(applied)
    await rig.environment.advance(10_000)
    expect(await rig.ledger()).toHaveLength(applied)
  })

  it('ends with aborted handlers when they do not finish in time, and does not count that against them', async () => {
    const rig = await logged('k:1')
    const consumer = rig.consume(async () => sleep(rig.environment.timers, 30_000))
    consumer.start()
    await rig.environment.advance(100)
    await rig.environment.run(consumer.stop({ withinMs: 2_000 }))
    expect(rig.environment.clock.monotonic()).toBe(2_100)
    await rig.environment.advance(60_000)
    expect(await rig.ledger()).toEqual([])
    expect(await rig.consumer.inbox.attempts('consumer', (await rig.bus.read('producer', 0, 1))[0]!.id)).toBe(0)
    await rig.environment.quiesce()
  })
})

describe('bounds', () => {
  it('reads no further than its buffer while handlers are slow', async () => {
    const rig = await logged(...many(1_000))
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
    const rig = await logged('slow:1', ...many(500))
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
    const rig = await logged(...many(10))
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
    const rig = await logged(...wanted)
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
