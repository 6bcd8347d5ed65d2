/** Branches: what all and race give, what stops the others, and that a replay does the same. */
import { describe, expect, it } from 'vitest'
import { deliver, never, no, runOne, Shipping, sagaOf } from './fixtures/sagas.ts'
import { createSagaRig } from './rig.ts'
import type { Saga } from './saga.ts'

describe('all', () => {
  it('gives what each branch gave', async () => {
    const rig = createSagaRig()
    const ended = await runOne(
      rig,
      sagaOf((saga) => saga.all([(one) => one.step('a', () => 1), () => saga.step('b', () => 'x'), async () => true])),
    )
    expect(ended.ok).toEqual([1, 'x', true])
  })

  it('tells the others to stop when one fails, waits for them, and throws the first failure', async () => {
    const rig = createSagaRig()
    const heard: unknown[] = []
    const done: string[] = []
    const ended = await runOne(
      rig,
      sagaOf((saga) =>
        saga.all([
          async (one) => {
            await one.sleep(100)
            await one.step('fails', () => {
              throw no()
            })
          },
          async (one) => {
            await one.step(
              'a',
              () => done.push('a'),
              () => done.push('undo a'),
            )
            try {
              await one.sleep(3_600_000)
            } catch (error) {
              heard.push((error as { reason: string }).reason)
            }
            await one.step('b', () => done.push('b'))
          },
          (one) =>
            one.step(
              'hears',
              (ctx) =>
                new Promise((_resolve, reject) => {
                  const { signal } = ctx as never as { signal: AbortSignal }
                  signal.addEventListener('abort', () => reject(signal.reason))
                }),
              (ctx) => done.push(`undo hears ${ctx.outcome}`),
            ),
        ]),
      ),
    )
    expect(ended).toMatchObject({ state: 'undone', error: { reason: 'OUT_OF_STOCK' } })
    expect(heard).toEqual(['BRANCH_STOPPED'])
    expect(done).toEqual(['a', 'undo hears unknown', 'undo a'])
    expect((ended.record.endedMs ?? 0) - ended.record.startedMs).toBeLessThan(1_000)
  })

  it('does not stop anybody after the point of no return', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    const ended = await runOne(
      rig,
      sagaOf(async (saga) => {
        await saga.pointOfNoReturn()
        const first = saga.all([
          async () => {
            throw no()
          },
          async (one) => {
            await one.sleep(1_000)
            await one.step('a', () => done.push('a'))
          },
        ])
        await first.catch(() => done.push('failed'))
      }),
    )
    expect(ended.state).toBe('completed')
    expect(done).toEqual(['a', 'failed'])
  })

  it('with a mistake in one branch parks the run as it stands, and goes on once the code is mended', async () => {
    const rig = createSagaRig()
    let wrong = true
    const saga = sagaOf((saga) =>
      saga.all([
        async (one) => {
          await one.sleep(100)
          if (wrong) throw new TypeError('mistake')
          return 'right'
        },
        async (one) => one.step('slow', () => (wrong ? never<string>() : 'done')),
      ]),
    )
    const parked = await runOne(rig, saga)
    expect(parked.parked).toMatchObject({ reason: 'DEFECT', message: 'TypeError: mistake' })
    wrong = false
    await rig.store.sagas.mend(parked.id, parked.record.length, [], 'running')
    expect(JSON.parse((await rig.until(parked.id, 'completed')).outcome ?? '')).toEqual({ ok: ['right', 'done'] })
  })
})

