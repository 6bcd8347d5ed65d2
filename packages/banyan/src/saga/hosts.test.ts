/** Hosts: who advances what, how many at a time, and what happens when one dies, is cut off, or stands still. */
import { describe, expect, it } from 'vitest'
import { away, cancel, lookAt, never, runOne, sagaOf, withSagas } from './fixtures/sagas.ts'
import type { SagaHost } from './host.ts'
import { createSagaRig, type SagaRig } from './rig.ts'
import type { Saga } from './saga.ts'

/** A host whose database can be taken away: calls fail, or never settle. */
function cutOff(how: { is: 'up' | 'failing' | 'hanging' }) {
  const guard = <Call extends (...given: never[]) => Promise<unknown>>(call: Call): Call =>
    (async (...given: never[]) => {
      if (how.is === 'failing') throw away()
      return how.is === 'hanging' ? never() : call(...given)
    }) as never
  return (host: SagaHost): SagaHost => {
    const { sagas } = host.store
    const guarded = Object.fromEntries(
      Object.entries(sagas).map(([name, call]) => [
        name,
        typeof call === 'function' && !name.startsWith('on') ? guard(call as never) : call,
      ]),
    )
    return { ...withSagas(host, guarded as never), transact: guard(host.transact as never) as never }
  }
}

const begin = async (rig: SagaRig, saga: ReturnType<typeof sagaOf>, options = {}) => {
  const executor = rig.host('one', [saga], options)
  await rig.environment.advance(10)
  return { executor, id: await rig.begin(executor, saga, { orderId: 'o-1' }) }
}
const wait = (rig: SagaRig, ms: number): Promise<void> =>
  new Promise((resolve) => void rig.environment.timers.after(ms, resolve))

describe('a host that is cut off from its database', () => {
  it.each(['failing', 'hanging'] as const)('(%s) for less than its lease goes on where it was', async (is) => {
    const rig = createSagaRig()
    const how = { is: 'up' as 'up' | 'failing' | 'hanging' }
    const done: string[] = []
    const saga = sagaOf(async (saga) => {
      for (const name of ['a', 'b', 'c'])
        await saga.step(name, async () => {
          await wait(rig, 1_000)
          done.push(name)
        })
    })
    const { id, executor } = await begin(rig, saga, { wrap: cutOff(how) })
    await rig.environment.advance(500)
    how.is = is
    await rig.environment.advance(2_000)
    how.is = 'up'
    expect((await rig.until(id, 'completed', 'parked')).state).toBe('completed')
    if (is === 'failing') expect(done).toEqual(['a', 'b', 'c'])
    expect(executor.status().lost).toBe(0)
  })

  it.each(['failing', 'hanging'] as const)(
    '(%s) for longer begins nothing after its lease, and another takes over',
    async (is) => {
      const rig = createSagaRig()
      const how = { is: 'up' as 'up' | 'failing' | 'hanging' }
      const effects: [string, number][] = []
      const make = (host: string) =>
        sagaOf(async (saga) => {
          for (const name of ['a', 'b'])
            await saga.step(name, async () => {
              effects.push([`${host} ${name}`, rig.environment.clock.monotonic()])
              await wait(rig, host === 'one' && name === 'a' ? 9_000 : 10)
            })
          return host
        })
      const { id, executor } = await begin(rig, make('one'), { wrap: cutOff(how) })
      await rig.environment.advance(100)
      how.is = is
      rig.host('two', [make('two')])
      const ended = await lookAt(rig, await rig.until(id, 'completed', 'parked', 'undone'))
      expect(ended.ok).toBe('two')
      expect(effects.map(([effect]) => effect)).toEqual(['one a', 'two a', 'two b'])
      expect(effects[1]?.[1]).toBeLessThan(15_000)
      expect(executor.status()).toMatchObject({ active: 0, state: 'away' })
      how.is = 'up'
      await rig.environment.advance(20_000)
      expect(executor.status().state).toBe('running')
    },
  )

  it('comes back before anybody took over: it lets everything go first, so nothing is forgotten', async () => {
    const rig = createSagaRig()
    const how = { is: 'up' as 'up' | 'failing' | 'hanging' }
    const saga = sagaOf(async (saga) => {
      await saga.step('a', () => wait(rig, 20_000))
      return saga.step('b', () => 'b')
    })
    const { id } = await begin(rig, saga, { wrap: cutOff(how) })
    how.is = 'failing'
    await rig.environment.advance(9_000)
    how.is = 'up'
    const ended = await lookAt(rig, await rig.until(id, 'completed', 'parked'))
    expect(ended).toMatchObject({ state: 'completed', ok: 'b' })
  })
})

