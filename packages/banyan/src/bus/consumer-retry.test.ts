/** What becomes of deliveries that fail: waits, counts, parking. */
import { describe, expect, it } from 'vitest'
import { sleep } from '../core/environment/timers.ts'
import { BanyanError } from '../core/error.ts'
import { createLoggedRig, many } from '../testing/suites/delivery-rig.ts'
import { labels } from '../testing/suites/sample.ts'

const no = async (): Promise<void> => Promise.reject(new Error('no'))

describe('a failing delivery', () => {
  it('is tried again after 50, 100, 200 … ms at most, eight times, and then parked', async () => {
    const rig = await createLoggedRig('bad:1')
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
    const rig = await createLoggedRig(...many(50, 50))
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
    const rig = await createLoggedRig('bad:1', 'good:1', 'bad:2', 'good:2')
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
    const rig = await createLoggedRig('bad:1', 'good:1', 'bad:2')
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
    const rig = await createLoggedRig('bad:1', 'bad:2')
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
    const rig = await createLoggedRig('bad:1')
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
    const rig = await createLoggedRig('bad:1')
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
    const rig = await createLoggedRig('bad:1', 'bad:2')
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
    const rig = await createLoggedRig('k:1', 'dead:1')
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
    const rig = await createLoggedRig('k:1')
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
    const rig = await createLoggedRig('a:1', 'b:1')
    const behaviour = async (event: { key: string }): Promise<void> => {
      const reason = event.key === 'a' ? 'ALREADY_APPLIED' : 'FENCED'
      throw new BanyanError('ALREADY_EXISTS', 'this coupon was used before', { reason })
    }
    rig.consume(behaviour).start()
    await rig.environment.advance(60_000)
    expect((await rig.consumer.inbox.parked(10)).map((event) => event.attempts)).toEqual([8, 8])
  })
})
