/** What ends a run before its end: cancellations, its time, failures after the point of no return, and mistakes of its function. */
import { describe, expect, it } from 'vitest'
import { away, cancel, lookAt, never, no, runOne, Shipping, sagaOf, withSagas } from './fixtures/sagas.ts'
import type { SagaHost } from './host.ts'
import { createSagaRig, type SagaRig } from './rig.ts'
import type { Saga } from './saga.ts'

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

  it.each([
    ['is heard, for it was accepted', 'cancel', 'undone', ['a', 'undo a']],
    ['does not undo what is past its point of no return', 'point', 'completed', ['a']],
    ['and is none lets it end', 'signal', 'completed', ['a']],
  ])('that comes while the end is on its way %s', async (_what, kind, state, expected) => {
    const rig = createSagaRig()
    const done: string[] = []
    let sent = 0
    const wrap = (host: SagaHost): SagaHost =>
      withSagas(host, {
        write: async (writes) => {
          const ending = writes.find(({ change }) => change?.to === 'completed')
          if (ending !== undefined && sent++ === 0) {
            const message = kind === 'signal' ? 'signal' : 'cancel'
            const body = JSON.stringify({ by: 'ada', why: '' })
            expect(await rig.store.sagas.send(ending.id, { id: 'c', kind: message, name: 'x', key: '', body })).toBe(
              'sent',
            )
          }
          return rig.store.sagas.write(writes)
        },
      })
    const saga = sagaOf(async (one) => {
      await one.step(
        'a',
        () => done.push('a'),
        () => done.push('undo a'),
      )
      if (kind === 'point') await one.pointOfNoReturn()
    })
    const executor = rig.host('one', [saga], { wrap })
    await rig.environment.advance(10)
    const id = await rig.begin(executor, saga, { orderId: 'o-1' })
    expect((await rig.until(id, 'undone', 'completed', 'parked')).state).toBe(state)
    expect(done).toEqual(expected)
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
    ['sleeps for less than no time', (saga: Saga) => saga.sleep(-1), 'INVALID_SLEEP'],
    ['asks for a lock without a key', (saga: Saga) => saga.lock('order', ''), 'INVALID_LOCK'],
    [
      'waits for a time that is none',
      (saga: Saga) => saga.waitFor(Shipping.events.delivered, { timeoutMs: Number.NaN } as never),
      'INVALID_WAIT',
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
