/** Undo: what is undone, in which order, how often it is tried, and what stops it. */
import { describe, expect, it } from 'vitest'
import type { StepOptions } from './options.ts'
import { createSagaRig, type SagaRig } from './rig.ts'
import { away, cancel, lookAt, never, no, runOne, sagaOf, unclear } from './rig-sagas.ts'
import type { Saga } from './saga.ts'

const undos = (entries: readonly { kind: string; seq: number; name: string; body: string }[]) =>
  entries.filter(({ kind }) => kind === 'undo').map(({ seq, body }) => [seq, JSON.parse(body).outcome])

describe('undo', () => {
  it('goes in the reverse order of starts, also of parallel branches, with one outcome each', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    const step = (saga: Saga, name: string, ms: number) =>
      saga.step(
        name,
        async () => {
          await new Promise<void>((resolve) => void rig.environment.timers.after(ms, resolve))
          done.push(name)
        },
        () => done.push(`undo ${name}`),
      )
    const ended = await runOne(
      rig,
      sagaOf(async (saga) => {
        await Promise.all([step(saga, 'a', 300), step(saga, 'b', 100), step(saga, 'c', 200)])
        await saga.tx(
          'd',
          () => done.push('d'),
          () => done.push('undo d'),
        )
        throw no()
      }),
    )
    expect(ended.state).toBe('undone')
    expect(done).toEqual(['b', 'c', 'a', 'd', 'undo d', 'undo c', 'undo b', 'undo a'])
    expect(undos(ended.entries)).toEqual([
      [4, 'undone'],
      [3, 'undone'],
      [2, 'undone'],
      [1, 'undone'],
    ])
  })

  const failing = (probe: StepOptions<never, string>['probe'], undone: unknown[]) =>
    sagaOf((saga) =>
      saga.step<string>(
        'a',
        () => {
          throw unclear()
        },
        (ctx, result) => undone.push([ctx.outcome, result]),
        { retry: { maxAttempts: 1 }, probe: probe as never },
      ),
    )
  it.each([
    ['no', () => ({ happened: 'no' }), [], 'skipped'],
    ['yes', () => ({ happened: 'yes', result: 'r-1' }), [['done', 'r-1']], 'undone'],
    ['unknown', () => ({ happened: 'unknown' }), [['unknown', undefined]], 'undone'],
    [
      'an error',
      () => {
        throw no()
      },
      [['unknown', undefined]],
      'undone',
    ],
  ])('asks the probe first where it is not known whether it happened: %s', async (_what, probe, expected, outcome) => {
    const rig = createSagaRig()
    const undone: unknown[] = []
    const ended = await runOne(rig, failing(probe as never, undone))
    expect(undone).toEqual(expected)
    expect(undos(ended.entries)).toEqual([[1, outcome]])
  })

  it('is tried again, as a row too; one that fails for good parks the run, and it goes on there once it is mended', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    let broken = true
    const saga = sagaOf(async (saga) => {
      await saga.step(
        'a',
        () => 1,
        () => done.push('undo a'),
      )
      await saga.step(
        'b',
        () => 2,
        () => {
          done.push('try b')
          if (broken) throw away()
        },
        { undoRetry: { maxAttempts: 4, firstMs: 400 } },
      )
      await saga.step(
        'c',
        () => 3,
        () => done.push('undo c'),
      )
      throw no()
    })
    const parked = await runOne(rig, saga)
    expect(parked).toMatchObject({ state: 'parked', parked: { reason: 'UNDO_FAILED', seq: 2 } })
    expect(done).toEqual(['undo c', 'try b', 'try b', 'try b', 'try b'])
    broken = false
    const mended = {
      seq: 2,
      kind: 'mended',
      name: 'retry',
      atMs: 1,
      body: '{"action":"retry","by":"ada","why":"up again"}',
    }
    await rig.store.sagas.mend(parked.id, parked.record.length, [mended], 'undoing')
    const ended = await lookAt(rig, await rig.until(parked.id, 'undone'))
    expect(done.slice(5)).toEqual(['try b', 'undo a'])
    expect(undos(ended.entries)).toEqual([
      [3, 'undone'],
      [2, 'undone'],
      [1, 'undone'],
    ])
  })

  it('goes on at the right one at another host when its host dies in the middle', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    let first = true
    const saga = sagaOf(async (saga) => {
      for (const name of ['a', 'b', 'c'])
        await saga.step(
          name,
          () => name,
          async (_ctx, result) => {
            done.push(`undo ${result}`)
            if (result === 'b' && first) {
              first = false
              await never()
            }
          },
        )
      throw no()
    })
    const one = rig.host('one', [saga])
    await rig.environment.advance(10)
    const id = await rig.begin(one, saga, { orderId: 'o-1' })
    await rig.environment.advance(500)
    rig.host('one', [saga], { incarnation: 2 })
    const ended = await lookAt(rig, await rig.until(id, 'undone', 'parked'))
    expect(done).toEqual(['undo c', 'undo b', 'undo b', 'undo a'])
    expect(undos(ended.entries)).toEqual([
      [3, 'undone'],
      [2, 'undone'],
      [1, 'undone'],
    ])
  })

  it('is not cancelled, and not begun twice', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    const saga = sagaOf(async (saga) => {
      await saga.step(
        'a',
        () => 1,
        async () => {
          done.push('undo a')
          await new Promise<void>((resolve) => void rig.environment.timers.after(5_000, resolve))
        },
      )
      throw no()
    })
    const executor = rig.host('one', [saga])
    await rig.environment.advance(10)
    const id = await rig.begin(executor, saga, { orderId: 'o-1' })
    await rig.environment.advance(1_000)
    expect(await cancel(rig, id)).toBe('sent')
    const ended = await lookAt(rig, await rig.until(id, 'undone', 'parked'))
    expect(ended.error?.reason).toBe('OUT_OF_STOCK')
    expect(done).toEqual(['undo a'])
    expect(await cancel(rig, id)).toBe('ended')
  })

  it('has keys of the time when it was decided, however long the run has been under way', async () => {
    const rig = createSagaRig()
    const keys: string[] = []
    const ended = await runOne(
      rig,
      sagaOf(async (saga) => {
        await saga.step(
          'a',
          () => 1,
          (ctx) => keys.push(ctx.idempotencyKey),
        )
        await saga.sleep(5_000)
        throw no()
      }),
    )
    const undoing = ended.entries.find(({ kind }) => kind === 'undoing')
    expect(keys).toEqual([`${ended.id}.u1.${undoing?.atMs.toString(36)}`])
  })

  it('leaves alone what certainly was not done', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    const ended = await runOne(
      rig,
      sagaOf((saga) =>
        saga.step(
          'a',
          () => {
            throw away()
          },
          () => done.push('undo a'),
          { retry: { maxAttempts: 2 } },
        ),
      ),
    )
    expect(ended.state).toBe('undone')
    expect(done).toEqual([])
  })
})

