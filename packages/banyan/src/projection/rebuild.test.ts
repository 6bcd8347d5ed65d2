/** T31: a version filled beside the live one, under writes, and swapped in: no gap, no duplicate, no step back. */
import { describe, expect, it } from 'vitest'
import { sleep } from '../core/environment/timers.ts'
import type { Store } from '../store/store.ts'
import { many } from '../testing/suites/delivery-rig.ts'
import { createFaultyHost, type FaultyHost } from '../testing/suites/faulty-host.ts'
import { createKeeperRig, type KeeperRig } from '../testing/suites/keeper-rig.ts'
import { rejection } from '../testing/suites/sample.ts'

/** What a version must have applied, by the log. */
async function expected(rig: KeeperRig, mark = ''): Promise<Record<string, string>> {
  const rows: Record<string, string> = {}
  for (const label of await rig.logged()) {
    const key = label.split(':')[0] as string
    rows[key] = `${rows[key] ?? ''}${mark}${label} `
  }
  return rows
}

describe('a new version', () => {
  it('is filled from the beginning while the old one stays live and fresh, and is swapped in when it is there', async () => {
    const rig = createKeeperRig()
    rig.relay().start()
    const one = rig.define(1)
    const old = await rig.keep(one)
    await rig.publish(...many(300))
    await rig.until(async () => (await rig.rowsOf(1))['k4']?.endsWith('k4:299 ') === true)
    await rig.environment.run(old.stop(1_000))

    const two = rig.define(2, { previous: one, mark: '+' })
    const keeper = await rig.keep(two)
    expect((await rig.seen(keeper)).version).toBe(1)
    await rig.publish('k0:during')
    await rig.until(async () => (await rig.seen(keeper)).version === 2)
    await rig.publish('k0:after')
    await rig.until(async () => (await rig.seen(keeper)).rows['k0']?.endsWith('after ') === true)
    expect((await rig.seen(keeper)).rows).toEqual(await expected(rig, '+'))
    // The old version is fed on: whoever still reads it reads the same.
    await rig.until(async () => (await rig.rowsOf(1))['k0']?.endsWith('after ') === true)
    expect(await rig.rowsOf(1)).toEqual(await expected(rig))
    await rig.environment.run(keeper.stop(1_000))
  })

  it.each([1, 2, 3, 4, 5])('takes no reader back, whatever is written meanwhile (seed %i)', async (seed) => {
    const rig = createKeeperRig(seed)
    rig.relay().start()
    const one = rig.define(1)
    const two = rig.define(2, { previous: one, mark: '+' })
    await rig.publish(...many(200))
    const keeper = await rig.keep(one)
    await rig.until(async () => (await rejection(keeper.read({}))) === undefined)
    const both = await rig.keep(two)
    let writing = true
    const write = async (): Promise<void> => {
      for (let turn = 0; writing; turn++) {
        await rig.publish(`k${turn % 5}:w${turn}`)
        await sleep(rig.environment.timers, 1 + rig.environment.random.next() * 5)
      }
    }
    const written = write()
    const counts: number[] = []
    const versions = new Set<number>()
    await rig.until(async () => {
      const { version, table } = (await both.read({})) as {
        version: number
        table(name: string): { rows<R>(): [string, R][] }
      }
      versions.add(version)
      counts.push(
        table('row')
          .rows<string>()
          .reduce((sum, [, row]) => sum + row.split(' ').length - 1, 0),
      )
      return version === 2 && counts.length > 150
    }, 60_000)
    writing = false
    await rig.environment.run(written)
    expect(counts).toEqual([...counts].sort((first, second) => first - second))
    expect(versions).toEqual(new Set([1, 2]))
    await rig.until(async () => (await expectedLength(rig)) === (await lengthOf(rig, 2)))
    expect(await rig.rowsOf(2)).toEqual(await expected(rig, '+'))
    await rig.environment.run(Promise.all([keeper.stop(1_000), both.stop(1_000)]))
  })

  it('goes on where it was when its host dies in the middle', async () => {
    const rig = createKeeperRig()
    rig.relay().start()
    await rig.publish(...many(2_000, 50))
    const one = rig.define(1)
    let applied = 0
    const host = createFaultyHost(rig.environment)
    rig.target.beforeCommit = () => {
      applied += 1
      if (applied === 40) host.crash()
    }
    await rig.keep(one, throughHost(host, rig.consumer))
    await rig.until(() => applied >= 40)
    await rig.environment.advance(1_000)
    const successor = await rig.keep(one)
    await rig.until(async () => (await rejection(successor.read({}))) === undefined, 120_000)
    expect((await rig.seen(successor)).rows).toEqual(await expected(rig))
    await rig.environment.run(successor.stop(1_000))
  })

  it('is not swapped in while it cannot apply something that the live one could', async () => {
    const rig = createKeeperRig()
    rig.relay().start()
    const one = rig.define(1)
    await rig.publish(...many(20))
    const old = await rig.keep(one)
    await rig.until(async () => (await rejection(old.read({}))) === undefined)
    const two = await rig.keep(rig.define(2, { poison: 'k1:6' }))
    await rig.environment.advance(900_000)
    expect((await rig.seen(two)).version).toBe(1)
    expect(two.status()[0]).toMatchObject({ state: 'building', progress: { lag: 0 } })
    await rig.environment.run(Promise.all([old.stop(1_000), two.stop(1_000)]))
  })

  it('says how far it is, how fast, and when it will be there', async () => {
    const rig = createKeeperRig()
    rig.relay().start()
    await rig.publish(...many(3_000, 50))
    rig.target.afterCommit = () => undefined
    const keeper = await rig.keep(rig.define(1, { maxLag: 0 }))
    const looks: { lag: number; eventsPerSecond: number }[] = []
    await rig.until(async () => {
      const { progress } = keeper.status()[0] ?? {}
      if (progress !== undefined) looks.push(progress)
      return keeper.status()[0]?.state === 'live'
    })
    expect(looks[0]).toMatchObject({
      sources: [{ source: 'producer', done: 0, end: 3_000 }],
      lag: 3_000,
      etaMs: undefined,
    })
    expect(looks.at(-1)).toMatchObject({ lag: 0, etaMs: 0 })
    expect(looks.some(({ eventsPerSecond }) => eventsPerSecond > 0)).toBe(true)
    await rig.environment.run(keeper.stop(1_000))
  })

  it('is refused by name when the log no longer has its beginning, unless it takes what there is', async () => {
    const rig = createKeeperRig()
    const relay = rig.relay()
    relay.start()
    await rig.publish(...many(50))
    await rig.until(async () => (await rig.logged()).length === 50)
    const { read } = rig.bus
    rig.bus.read = async (source, after, limit) => read(source, Math.max(after, 20), limit)
    const keeper = await rig.keep(rig.define(1))
    await rig.until(() => keeper.status()[0]?.state === 'refused')
    expect(keeper.status()[0]?.reason).toMatch(
      /'rows' version 1 needs the events of 'producer' from offset 1 on.*offset 21/,
    )
    expect(await rejection(keeper.read({}))).toMatchObject({ reason: 'PROJECTION_BUILDING', retryable: true })
    await rig.environment.run(keeper.stop(1_000))
    const tolerant = await rig.keep(rig.define(1, { history: 'available' }))
    await rig.until(async () => (await rejection(tolerant.read({}))) === undefined)
    expect((await rig.seen(tolerant)).rows['k0']).toMatch(/^k0:20 /)
    await rig.environment.run(tolerant.stop(1_000))
  })
})

