import { beforeEach, describe, expect, it } from 'vitest'
import { defineContract, event, t } from '../contract/index.ts'
import { createVirtualEnvironment, type VirtualEnvironment } from '../core/environment/virtual/index.ts'
import { defineDatabase } from '../store/define-database.ts'
import { createMemoryStore } from '../store/memory/memory-store.ts'
import type { Store } from '../store/store.ts'
import { createLog } from '../telemetry/log.ts'
import type { ContextOf } from './context.ts'
import { defineService } from './define-service.ts'
import { defineSystem } from './define-system.ts'
import { createHost, type Host } from './host.ts'
import { publishes } from './publishes.ts'
import type { Schedule } from './schedule/define-schedule.ts'
import type { ScheduleStatus } from './schedule/schedule-status.ts'

const database = defineDatabase<Record<never, never>>({ migrations: new URL('./none/', import.meta.url) })
const Clock = defineContract('clock', {
  version: '1.0.0',
  owner: 'x',
  operations: {},
  events: { struck: event({ key: 'at', data: t.Object({ at: t.String() }) }) },
})
const minute = 60_000
const hour = 60 * minute

/** A store is a host's to close, but a database outlives its hosts. */
function outlives(store: Store): Store {
  return Object.create(store, { close: { value: async () => undefined } }) as Store
}

type Ctx = ContextOf<typeof Clock>
type Ran = readonly [at: string, previous: string, attempt: number]