describe('a cancellation', () => {
  const start = async (rig: SagaRig, saga: ReturnType<typeof sagaOf>) => {
    const executor = rig.host('one', [saga])
    await rig.environment.advance(10)
    return rig.begin(executor, saga, { orderId: 'o-1' })
  }

  it('stops a step, waits for what it did, and undoes that', async () => {
    const rig = createSagaRig()
    const done: unknown[] = []
    const id = await start(
      rig,
      sagaOf((saga) =>
        saga.step<unknown>(
          'a',
          (ctx) =>
            new Promise((resolve) => {
              const { signal } = ctx as never as { signal: AbortSignal }
              signal.addEventListener('abort', () => rig.environment.timers.after(100, () => resolve('half')))
            }),
          (ctx, result) => done.push([ctx.outcome, result]),
        ),
      ),
    )
    await rig.environment.advance(1_000)
    await cancel(rig, id)
    const ended = await lookAt(rig, await rig.until(id, 'undone', 'parked'))
    expect(ended.error).toMatchObject({
      code: 'ABORTED',
      reason: 'SAGA_CANCELLED',
      message: 'cancelled by ada: she said so',
    })
    expect(done).toEqual([['done', 'half']])
    expect(ended.lines).toEqual(['0 undoing SAGA_CANCELLED', '1 step a', '1 undo a'])
  })

  it('does not wait for ever for a step that does not hear: it is undone as something unknown', async () => {
    const rig = createSagaRig()
    const done: unknown[] = []
    const saga = sagaOf((saga) =>
      saga.step(
        'a',
        () => never(),
        (ctx) => done.push(ctx.outcome),
        { timeoutMs: 3_600_000 },
      ),
    )
    const id = await start(rig, saga)
    await rig.environment.advance(1_000)
    await cancel(rig, id)
    await rig.environment.advance(29_000)
    expect((await rig.find(id)).state).toBe('undoing')
    await rig.environment.advance(2_000)
    expect(done).toEqual(['unknown'])
  })

  it('of a step that waits for its next attempt undoes what is known of it', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    const saga = sagaOf((saga) =>
      saga.step(
        'a',
        () => {
          done.push('a')
          throw away(600_000)
        },
        () => done.push('undo a'),
      ),
    )
    const id = await start(rig, saga)
    await rig.environment.advance(10_000)
    await cancel(rig, id)
    expect((await rig.until(id, 'undone', 'parked')).state).toBe('undone')
    expect(done).toEqual(['a'])
  })

  it('before the point of no return wins, one after it is too late', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    const make = () =>
      sagaOf(async (saga) => {
        await saga.step(
          'a',
          () => done.push('a'),
          () => done.push('undo a'),
        )
        await saga.sleep(1_000)
        await saga.pointOfNoReturn()
        await saga.sleep(1_000)
        await saga.step('b', () => done.push('b'))
      })
    const early = await start(rig, make())
    await rig.environment.advance(500)
    await cancel(rig, early)
    expect((await rig.until(early, 'completed', 'undone', 'parked')).state).toBe('undone')
    expect(done).toEqual(['a', 'undo a'])

    const other = createSagaRig()
    const late = await start(other, make())
    await other.environment.advance(1_500)
    await cancel(other, late)
    expect((await other.until(late, 'completed', 'undone', 'parked')).state).toBe('completed')
    expect(done.slice(2)).toEqual(['a', 'b'])
  })

  it('that comes between the question and the point is seen by the point', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    const saga = sagaOf(async (saga) => {
      await saga.step(
        'a',
        () => done.push('a'),
        () => done.push('undo a'),
      )
      await saga.pointOfNoReturn()
      await saga.step('b', () => done.push('b'))
    })
    // The mail comes while the write of the point is on its way, and no hint with it.
    const { write } = rig.store.sagas
    let id = ''
    rig.store.sagas.write = async (writes) => {
      if (writes.some(({ entries }) => entries.some(({ kind }) => kind === 'point')) && done.length === 1)
        await rig.store.sagas.send(id, {
          id: 'c',
          kind: 'cancel',
          name: 'cancel',
          key: '',
          body: '{"by":"ada","why":""}',
        })
      return write(writes)
    }
    const executor = rig.host('one', [saga])
    await rig.environment.advance(10)
    id = await rig.begin(executor, saga, { orderId: 'o-1' })
    expect((await rig.until(id, 'completed', 'undone', 'parked')).state).toBe('undone')
    expect(done).toEqual(['a', 'undo a'])
  })
})

