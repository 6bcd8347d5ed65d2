/** T23 to T25: scheduled events under a mover: on time, once over many hosts, after an outage, and by the store's clock. */
import { expect, it } from 'vitest'
import { createVirtualEnvironment, type VirtualEnvironment } from '../core/environment/virtual/index.ts'
import { BanyanError } from '../core/error.ts'
import { createMemoryStore } from '../store/memory/memory-store.ts'
import type { Store } from '../store/store.ts'
import { labels, readAll, sampleEvent } from '../testing/suites/sample.ts'
import { createMover } from './mover.ts'

interface Rig {
  readonly environment: VirtualEnvironment
  readonly store: Store
  schedule(label: string, afterMs: number): Promise<void>
  published(): Promise<string[]>
}

function createRig(): Rig {
  const environment = createVirtualEnvironment()
  const store = createMemoryStore({ environment, service: 'sample' })
  return {
    environment,
    store,
    schedule: (label, afterMs) => store.transact(async (tx) => tx.publish(sampleEvent(label), { afterMs })),
    published: async () => labels((await readAll(store.outbox)).events),
  }
}

it('moves what this process schedules on time, not before', async () => {
  const { environment, store, schedule, published } = createRig()
  const mover = createMover({ environment, scheduled: store.scheduled })
  mover.start()
  await environment.advance(700)
  await schedule('soon', 90)
  await schedule('later', 5_000)
  await environment.advance(85)
  expect(await published()).toEqual([])
  await environment.advance(30)
  expect(await published()).toEqual(['soon'])
  await environment.advance(4_800)
  expect(await published()).toEqual(['soon'])
  await environment.advance(200)
  expect(await published()).toEqual(['soon', 'later'])
  await environment.run(mover.stop())
  expect(mover.status()).toMatchObject({ moved: 2, errors: 0 })
})

it('finds within its poll what no hint told, and moves each once over many hosts', async () => {
  const { environment, store, schedule, published } = createRig()
  const deaf = { ...store.scheduled, onSchedule: () => () => undefined }
  const movers = Array.from({ length: 4 }, () => createMover({ environment, scheduled: deaf, batchSize: 3 }))
  for (const mover of movers) mover.start()
  const wanted = Array.from({ length: 40 }, (_, index) => `e${String(index).padStart(2, '0')}`)
  for (const [index, label] of wanted.entries()) await schedule(label, index)
  await environment.advance(1_200)
  expect(await published()).toEqual(wanted)
  expect(movers.reduce((sum, mover) => sum + mover.status().moved, 0)).toBe(40)
})

it('goes on after an outage with what became due meanwhile, in order, and does not hurry through it', async () => {
  const { environment, store, schedule, published } = createRig()
  let away = true
  let asked = 0
  const move: typeof store.scheduled.move = async (limit) => {
    asked += 1
    if (away) throw new BanyanError('UNAVAILABLE', 'no database', { retryable: true })
    return store.scheduled.move(limit)
  }
  const mover = createMover({ environment, scheduled: { ...store.scheduled, move } })
  mover.start()
  for (const [label, afterMs] of [
    ['c', 30_000],
    ['a', 10_000],
    ['b', 20_000],
  ] as const)
    await schedule(label, afterMs)
  await environment.advance(60_000)
  expect(asked).toBeLessThan(60)
  expect(mover.status().lastError).toBe('UNAVAILABLE: no database')
  away = false
  await environment.advance(6_000)
  expect(await published()).toEqual(['a', 'b', 'c'])
})

it('goes by the calendar clock of the store when that jumps', async () => {
  const { environment, store, schedule, published } = createRig()
  const mover = createMover({ environment, scheduled: store.scheduled })
  mover.start()
  await schedule('tomorrow', 86_400_000)
  await environment.advance(2_000)
  environment.skewClock(86_400_000)
  await environment.advance(1_100)
  expect(await published()).toEqual(['tomorrow'])
  environment.skewClock(-2 * 86_400_000)
  await schedule('after the clock went back', 5_000)
  await environment.advance(6_000)
  expect(await published()).toEqual(['tomorrow', 'after the clock went back'])
})
