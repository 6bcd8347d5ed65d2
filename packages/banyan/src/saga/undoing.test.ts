/** Undo: what is undone, in which order, how often it is tried, and what stops it. */
import { describe, expect, it } from 'vitest'
import { away, cancel, lookAt, never, no, runOne, sagaOf, unclear } from './fixtures/sagas.ts'
import type { StepOptions } from './options.ts'
import { createSagaRig } from './rig.ts'
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
