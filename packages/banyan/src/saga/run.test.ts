/** Runs: steps in order, replays, waits, undo, and what they refuse. */
import { describe, expect, it } from 'vitest'
import { t } from '../contract/index.ts'
import { BanyanError } from '../core/error.ts'
import { defineSaga } from './define-saga.ts'
import { createSagaRig } from './rig.ts'
import type { Saga } from './saga.ts'

const Input = t.Object({ orderId: t.String() })
const key = ({ orderId }: { orderId: string }): string => orderId

describe('a run', () => {
  it('does its steps in order, each once, and ends with what the function gave', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    const saga = defineSaga('three', {
      version: 1,
      input: Input,
      key,
      async run(saga: Saga, { orderId }) {
        const a = await saga.step('a', () => done.push('a'))
        const b = await saga.step('b', () => done.push('b'))
        await saga.step('c', () => done.push('c'))
        return { orderId, sum: a + b }
      },
    })
    const executor = rig.host('one', [saga as never])
    const id = await rig.begin(executor, saga as never, { orderId: 'o-1' })
    const ended = await rig.until(id, 'completed', 'parked')
    expect(JSON.parse(ended.outcome ?? '')).toEqual({ ok: { orderId: 'o-1', sum: 3 } })
    expect(done).toEqual(['a', 'b', 'c'])
    expect((await rig.store.sagas.entries(id, 0, 100)).map(({ n, seq, kind, name }) => [n, seq, kind, name])).toEqual([
      [1, 1, 'step', 'a'],
      [2, 2, 'step', 'b'],
      [3, 3, 'step', 'c'],
    ])
    expect(executor.status()).toMatchObject({ active: 0, commits: 4 })
  })

  it('undoes in the reverse order of starts when a step says no', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    const saga = defineSaga('undone', {
      version: 1,
      input: Input,
      key,
      async run(saga: Saga) {
        await saga.step(
          'a',
          () => done.push('a'),
          () => done.push('undo a'),
        )
        await saga.tx(
          'b',
          () => done.push('b'),
          () => done.push('undo b'),
        )
        await saga.step(
          'c',
          () => {
            throw new BanyanError('FAILED_PRECONDITION', 'no', { reason: 'OUT_OF_STOCK' })
          },
          () => done.push('undo c'),
        )
      },
    })
    const executor = rig.host('one', [saga as never])
    const id = await rig.begin(executor, saga as never, { orderId: 'o-1' })
    const ended = await rig.until(id, 'undone', 'parked')
    expect(ended.state).toBe('undone')
    expect(JSON.parse(ended.outcome ?? '')).toMatchObject({ error: { reason: 'OUT_OF_STOCK' } })
    expect(done).toEqual(['a', 'b', 'undo b', 'undo a'])
  })

  it('sleeps as a row, and goes on', async () => {
    const rig = createSagaRig()
    const saga = defineSaga('sleeper', {
      version: 1,
      input: Input,
      key,
      async run(saga: Saga) {
        await saga.sleep(14 * 86_400_000)
        return saga.now()
      },
    })
    const executor = rig.host('one', [saga as never])
    const id = await rig.begin(executor, saga as never, { orderId: 'o-1' })
    await rig.environment.advance(1_000)
    const waiting = await rig.find(id)
    expect(waiting).toMatchObject({ state: 'running', holder: undefined })
    await rig.environment.advance(14 * 86_400_000)
    const ended = await rig.until(id, 'completed')
    expect(JSON.parse(ended.outcome ?? '').ok - waiting.startedMs).toBeGreaterThanOrEqual(14 * 86_400_000)
    expect(JSON.parse(ended.outcome ?? '').ok - waiting.startedMs).toBeLessThan(14 * 86_400_000 + 2_000)
    expect(executor.status()).toMatchObject({ replayed: 0 })
  })

  it('goes on from its journal at another host, once the first is dead', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    const stuck = Promise.withResolvers<never>()
    let first = true
    const saga = defineSaga('moved', {
      version: 1,
      input: Input,
      key,
      async run(saga: Saga) {
        const [a, b] = await Promise.all([
          saga.step('a', (ctx) => done.push(`a ${ctx.idempotencyKey.split('.')[1]}`)),
          saga.step('b', (ctx) => done.push(`b ${ctx.idempotencyKey.split('.')[1]}`)),
        ])
        await saga.step(
          'c',
          () => {
            if (!first) return done.push('c')
            first = false
            return stuck.promise
          },
          undefined,
          { timeoutMs: 3_600_000 },
        )
        return [a, b, saga.random(), saga.newId()]
      },
    })
    const one = rig.host('one', [saga as never])
    const id = await rig.begin(one, saga as never, { orderId: 'o-1' })
    await rig.environment.advance(100)
    expect(done).toEqual(['a 1', 'b 2'])
    // As if killed: it says nothing any more.
    const beat = rig.store.sagas.beat
    rig.store.sagas.beat = (holder, ...rest) =>
      holder === 'one#1' ? Promise.reject(new BanyanError('UNAVAILABLE', 'cut off')) : beat(holder, ...rest)
    rig.host('two', [saga as never])
    const ended = await rig.until(id, 'completed', 'parked')
    expect(ended).toMatchObject({ state: 'completed', epoch: 3 })
    expect(done).toEqual(['a 1', 'b 2', 'c'])
  })
})