describe('after the point of no return', () => {
  it('a step is tried for ever, and a terminal error waits for a person', async () => {
    const rig = createSagaRig()
    let tried = 0
    const ended = await runOne(
      rig,
      sagaOf(async (saga) => {
        await saga.pointOfNoReturn()
        await saga.step(
          'a',
          () => {
            tried += 1
            throw tried < 40 ? away() : no()
          },
          undefined,
          { retry: { maxAttempts: 2, maxMs: 100 } },
        )
      }),
    )
    expect(tried).toBe(40)
    expect(ended).toMatchObject({ state: 'parked', parked: { reason: 'STEP_FAILED_PAST_NO_RETURN', seq: 2 } })
  })

  it('what the function throws waits for a person', async () => {
    const rig = createSagaRig()
    const ended = await runOne(
      rig,
      sagaOf(async (saga) => {
        await saga.pointOfNoReturn()
        throw no()
      }),
    )
    expect(ended.parked?.reason).toBe('FAILED_PAST_NO_RETURN')
  })
})

describe('the time of the whole saga', () => {
  it('undoes it, in the middle of a step too', async () => {
    const rig = createSagaRig()
    const done: unknown[] = []
    const ended = await runOne(
      rig,
      sagaOf(
        (saga) =>
          saga.step(
            'a',
            () => never(),
            (ctx) => done.push(ctx.outcome),
            { timeoutMs: 60_000 },
          ),
        {
          timeoutMs: 5_000,
        },
      ),
    )
    expect(ended.error).toMatchObject({ code: 'ABORTED', reason: 'SAGA_TIMEOUT' })
    expect(done).toEqual(['unknown'])
    expect((ended.record.endedMs ?? 0) - ended.record.startedMs).toBeLessThan(36_000)
  })

  it('is over for one that waits, and does not count after the point of no return', async () => {
    const waiting = createSagaRig()
    const undone = await runOne(
      waiting,
      sagaOf((saga) => saga.sleep(3_600_000), { timeoutMs: 5_000 }),
    )
    expect(undone.error?.reason).toBe('SAGA_TIMEOUT')
    expect((undone.record.endedMs ?? 0) - undone.record.startedMs).toBeLessThan(5_100)
    const past = createSagaRig()
    const done = await runOne(
      past,
      sagaOf(
        async (saga) => {
          await saga.pointOfNoReturn()
          await saga.sleep(3_600_000)
        },
        { timeoutMs: 5_000 },
      ),
    )
    expect(done.state).toBe('completed')
  })
})