describe('a version that is built again', () => {
  it('is filled beside itself under writes, swapped in, and what was before is dropped after its time', async () => {
    const rig = createKeeperRig()
    rig.relay().start()
    await rig.publish(...many(300))
    const one = await rig.keep(rig.define(1, { keepRetiredMs: 60_000 }))
    const other = await rig.keep(rig.define(1, { keepRetiredMs: 60_000 }))
    await rig.until(async () => (await rejection(one.read({}))) === undefined)
    await rig.environment.run(rig.consumer.projections.rebuild({ name: 'rows' }))
    const builds = (keeper: typeof one): unknown => keeper.status().map(({ build, state }) => [build, state])
    let turn = 0
    await rig.until(async () => {
      await rig.publish(`k${turn % 5}:w${turn++}`)
      return (await rig.consumer.projections.live('rows'))?.build === 2
    })
    expect((await rig.seen(one)).version).toBe(1)
    await rig.until(async () => lengthOfRows((await rig.seen(other)).rows) === (await expectedLength(rig)))
    expect((await rig.seen(other)).rows).toEqual(await expected(rig))
    await rig.environment.advance(5_000)
    expect([builds(one), builds(other)]).toEqual(
      Array(2).fill([
        [2, 'live'],
        [1, 'retired'],
      ]),
    )
    // Until it is dropped it is fed, too.
    expect(lengthOfRows(await rig.rowsOf(1))).toBe(await expectedLength(rig))
    await rig.environment.advance(65_000)
    expect([builds(one), builds(other)]).toEqual(Array(2).fill([[2, 'live']]))
    expect(await rig.rowsOf(1)).toEqual({})
    await rig.environment.run(Promise.all([one.stop(1_000), other.stop(1_000)]))
    const later = await rig.keep(rig.define(1))
    expect((await rig.seen(later)).rows).toEqual(await expected(rig))
    await rig.environment.run(later.stop(1_000))
  })

  it('gives way to a newer version that comes meanwhile', async () => {
    const rig = createKeeperRig()
    rig.relay().start()
    await rig.publish(...many(50))
    const one = rig.define(1)
    const old = await rig.keep(one)
    await rig.until(async () => (await rejection(old.read({}))) === undefined)
    await rig.environment.run(old.stop(1_000))
    await rig.environment.run(rig.consumer.projections.rebuild({ name: 'rows' }))
    const newer = await rig.keep(rig.define(2, { previous: one, mark: '+' }))
    await rig.until(async () => (await rig.seen(newer)).version === 2)
    await rig.environment.advance(10_000)
    expect(await rig.consumer.projections.live('rows')).toMatchObject({ version: 2, build: 1 })
    await rig.environment.run(newer.stop(1_000))
  })
})

