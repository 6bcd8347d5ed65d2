/** Children, successors, and locks. */
import { describe, expect, it } from 'vitest'
import { cancel, deliver, lookAt, no, runOne, Shipping, sagaOf, send } from './fixtures/sagas.ts'
import { retrySaga } from './mending.ts'
import { createSagaRig, type SagaRig } from './rig.ts'
import type { Saga } from './saga.ts'

const { delivered } = Shipping.events

async function host(rig: SagaRig, ...sagas: readonly ReturnType<typeof sagaOf>[]) {
  const executor = rig.host('one', sagas)
  await rig.environment.advance(10)
  return executor
}

describe('a child', () => {
  const done: string[] = []
  const wait = (rig: SagaRig, ms: number): Promise<void> =>
    new Promise((resolve) => void rig.environment.timers.after(ms, resolve))
  const parcel = (run: (saga: Saga) => Promise<unknown>) => sagaOf(run, { name: 'parcel' })
  const order = (child: ReturnType<typeof sagaOf>, after: (saga: Saga) => Promise<unknown>) =>
    sagaOf(async (saga, input) => {
      await saga.step(
        'first',
        () => done.push('first'),
        () => done.push('undo first'),
      )
      const got = await saga.child(child as never, input as never)
      await after(saga)
      return got
    })

  it('gives its result', async () => {
    const rig = createSagaRig()
    const child = parcel(async (saga) => saga.step('s', () => 'sent'))
    const parent = order(child, async () => undefined)
    const id = await rig.begin(await host(rig, parent, child), parent, { orderId: 'o-1' })
    expect((await lookAt(rig, await rig.until(id, 'completed', 'parked'))).ok).toBe('sent')
  })

  it('that is undone fails its parent', async () => {
    const rig = createSagaRig()
    const child = parcel(async () => {
      throw no('LOST')
    })
    const parent = order(child, async () => undefined)
    const id = await rig.begin(await host(rig, parent, child), parent, { orderId: 'o-1' })
    expect((await lookAt(rig, await rig.until(id, 'undone', 'parked'))).error).toMatchObject({
      reason: 'CHILD_UNDONE',
      details: { child: 'parcel', error: { reason: 'LOST' } },
    })
  })

  it('that has completed is undone with its parent, before what was begun before it', async () => {
    done.length = 0
    const rig = createSagaRig()
    const child = parcel(async (saga) =>
      saga.step(
        's',
        () => done.push('sent'),
        () => done.push('undo sent'),
      ),
    )
    const parent = order(child, async () => {
      throw no()
    })
    const id = await rig.begin(await host(rig, parent, child), parent, { orderId: 'o-1' })
    expect((await rig.until(id, 'undone', 'parked')).state).toBe('undone')
    expect(done).toEqual(['first', 'sent', 'undo sent', 'undo first'])
  })

  it('that runs is cancelled with its parent, leaves first', async () => {
    done.length = 0
    const rig = createSagaRig()
    const leaf = sagaOf(
      async (saga) => {
        await saga.step(
          'l',
          () => done.push('leaf'),
          () => done.push('undo leaf'),
        )
        await saga.sleep(600_000)
      },
      { name: 'leaf' },
    )
    const child = parcel(async (saga) => {
      await saga.step(
        's',
        () => done.push('sent'),
        () => done.push('undo sent'),
      )
      await saga.child(leaf as never, { orderId: 'o-1' } as never)
    })
    const parent = order(child, async () => undefined)
    const id = await rig.begin(await host(rig, parent, child, leaf), parent, { orderId: 'o-1' })
    await rig.environment.advance(5_000)
    await cancel(rig, id)
    expect((await rig.until(id, 'undone', 'parked')).state).toBe('undone')
    expect(done).toEqual(['first', 'sent', 'leaf', 'undo leaf', 'undo sent', 'undo first'])
  })

  it('is stopped with its branch', async () => {
    const rig = createSagaRig()
    const child = parcel(async (saga) => saga.sleep(600_000))
    const parent = sagaOf((saga) =>
      saga.race<unknown>([(one) => one.child(child as never, { orderId: 'o-1' } as never), (one) => one.sleep(1_000)]),
    )
    const id = await rig.begin(await host(rig, parent, child), parent, { orderId: 'o-1' })
    expect((await lookAt(rig, await rig.until(id, 'completed', 'parked'))).ok).toEqual({ index: 1 })
    const { sagas } = await rig.store.sagas.list({ name: 'parcel', limit: 10 })
    expect(sagas.map(({ state }) => state)).toEqual(['undone'])
  })

  it.each([
    ['that runs still', 3_600_000, 20_000],
    ['that has completed', 1_000, 20_000],
  ])('%s is waited for while it is undone, not asked again and again', async (_what, restMs, undoMs) => {
    const rig = createSagaRig()
    const child = parcel(async (saga) => {
      await saga.step(
        's',
        () => 'sent',
        () => wait(rig, undoMs),
      )
      await saga.sleep(restMs)
    })
    const parent = order(child, (saga) => saga.sleep(7_200_000))
    const id = await rig.begin(await host(rig, parent, child), parent, { orderId: 'o-1' })
    await rig.environment.advance(60_000)
    await cancel(rig, id)
    const ended = await rig.until(id, 'undone', 'parked')
    expect(ended.state).toBe('undone')
    const { sagas } = await rig.store.sagas.list({ name: 'parcel', limit: 1 })
    expect((ended.endedMs ?? 0) - (sagas[0]?.endedMs ?? 0)).toBeLessThan(200)
  })

  it('that is parked while it is undone holds up its parent, which says why, and goes on once it is mended', async () => {
    done.length = 0
    const rig = createSagaRig()
    let broken = true
    const child = parcel(async (saga) =>
      saga.step(
        's',
        () => done.push('sent'),
        () => {
          if (broken) throw no('STILL_THERE')
          done.push('undo sent')
        },
      ),
    )
    const parent = order(child, (saga) => saga.sleep(3_600_000))
    const id = await rig.begin(await host(rig, parent, child), parent, { orderId: 'o-1' })
    await rig.environment.advance(1_000)
    await cancel(rig, id)
    await rig.environment.advance(5_000)
    expect((await rig.find(id)).state).toBe('undoing')
    expect((await rig.find(id)).note).toContain('CHILD_PARKED')
    broken = false
    const [parked] = (await rig.store.sagas.list({ states: ['parked'], limit: 1 })).sagas
    const place = { environment: rig.environment, service: 'orders', sagas: rig.store.sagas, code: undefined }
    await rig.environment.run(retrySaga(place, parked?.id as string, { by: 'ada', why: 'mended' }))
    await rig.until(id, 'undone', 'parked')
    expect((await rig.find(id)).state).toBe('undone')
    expect(done).toEqual(['first', 'sent', 'undo sent', 'undo first'])
  })

  it('the journal of which was trimmed cannot be undone: a person is asked', async () => {
    const rig = createSagaRig()
    const child = parcel(async (saga) => saga.step('s', () => 'sent'))
    const parent = order(child, (saga) => saga.sleep(3_600_000))
    const id = await rig.begin(await host(rig, parent, child), parent, { orderId: 'o-1' })
    await rig.environment.advance(60_000)
    await rig.store.sagas.trim(0, 10)
    await cancel(rig, id)
    expect((await lookAt(rig, await rig.until(id, 'undone', 'parked'))).parked?.reason).toBe('UNDO_FAILED')
  })
})

