/** Runs that should go on and do not: found, counted, and said once. */
import { expect, it } from 'vitest'
import type { Log } from '../telemetry/log.ts'
import { defineSaga } from './define-saga.ts'
import { retrySaga } from './mending.ts'
import { ada, createMendingRig, keyOfOrder, no, OrderInput } from './mending-rig.ts'
import type { Saga } from './saga.ts'
import { createSagaWatch, keepEndedMs, sagaStuckMs, sagaWatchMs } from './watch.ts'

const settings = { version: 1, input: OrderInput as never, key: keyOfOrder as never }
const parks = defineSaga('parks', {
  ...settings,
  async run(saga: Saga) {
    await saga.pointOfNoReturn()
    await saga.step('c', () => Promise.reject(no()))
  },
})
const slow = defineSaga('slow', {
  ...settings,
  stuckMs: 60_000,
  async run(saga: Saga) {
    await saga.step('for ever', () => new Promise<never>(() => {}), undefined, { timeoutMs: 3_600_000 })
  },
})
const sleeps = defineSaga('sleeps', { ...settings, run: async (saga: Saga) => saga.sleep(86_400_000) })

function createWatched(sagas: readonly unknown[], known: readonly unknown[] = sagas) {
  const rig = createMendingRig(sagas)
  const said: (Readonly<Record<string, unknown>> | undefined)[] = []
  const quiet = (): void => undefined
  const log: Log = {
    debug: quiet,
    info: quiet,
    error: quiet,
    warn: (_, fields) => void said.push(fields),
    child: () => log,
  }
  const { environment, store } = rig
  const watch = createSagaWatch({ environment, service: 'orders', sagas: store.sagas, shapes: known as never, log })
  return { rig, watch, said }
}

it('a run that is parked is said once, and again when it is parked again', async () => {
  const { rig, watch, said } = createWatched([parks])
  const id = await rig.start(parks)
  await rig.until(id, 'parked')
  watch.start()
  await rig.environment.advance(3 * sagaWatchMs)
  expect(said).toMatchObject([{ saga: 'parks', key: 'o-1', id, why: 'parked', reason: expect.any(String) }])
  expect(watch.status()).toMatchObject({ stuck: 0, parked: 1, oldest: [{ id, why: 'parked' }] })
  await rig.run(retrySaga(rig.place, id, ada))
  await rig.until(id, 'parked')
  await rig.environment.advance(2 * sagaWatchMs)
  expect(said).toHaveLength(2)
  await rig.run(watch.stop())
  await rig.environment.advance(sagaWatchMs)
  expect(said).toHaveLength(2)
})

it('a run without an entry is stuck after the time that its saga says', async () => {
  const { rig, watch, said } = createWatched([slow, sleeps])
  const id = await rig.start(slow)
  await rig.start(sleeps)
  await rig.environment.advance(50_000)
  expect(await rig.run(watch.look())).toEqual([])
  await rig.environment.advance(15_000)
  expect(await rig.run(watch.look())).toMatchObject([{ id, why: 'no entry' }])
  expect(watch.status()).toMatchObject({ stuck: 1, parked: 0 })
  await rig.run(watch.look())
  expect(said).toMatchObject([{ id, why: 'no entry', seconds: expect.any(Number) }])
})

it('a run that is due and that nobody takes is stuck; without code here that is said', async () => {
  const { rig, watch } = createWatched([sleeps], [])
  const id = await rig.start(sleeps)
  await rig.environment.advance(1_000)
  await rig.run(rig.executor.stop(0))
  await rig.store.sagas.mend(id, 0, [], 'running')
  await rig.environment.advance(sagaStuckMs - 1_000)
  expect(await rig.run(watch.look())).toEqual([])
  await rig.environment.advance(2_000)
  expect(await rig.run(watch.look())).toMatchObject([{ id, why: 'no code here' }])
})

it('a run that has ended is removed after a week', async () => {
  const { rig, watch } = createWatched([sleeps])
  const id = await rig.start(sleeps)
  await rig.environment.advance(100)
  await rig.store.sagas.mend(id, 0, [], 'undone')
  await rig.run(rig.executor.stop(0))
  watch.start()
  await rig.environment.advance(sagaWatchMs)
  expect(await rig.store.sagas.find(id)).toBeDefined()
  await rig.run(watch.stop())
  await rig.environment.advance(keepEndedMs)
  watch.start()
  await rig.environment.advance(1_000)
  expect(await rig.store.sagas.find(id)).toBeUndefined()
  await rig.run(watch.stop())
})

it('looks less often when a look takes long', async () => {
  const { rig, watch } = createWatched([sleeps])
  const { list } = rig.store.sagas
  let looks = 0
  rig.store.sagas.list = async (filter) => {
    if (filter.states !== undefined) looks += 1
    else await new Promise<void>((resolve) => rig.environment.timers.after(6_000, resolve))
    return list(filter)
  }
  watch.start()
  await rig.environment.advance(100_000)
  expect(looks).toBe(1)
  await rig.environment.advance(40_000)
  expect(looks).toBe(2)
  await rig.run(watch.stop())
})

it('goes on looking when the database was away', async () => {
  const { rig, watch, said } = createWatched([parks])
  const { list } = rig.store.sagas
  rig.store.sagas.list = () => Promise.reject(new Error('away'))
  watch.start()
  await rig.environment.advance(2 * sagaWatchMs)
  expect(said).toMatchObject([{ error: expect.stringContaining('away') }])
  rig.store.sagas.list = list
  const id = await rig.start(parks)
  await rig.until(id, 'parked')
  await rig.environment.advance(sagaWatchMs)
  expect(watch.status().parked).toBe(1)
  await rig.run(watch.stop())
})