describe('a zombie', () => {
  it('whose clock stood still begins no effect, and what it writes is refused', async () => {
    const rig = createSagaRig()
    const effects: string[] = []
    const stopped = Promise.withResolvers<void>()
    let isStopped = true
    const make = (host: string) =>
      sagaOf(async (saga) => {
        await saga.step('a', async () => {
          effects.push(`${host} a`)
          if (host === 'one') await stopped.promise
        })
        await saga.step('b', () => void effects.push(`${host} b`))
        return host
      })
    // As under SIGSTOP: the clock of the host and its timers stand still, the others' go on.
    const { monotonic } = rig.environment.clock
    const frozen = {
      ...rig.environment.clock,
      now: () => rig.environment.clock.now(),
      monotonic: () => (isStopped ? 100 : monotonic.call(rig.environment.clock)),
    }
    const how = { is: 'up' as 'up' | 'failing' | 'hanging' }
    const { id, executor } = await begin(rig, make('one'), {
      wrap: (host: SagaHost) => ({ ...cutOff(how)(host), environment: { ...host.environment, clock: frozen } }),
    })
    await rig.environment.advance(100)
    how.is = 'hanging'
    rig.host('two', [make('two')])
    await rig.until(id, 'completed')
    // It wakes in the middle of the step, with its writes before its heartbeat.
    how.is = 'up'
    isStopped = false
    stopped.resolve()
    await rig.environment.advance(30_000)
    expect(effects).toEqual(['one a', 'two a', 'two b'])
    expect((await lookAt(rig, await rig.find(id))).ok).toBe('two')
    expect(executor.status()).toMatchObject({ active: 0 })
  })
})

describe('answers that are lost', () => {
  const losing = (which: string) => {
    let lost = 0
    const wrap = (host: SagaHost): SagaHost => {
      const call = host.store.sagas[which as 'take'] as (...given: unknown[]) => Promise<{ taken?: readonly unknown[] }>
      const sagas = {
        [which]: async (...given: unknown[]) => {
          const result = await call(...given)
          if (lost > 0 || result.taken?.length === 0) return result
          lost += 1
          throw away()
        },
      }
      return withSagas(host, sagas as never)
    }
    return { wrap, lost: () => lost }
  }
  it.each(['start', 'take', 'write', 'messages', 'beat'])(
    'of %s: it goes on all the same, and each step is done once',
    async (which) => {
      const rig = createSagaRig()
      const { wrap, lost } = losing(which)
      const done: string[] = []
      const saga = sagaOf(
        async (saga) => {
          await saga.step('a', () => done.push('a'))
          await saga.sleep(1_000)
          await saga.receive({ name: 'x', $banyan: 'signal' } as never, { timeoutMs: 2_000 })
          await saga.step('b', () => done.push('b'))
        },
        { signals: [{ name: 'x', $banyan: 'signal' }] as never },
      )
      const { id } = await begin(rig, saga, { wrap })
      await rig.environment.advance(1_500)
      await rig.store.sagas.send(id, { id: 's', kind: 'signal', name: 'x', key: '', body: '{}' })
      const ended = await rig.until(id, 'completed', 'parked')
      expect(ended.state).toBe('completed')
      expect(done).toEqual(['a', 'b'])
      if (which !== 'messages') expect(lost()).toBe(1)
    },
  )
})