describe('a schedule', () => {
  let environment: VirtualEnvironment
  let store: Store
  let lines: string[]
  let ran: Ran[]
  const clockText = (ms: number): string => new Date(ms).toISOString().slice(11, 19)
  const note = (occurrence: { atMs: number; previousMs: number; attempt: number }): void => {
    ran.push([clockText(occurrence.atMs), clockText(occurrence.previousMs), occurrence.attempt])
  }
  const times = (): readonly string[] => ran.map(([at]) => at)

  beforeEach(() => {
    environment = createVirtualEnvironment({ seed: 1, startMs: Date.parse('2026-01-01T10:07:30Z') })
    store = createMemoryStore({ environment, service: 'clock' })
    lines = []
    ran = []
  })

  async function start(schedule: Schedule<Ctx>, incarnation = 'a#1'): Promise<Host> {
    const clock = defineService(Clock, { database, operations: {}, schedules: [schedule as Schedule<Ctx>] })
    const host = createHost({
      system: defineSystem({ name: 'test', services: [clock] }),
      environment,
      incarnation,
      openStore: async () => outlives(store),
      log: createLog({ write: (line) => lines.push(line), now: () => 0 }),
    })
    // Virtual time knows nothing of modules, which take real time: the service is there already.
    await environment.run(host.start())
    return host
  }
  const stop = (host: Host): Promise<unknown> => environment.run(host.stop())
  const statusOf = (host: Host): ScheduleStatus => host.status().schedules[0] as ScheduleStatus
  const warned = (text: string): number => lines.filter((line) => line.includes(text)).length
  const published = async (): Promise<string[]> => (await store.outbox.read(undefined, 100)).events.map(({ id }) => id)

  it('runs at multiples of its interval, on time and without drift, however long a run takes', async () => {
    const seen: number[] = []
    const host = await start({
      name: 'quarter',
      everyMs: 15 * minute,
      async run(occurrence, ctx) {
        note(occurrence)
        seen.push(environment.clock.now() - occurrence.atMs)
        await (ctx as { sleep(ms: number): Promise<void> }).sleep(30_000)
      },
    })
    await environment.advance(hour)
    expect(ran).toEqual([
      ['10:15:00', '10:07:30', 1],
      ['10:30:00', '10:15:00', 1],
      ['10:45:00', '10:30:00', 1],
      ['11:00:00', '10:45:00', 1],
    ])
    expect(Math.max(...seen)).toBeLessThanOrEqual(50)
    expect(statusOf(host)).toMatchObject({
      state: 'waiting',
      succeeded: 4,
      failed: 0,
      nextMs: Date.parse('2026-01-01T11:15Z'),
    })
    await stop(host)
    expect(statusOf(host).state).toBe('stopped')
  })

  it('runs once for all hosts, and goes on when the one that ran it is stopped', async () => {
    const schedule = { name: 'minute', everyMs: minute, run: note }
    const hosts = await Promise.all(['a#1', 'b#1', 'c#1'].map((name) => start(schedule, name)))
    await environment.advance(5 * minute)
    expect(times()).toEqual(['10:08:00', '10:09:00', '10:10:00', '10:11:00', '10:12:00'])
    expect(hosts.map((host) => statusOf(host).state).sort()).toEqual(['held', 'held', 'waiting'])
    const busy = hosts.find((host) => statusOf(host).state === 'waiting') as Host
    await stop(busy)
    await environment.advance(2 * minute)
    expect(times().slice(5)).toEqual(['10:13:00', '10:14:00'])
    for (const host of hosts) await stop(host)
  })

  it('is taken up by another host when its own has died with the lease', async () => {
    await store.inbox.claim('schedule:minute', '@clock', 'dead#1', 15_000, environment.clock.now())
    const host = await start({ name: 'minute', everyMs: minute, run: note })
    await environment.advance(10_000)
    expect(statusOf(host)).toMatchObject({ state: 'held', settledMs: undefined })
    await environment.advance(minute)
    expect(times()).toEqual(['10:08:00'])
    await stop(host)
  })

  it('publishes one event for each occurrence, exactly once', async () => {
    const schedule = {
      name: 'strike',
      everyMs: minute,
      run: publishes(Clock.events.struck, ({ atMs }) => ({ at: clockText(atMs) })),
    }
    const hosts = await Promise.all(['a#1', 'b#1'].map((name) => start(schedule, name)))
    await environment.advance(3 * minute)
    expect(await published()).toHaveLength(3)
    for (const host of hosts) await stop(host)
  })

  it('is not run again when its effect has committed and the handler failed afterwards', async () => {
    const host = await start({
      name: 'strike',
      everyMs: minute,
      async run(occurrence, ctx) {
        note(occurrence)
        await publishes(Clock.events.struck, ({ atMs }) => ({ at: clockText(atMs) }))(occurrence, ctx)
        throw new Error('after the commit')
      },
    })
    await environment.advance(minute)
    expect(await published()).toHaveLength(1)
    expect(times()).toEqual(['10:08:00'])
    expect(statusOf(host).settledMs).toBe(Date.parse('2026-01-01T10:08Z'))
    await stop(host)
  })

  it('writes nothing when another host has taken over while it ran; the other runs it', async () => {
    let thieves = 0
    const host = await start({
      name: 'strike',
      everyMs: minute,
      async run(occurrence, ctx) {
        note(occurrence)
        // The same instance under a new incarnation takes over at once, as after a restart that was none.
        if (thieves++ === 0) await store.inbox.claim('schedule:strike', '@clock', 'a#2', 5_000, 0)
        await publishes(Clock.events.struck, ({ atMs }) => ({ at: clockText(atMs) }))(occurrence, ctx)
      },
    })
    await environment.advance(45_000)
    expect(await published()).toHaveLength(1)
    expect(ran).toEqual([
      ['10:08:00', '10:07:30', 1],
      ['10:08:00', '10:07:30', 1],
    ])
    expect(statusOf(host)).toMatchObject({ failed: 0, succeeded: 1 })
    await stop(host)
  })

  it('is tried again when it fails, eight times, then given up, and the next occurrence runs', async () => {
    let broken = true
    const host = await start({
      name: 'hourly',
      everyMs: hour,
      run(occurrence) {
        note(occurrence)
        if (broken) throw new Error('broken')
      },
    })
    await environment.advance(hour)
    expect(ran.map(([, , attempt]) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(statusOf(host)).toMatchObject({ failed: 8, givenUp: 1, succeeded: 0 })
    expect(warned('given up')).toBe(1)
    broken = false
    await environment.advance(hour)
    expect(ran.at(-1)).toEqual(['12:00:00', '11:00:00', 1])
    await stop(host)
  })

  it('counts attempts over restarts', async () => {
    const schedule: Schedule<Ctx> = {
      name: 'hourly',
      everyMs: hour,
      async run(occurrence) {
        note(occurrence)
        throw new Error('broken')
      },
    }
    await environment.advance(52.5 * minute - 100)
    const first = await start(schedule)
    await environment.advance(150)
    await stop(first)
    const before = ran.length
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThan(8)
    const second = await start(schedule)
    await environment.advance(10 * minute)
    expect(ran.map(([, , attempt]) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    await stop(second)
  })

  it('waits out what is away, and does not count that', async () => {
    const { BanyanError } = await import('../core/error.ts')
    let away = 0
    const host = await start({
      name: 'hourly',
      everyMs: hour,
      run(occurrence) {
        note(occurrence)
        if (away++ < 20) throw new BanyanError('UNAVAILABLE', 'away')
      },
    })
    await environment.advance(2 * hour - 10 * minute)
    expect(statusOf(host)).toMatchObject({ failed: 0, givenUp: 0, succeeded: 1 })
    expect(ran).toHaveLength(21)
    await stop(host)
  })

  it('ends a run that takes too long, which writes nothing', async () => {
    const host = await start({
      name: 'hourly',
      everyMs: hour,
      async run(occurrence, ctx) {
        note(occurrence)
        // Hears no signal.
        if (ran.length === 1) await new Promise<void>((resolve) => environment.timers.after(90_000, resolve))
        await publishes(Clock.events.struck, ({ atMs }) => ({ at: clockText(atMs) }))(occurrence, ctx)
      },
    })
    await environment.advance(hour)
    expect(ran.map(([, , attempt]) => attempt)).toEqual([1, 2])
    expect(await published()).toHaveLength(1)
    expect(statusOf(host)).toMatchObject({ failed: 1, succeeded: 1, state: 'waiting' })
    await stop(host)
  })

  it.each([
    ['one', ['13:00:00', '14:00:00']],
    ['all', ['11:00:00', '12:00:00', '13:00:00', '14:00:00']],
    ['none', ['14:00:00']],
  ] as const)('after a pause of three occurrences catches up with %s', async (catchUp, expected) => {
    const schedule = { name: 'hourly', cron: '0 * * * *', catchUp, run: note }
    await stop(await start(schedule))
    await environment.advance(3 * hour)
    expect(ran).toEqual([])
    const host = await start(schedule, 'b#1')
    await environment.advance(hour)
    expect(times()).toEqual(expected)
    expect(warned('were missed and are skipped')).toBe(catchUp === 'none' ? 1 : 0)
    await stop(host)
  })

  it('goes by the calendar clock when that jumps', async () => {
    const host = await start({ name: 'daily', cron: '@daily', run: note })
    await environment.advance(minute)
    environment.skewClock(24 * hour)
    await environment.advance(minute)
    expect(times()).toEqual(['00:00:00'])
    await stop(host)
  })

  it('keeps no marks of long ago', async () => {
    const host = await start({ name: 'hourly', everyMs: hour, run: note })
    await environment.advance(36 * hour)
    expect(ran).toHaveLength(36)
    // A mark behind the horizon may be gone; the horizon moved along with the occurrences.
    const horizonMs = await store.inbox.horizon('schedule:hourly', '@clock')
    expect(horizonMs).toBeGreaterThan(environment.clock.now() - 26 * hour)
    await stop(host)
  })
})

describe('a service refuses', () => {
  const define = (schedule: unknown): (() => unknown) => {
    return () => defineService(Clock, { database, operations: {}, schedules: [schedule as Schedule<Ctx>] })
  }
  const run = (): void => undefined
  it.each([
    [{ name: 'Bad Name', everyMs: 1_000, run }, "name 'Bad Name'"],
    [{ name: 'a', run }, 'give either everyMs or cron'],
    [{ name: 'a', everyMs: 1_000, cron: '@daily', run }, 'give either everyMs or cron'],
    [{ name: 'a', everyMs: 999, run }, 'everyMs 999 must be a whole number from 1000'],
    [{ name: 'a', everyMs: 32 * 86_400_000, run }, 'must be a whole number'],
    [{ name: 'a', everyMs: 1_000, timezone: 'UTC', run }, 'an interval has no time zone'],
    [{ name: 'a', cron: '0 0 0 * * *', run }, 'it has 6 fields'],
    [{ name: 'a', cron: '0 0 30 2 *', run }, 'never occurs'],
    [{ name: 'a', cron: '@daily', timezone: 'Europe/Atlantis', run }, "'Europe/Atlantis' is no time zone"],
    [{ name: 'a', everyMs: 1_000, catchUp: 'some', run }, 'catchUp must be one of'],
    [{ name: 'a', everyMs: 1_000 }, 'run must be a function'],
    [{ name: 'a', everyMs: 1_000, run, at: '10:00' }, 'at is not known'],
    [undefined, 'is no schedule'],
  ])('%j', (schedule, why) => expect(define(schedule)).toThrow(why))

  it('a name twice, and schedules without a database', () => {
    const schedule = { name: 'a', everyMs: 1_000, run }
    expect(() => defineService(Clock, { database, operations: {}, schedules: [schedule, schedule] })).toThrow(
      'used twice',
    )
    expect(() => defineService(Clock, { operations: {}, schedules: [schedule] })).toThrow("need a 'database'")
  })

  it('the event of another service, by type', () => {
    const Other = defineContract('other', {
      version: '1.0.0',
      owner: 'x',
      operations: {},
      events: { struck: event({ key: 'at', data: t.Object({ at: t.String() }) }) },
    })
    const theirs = publishes(Other.events.struck, ({ atMs }) => ({ at: String(atMs) }))
    const schedule = { name: 'a', everyMs: 1_000, run: theirs }
    // @ts-expect-error Only a service's own events are its to publish; at run time the transaction refuses it.
    expect(defineService(Clock, { database, operations: {}, schedules: [schedule] }).schedules).toHaveLength(1)
    // @ts-expect-error The data of an event is checked.
    expect(publishes(Clock.events.struck, () => ({ at: 7 }))).toBeTypeOf('function')
  })
})