describe('an old version', () => {
  it('is kept for its time after the swap, then dropped, and no longer fed by whoever has it', async () => {
    const rig = createKeeperRig()
    rig.relay().start()
    await rig.publish(...many(20))
    const old = await rig.keep(rig.define(1))
    await rig.until(async () => (await rejection(old.read({}))) === undefined)
    const newer = await rig.keep(rig.define(2, { keepRetiredMs: 60_000 }))
    await rig.until(async () => (await rig.seen(newer)).version === 2)
    await rig.environment.advance(50_000)
    expect(Object.keys(await rig.rowsOf(1))).toHaveLength(5)
    await rig.environment.advance(15_000)
    expect(await rig.rowsOf(1)).toEqual({})
    await rig.publish(...many(20))
    await rig.environment.advance(60_000)
    expect([await rig.rowsOf(1), old.status()[0]?.state]).toEqual([{}, 'dropped'])
    expect((await rig.seen(old)).version).toBe(2)
    await rig.environment.run(Promise.all([old.stop(1_000), newer.stop(1_000)]))
  })
})

/** The store as a host reaches it, with its inbox and its books. */
function throughHost(host: FaultyHost, store: Store): Store {
  const ports = { inbox: host.wrap(store.inbox), projections: host.wrap(store.projections) }
  return new Proxy(host.wrap(store), {
    get: (target, name) => Reflect.get(ports, name) ?? Reflect.get(target, name),
  })
}

async function lengthOf(rig: KeeperRig, version: number): Promise<number> {
  return Object.values(await rig.rowsOf(version)).reduce((sum, row) => sum + row.split(' ').length - 1, 0)
}
function lengthOfRows(rows: Readonly<Record<string, string>>): number {
  return Object.values(rows).reduce((sum, row) => sum + row.split(' ').length - 1, 0)
}
async function expectedLength(rig: KeeperRig): Promise<number> {
  return (await rig.logged()).length
}