describe('the end of a host', () => {
  it('lets what runs come to the end of its step, begins nothing, and lets go', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    const saga = sagaOf(async (saga) => {
      for (const name of ['a', 'b'])
        await saga.step(name, async () => {
          await wait(rig, 1_000)
          done.push(name)
        })
    })
    const { id, executor } = await begin(rig, saga)
    await rig.environment.advance(500)
    const before = rig.environment.clock.monotonic()
    await rig.environment.run(executor.stop(10_000))
    expect(rig.environment.clock.monotonic() - before).toBeLessThan(700)
    expect(done).toEqual(['a'])
    expect(await rig.find(id)).toMatchObject({ state: 'running', holder: undefined, length: 1 })
    await rig.environment.advance(5_000)
    expect(done).toEqual(['a'])
    rig.host('two', [saga])
    expect((await rig.until(id, 'completed')).length).toBe(2)
    expect(done).toEqual(['a', 'b'])
  })

  it('is not held up by a step that does not end', async () => {
    const rig = createSagaRig()
    const { id, executor } = await begin(
      rig,
      sagaOf((saga) => saga.step('a', () => never())),
    )
    await rig.environment.advance(100)
    await rig.environment.run(executor.stop(2_000))
    expect(await rig.find(id)).toMatchObject({ holder: undefined })
  })

  it('runs nothing of what a look brings that was under way', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    const saga = sagaOf((saga) => saga.step('a', () => done.push('a')))
    const late = Promise.withResolvers<void>()
    const executor = rig.host('one', [saga], {
      wrap: (host) =>
        withSagas(host, {
          take: async (request) => {
            const found = await host.store.sagas.take(request)
            if (found.taken.length > 0) await late.promise
            return found
          },
        }),
    })
    const other = rig.host('two', [])
    const id = await rig.begin(other, saga, { orderId: 'o-1' })
    await rig.environment.advance(100)
    const stopping = executor.stop(1_000)
    late.resolve()
    await rig.environment.run(stopping)
    await rig.environment.advance(5_000)
    expect(done).toEqual([])
    expect((await rig.find(id)).holder).toBeUndefined()
  })
})

describe('a run that was in the hands of another in between', () => {
  it('is not gone on with from memory: what the other has begun would be forgotten', async () => {
    const rig = createSagaRig()
    const undone: unknown[] = []
    let hang = false
    const make = () =>
      sagaOf((saga: Saga) =>
        saga.step(
          'a',
          () => {
            if (hang) return never()
            throw away(20_000)
          },
          (ctx) => undone.push(ctx.outcome),
        ),
      )
    const { id } = await begin(rig, make())
    await rig.environment.advance(1_000)
    // Another takes it when it is due, begins the step, and dies.
    hang = true
    await rig.environment.advance(15_000)
    await rig.store.sagas.beat('three#1', 10_000, new Map())
    await rig.environment.advance(0)
    const stolen = await rig.store.sagas.mend(id, 0, [], 'running')
    expect(stolen?.epoch).toBeGreaterThan(1)
    await rig.environment.advance(1_000)
    await cancel(rig, id)
    expect((await rig.until(id, 'undone', 'parked')).state).toBe('undone')
    expect(undone).toEqual(['unknown'])
  })
})

describe('a write that the store refuses whenever it is made', () => {
  it('parks its run, and the others of its group go on', async () => {
    const rig = createSagaRig()
    const saga = sagaOf(async (saga, { orderId }) => {
      // A seventeenth key is more than a run may have.
      if (orderId === 'bad')
        for (let n = 0; n < 17; n++)
          await saga.waitFor({ wire: 'shipping.lost.v1' } as never, { key: `k${n}`, timeoutMs: 1 })
      return saga.step('a', () => 'a')
    })
    const executor = rig.host('one', [saga])
    await rig.environment.advance(10)
    const ids = []
    for (const orderId of ['good', 'bad', 'other']) ids.push(await rig.begin(executor, saga, { orderId }))
    const ends = []
    for (const id of ids) ends.push(await lookAt(rig, await rig.until(id, 'completed', 'parked')))
    expect(ends.map(({ state }) => state)).toEqual([
      'completed',
      expect.stringMatching(/parked|completed/),
      'completed',
    ])
  })
})

it('the whole of it, at one host: nothing is left', async () => {
  const rig = createSagaRig()
  const ended = await runOne(
    rig,
    sagaOf((saga) => saga.step('a', () => 1)),
  )
  expect(ended.state).toBe('completed')
  await rig.environment.quiesce()
})