describe('race', () => {
  it('gives the first; what the others have done is undone before, and their locks are free', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    const ended = await runOne(
      rig,
      sagaOf(async (saga) => {
        const first = await saga.race<unknown>([
          async (one) => {
            await one.lock('stock', 'apple')
            await one.step(
              'a',
              () => done.push('a'),
              () => done.push('undo a'),
            )
            await one.sleep(3_600_000)
          },
          async (one) => {
            await one.sleep(1_000)
            return 'late'
          },
        ])
        done.push(`locks ${(await rig.store.sagas.locks(10)).length}`)
        return first
      }),
    )
    expect(ended.ok).toEqual({ index: 1, value: 'late' })
    expect(done).toEqual(['a', 'undo a', 'locks 0'])
  })

  it('throws what the first threw, and undoes the others', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    const ended = await runOne(
      rig,
      sagaOf((saga) =>
        saga.race([
          async (one) => {
            await one.step(
              'a',
              () => done.push('a'),
              () => done.push('undo a'),
            )
            await one.sleep(60_000)
          },
          async (one) => {
            await one.sleep(100)
            throw no()
          },
        ]),
      ),
    )
    expect(ended.error?.reason).toBe('OUT_OF_STOCK')
    expect(done).toEqual(['a', 'undo a'])
    expect(ended.lines.filter((line) => line.includes(' undo ') && !line.includes('losing'))).toEqual(['1 undo a'])
  })

  it('between events: the one that comes wins', async () => {
    const rig = createSagaRig()
    const saga = sagaOf((saga) =>
      saga.race<unknown>([
        (one) => one.waitFor(Shipping.events.lost),
        async (one) => (await one.waitFor(Shipping.events.delivered)).data.to,
        (one) => one.sleep(600_000),
      ]),
    )
    const executor = rig.host('one', [saga])
    await rig.environment.advance(10)
    const id = await rig.begin(executor, saga, { orderId: 'o-1' })
    await rig.environment.advance(5_000)
    await deliver(rig, Shipping.events.delivered as never, { orderId: 'o-1', to: 'Ann' })
    expect(JSON.parse((await rig.until(id, 'completed', 'parked')).outcome ?? '')).toEqual({
      ok: { index: 1, value: 'Ann' },
    })
  })

  it('goes on in the middle of its undo at another host, and after it as before', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    let stuck = true
    const saga = sagaOf(async (saga) => {
      const { index } = await saga.race([
        async (one) => {
          for (const name of ['a', 'b'])
            await one.step(
              name,
              () => done.push(name),
              async () => {
                done.push(`undo ${name}`)
                if (name === 'a' && stuck) {
                  stuck = false
                  await never()
                }
              },
            )
          await one.sleep(600_000)
        },
        (one) => one.sleep(1_000),
      ])
      await saga.sleep(2_000)
      return [index, await saga.step('c', () => done.push('c'))]
    })
    const one = rig.host('one', [saga])
    await rig.environment.advance(10)
    const id = await rig.begin(one, saga, { orderId: 'o-1' })
    await rig.environment.advance(1_500)
    rig.host('one', [saga], { incarnation: 2 })
    const ended = await rig.until(id, 'completed', 'undone', 'parked')
    expect(ended.state).toBe('completed')
    expect(done).toEqual(['a', 'b', 'undo b', 'undo a', 'undo a', 'c'])
  })
})

describe('branches of any depth', () => {
  it('do at a replay what they did', async () => {
    const make = (log: string[]) =>
      sagaOf(async (saga: Saga) => {
        log.length = 0
        const [[a], second] = await saga.all([
          (one) =>
            one.all([
              async (two) => {
                await two.sleep(Math.floor(saga.random() * 100))
                log.push(`a ${two.newId()}`)
                return two.step('a', () => 'a')
              },
              async (two) => two.race<unknown>([(x) => x.step('x', () => 'x'), (x) => x.sleep(10)]),
            ]),
          async (one) => {
            await one.step('b', () => 'b')
            log.push(`b ${one.random()}`)
            return one.step('c', () => 'c')
          },
        ])
        log.push(`${a} ${second} ${saga.now()}`)
        await saga.sleep(60_000)
        return log.length
      })
    const rig = createSagaRig()
    const live: string[] = []
    const saga = make(live)
    const executor = rig.host('one', [saga], { maxCached: 0 })
    await rig.environment.advance(10)
    const id = await rig.begin(executor, saga, { orderId: 'o-1' })
    await rig.environment.advance(5_000)
    const before = [...live]
    await rig.until(id, 'completed', 'parked')
    expect(live).toEqual(before)
    expect(executor.status().replayed).toBeGreaterThan(0)
  })
})
