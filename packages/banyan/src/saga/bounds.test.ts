/** How many runs a host has in its hands, whose turn it is, and which versions run. */
import { describe, expect, it } from 'vitest'
import { lookAt, sagaOf } from './fixtures/sagas.ts'
import { createSagaRig, type SagaRig } from './rig.ts'

const wait = (rig: SagaRig, ms: number): Promise<void> =>
  new Promise((resolve) => void rig.environment.timers.after(ms, resolve))

describe('bounds', () => {
  it('of runs at a time, of one saga and of all: the rest waits as rows', async () => {
    const rig = createSagaRig()
    const now = { small: 0, all: 0 }
    const most = { small: 0, all: 0 }
    const make = (name: string, more = {}) =>
      sagaOf(
        (saga) =>
          saga.step('a', async () => {
            if (name === 'small') most.small = Math.max(most.small, ++now.small)
            most.all = Math.max(most.all, ++now.all)
            await wait(rig, 500)
            now.all -= 1
            if (name === 'small') now.small -= 1
          }),
        { name, ...more },
      )
    const [small, large] = [make('small', { concurrency: 2 }), make('large')]
    const executor = rig.host('one', [small, large], { maxActive: 8 })
    await rig.environment.advance(10)
    const ids = []
    for (let n = 0; n < 20; n++) ids.push(await rig.begin(executor, n % 2 === 0 ? small : large, { orderId: `o-${n}` }))
    for (const id of ids) expect((await rig.until(id, 'completed')).state).toBe('completed')
    expect(most).toEqual({ small: 2, all: 8 })
  })

  it('are shared fairly between sagas, and the higher priority goes first', async () => {
    const rig = createSagaRig()
    const order: string[] = []
    const make = (name: string, priority: 'high' | 'normal' | 'low') =>
      sagaOf(
        (saga, { orderId }) =>
          saga.step('a', async () => {
            order.push(`${name} ${orderId}`)
            await wait(rig, 100)
          }),
        { name, priority },
      )
    const [busy, rare] = [make('busy', 'normal'), make('rare', 'low')]
    const idle = rig.host('idle', [])
    for (let n = 0; n < 12; n++) await rig.begin(idle, busy, { orderId: `o-${n}` })
    for (let n = 0; n < 2; n++) await rig.begin(idle, rare, { orderId: `r-${n}` })
    await rig.begin(idle, { ...busy, priority: 'high' } as never, { orderId: 'urgent' })
    rig.host('one', [busy, rare], { maxActive: 2 })
    await rig.environment.advance(5_000)
    expect(order).toHaveLength(15)
    expect(order.slice(0, 2).sort()).toEqual(['busy urgent', 'rare r-0'])
    expect(order.indexOf('rare r-1')).toBeLessThan(5)
  })

  it('of what is kept in memory: what was not used for longest is replayed, the rest goes on as it was', async () => {
    const rig = createSagaRig()
    const saga = sagaOf(async (saga) => {
      await saga.step('a', () => 1)
      await saga.sleep(1_000)
    })
    const executor = rig.host('one', [saga], { maxCached: 3 })
    await rig.environment.advance(10)
    const ids = []
    for (let n = 0; n < 5; n++) ids.push(await rig.begin(executor, saga, { orderId: `o-${n}` }))
    await rig.environment.advance(500)
    expect(executor.status()).toMatchObject({ cached: 3, active: 0 })
    for (const id of ids) await rig.until(id, 'completed')
    expect(executor.status()).toMatchObject({ cached: 0, replayed: 2, taken: 5 })
  })
})

describe('versions', () => {
  it('of one saga run beside each other; one that nobody has stays', async () => {
    const rig = createSagaRig()
    const make = (version: number) =>
      sagaOf(
        async (saga) => {
          await saga.sleep(1_000)
          return version
        },
        { version },
      )
    const executor = rig.host('one', [make(1), make(2)])
    await rig.environment.advance(10)
    const ids = []
    for (const version of [1, 2, 3]) ids.push(await rig.begin(executor, make(version), { orderId: `o-${version}` }))
    await rig.environment.advance(10_000)
    expect((await lookAt(rig, await rig.find(ids[0] as string))).ok).toBe(1)
    expect((await lookAt(rig, await rig.find(ids[1] as string))).ok).toBe(2)
    expect(await rig.find(ids[2] as string)).toMatchObject({ state: 'running', holder: undefined })
    rig.host('two', [make(3)])
    expect((await lookAt(rig, await rig.until(ids[2] as string, 'completed'))).ok).toBe(3)
  })
})