describe('a function that is wrong', () => {
  it.each([
    ['throws a TypeError', (saga: Saga) => (saga as never as { nothing(): Promise<void> }).nothing(), 'DEFECT'],
    ['names an event it did not list', (saga: Saga) => saga.waitFor({ wire: 'a.b.v1' } as never), 'UNDECLARED_WAIT'],
    [
      'names a signal it did not list',
      (saga: Saga) => saga.receive({ name: 'x', $banyan: 'signal' } as never),
      'UNDECLARED_SIGNAL',
    ],
    ['awaits something else', () => never(), 'SAGA_AWAITS_ELSEWHERE'],
    [
      'begins too much at once',
      (saga: Saga) => Promise.all(Array.from({ length: 65 }, () => saga.sleep(1))),
      'SAGA_TOO_WIDE',
    ],
    [
      'loops for ever',
      async (saga: Saga) => {
        for (;;) await saga.step('again', () => 1)
      },
      'SAGA_TOO_LONG',
    ],
    ['gives what is no JSON', async () => 1n, 'SAGA_VALUE_NOT_JSON'],
  ])('and %s waits for a person; nothing is undone', async (_what, mistake, reason) => {
    const rig = createSagaRig()
    const undone: string[] = []
    const ended = await runOne(
      rig,
      sagaOf(
        async (saga) => {
          await saga.step(
            'first',
            () => 1,
            () => undone.push('first'),
          )
          return mistake(saga)
        },
        { maxSteps: 100 },
      ),
    )
    expect(ended.parked?.reason).toBe(reason)
    expect(undone).toEqual([])
    expect(ended.record.holder).toBeUndefined()
  })
})
