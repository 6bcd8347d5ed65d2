/** Who may consume: death, take-over, zombies, drain. */
import { describe, expect, it } from 'vitest'
import { sleep } from '../core/environment/timers.ts'
import { BanyanError } from '../core/error.ts'
import { createLoggedRig, many } from '../testing/suites/delivery-rig.ts'
import { createFaultyHost } from '../testing/suites/faulty-host.ts'
import { labels } from '../testing/suites/sample.ts'

describe('an assignment', () => {
  it('passes on when its host dies, and nothing is applied twice', async () => {
    const rig = await createLoggedRig(...many(200))
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
    const rig = await createLoggedRig(...many(50))
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
    const rig = await createLoggedRig('k:1', 'k:2')
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
    const rig = await createLoggedRig('k:1')
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
    const rig = await createLoggedRig(...many(100))
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
    const rig = await createLoggedRig('k:1')
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