describe('continueAs', () => {
  it('goes on as a new run of the key, with its mail, the keys it hears by, and newer code', async () => {
    const rig = createSagaRig()
    const make = (version: number) =>
      sagaOf(
        async (saga, { orderId }) => {
          if (orderId === 'o-1') {
            await saga.waitFor(delivered)
            await saga.step('rest', () => 1)
            return saga.continueAs({ orderId: 'again' })
          }
          return [version, (await saga.waitFor(delivered, { key: 'o-1' })).data.to, saga.key]
        },
        { version },
      )
    const [one, two] = [make(1), make(2)]
    const executor = await host(rig, one, two)
    const id = await rig.begin(executor, one, { orderId: 'o-1' })
    await deliver(rig, delivered as never, { orderId: 'o-1', to: 'Ann' })
    await deliver(rig, delivered as never, { orderId: 'o-1', to: 'Bob' })
    const before = await rig.until(id, 'continued', 'parked')
    const after = await lookAt(rig, await rig.until(before.next as string, 'completed', 'parked'))
    expect(after.ok).toEqual([2, 'Bob', 'o-1'])
    expect(after.record).toMatchObject({ run: 2, version: 2, key: 'o-1' })
  })

  it('with an input that does not fit waits for a person', async () => {
    const rig = createSagaRig()
    const ended = await runOne(
      rig,
      sagaOf((saga) => saga.continueAs({ orderId: 7 })),
    )
    expect(ended.parked?.reason).toBe('INVALID_SAGA_INPUT')
  })
})

describe('a lock', () => {
  const holding = (ms: number, options = {}) =>
    sagaOf(async (saga) => {
      await saga.lock('stock', 'apple', options)
      const atMs = saga.now()
      await saga.sleep(ms)
      return atMs
    })
  const two = async (rig: SagaRig, options = {}) => {
    const saga = holding(5_000, options)
    const executor = await host(rig, saga)
    const first = await rig.begin(executor, saga, { orderId: 'o-1' })
    await rig.environment.advance(500)
    return [first, await rig.begin(executor, saga, { orderId: 'o-2' })] as const
  }

  it('is waited for in line, as a row, and let go at the end of its owner', async () => {
    const rig = createSagaRig()
    const [first, second] = await two(rig)
    await rig.environment.advance(2_000)
    expect(await rig.find(second)).toMatchObject({ holder: undefined })
    expect((await rig.store.sagas.locks(1))[0]).toMatchObject({ owner: first, waiting: [{ id: second }] })
    const end = await rig.until(first, 'completed')
    expect((await lookAt(rig, await rig.until(second, 'completed'))).ok).toBeGreaterThanOrEqual(end.endedMs as number)
    expect(await rig.store.sagas.locks(1)).toEqual([])
  })

  it.each([
    ['at once', { ifHeld: 'fail' }, 'LOCKED', 500],
    ['after its time', { timeoutMs: 2_000 }, 'LOCK_TIMEOUT', 2_500],
  ])('is refused %s', async (_what, options, reason, withinMs) => {
    const rig = createSagaRig()
    const [, second] = await two(rig, options)
    const ended = await lookAt(rig, await rig.until(second, 'undone', 'parked'))
    expect(ended.error).toMatchObject({ code: 'ABORTED', reason })
    expect((ended.record.endedMs ?? 0) - ended.record.startedMs).toBeLessThanOrEqual(withinMs)
    expect((await rig.store.sagas.locks(1))[0]?.waiting).toEqual([])
  })

  it('of another key with the same beginning is another', async () => {
    const rig = createSagaRig()
    const saga = sagaOf(async (saga, { orderId }) => {
      const keys = orderId === 'o-1' ? ['a', 'ab'] : ['ab', 'a']
      for (const key of keys) {
        await saga.lock('k', key)
        await saga.sleep(100)
        await saga.unlock('k', key)
      }
    })
    const executor = await host(rig, saga)
    const ids = [
      await rig.begin(executor, saga, { orderId: 'o-1' }),
      await rig.begin(executor, saga, { orderId: 'o-2' }),
    ]
    for (const id of ids) expect((await rig.until(id, 'completed', 'parked')).state).toBe('completed')
  })

  it('in a circle fails for the one who would close it, and the other goes on', async () => {
    const rig = createSagaRig()
    const saga = sagaOf(async (saga, { orderId }) => {
      const keys = orderId === 'o-1' ? ['a', 'b'] : ['b', 'a']
      await saga.lock('k', keys[0] as string)
      await saga.sleep(1_000)
      await saga.lock('k', keys[1] as string)
    })
    const executor = await host(rig, saga)
    const ids = [
      await rig.begin(executor, saga, { orderId: 'o-1' }),
      await rig.begin(executor, saga, { orderId: 'o-2' }),
    ]
    const ends = []
    for (const id of ids) ends.push(await lookAt(rig, await rig.until(id, 'completed', 'undone', 'parked')))
    expect(ends.map(({ state, error }) => [state, error?.reason]).sort()).toEqual([
      ['completed', undefined],
      ['undone', 'LOCK_DEADLOCK'],
    ])
  })

  it('is asked for again while the database is away: the run does not fail for that', async () => {
    const rig = createSagaRig()
    const { lock } = rig.store.sagas
    let failures = 3
    rig.store.sagas.lock = async (...given) => {
      if (failures-- > 0) throw Object.assign(new Error('away'), {}) && (await import('./fixtures/sagas.ts')).away()
      return lock(...given)
    }
    const ended = await runOne(rig, holding(10))
    expect(ended.state).toBe('completed')
  })

  it('is held on through a signal that comes meanwhile', async () => {
    const rig = createSagaRig()
    const [first, second] = await two(rig)
    await send(rig, second, 'signal', 'whatever', {})
    expect((await rig.until(second, 'completed', 'undone', 'parked')).state).toBe('completed')
    expect((await rig.find(first)).state).toBe('completed')
  })
})
