/** Steps and transactions: how they are tried, what is known after they failed, and what is refused. */
import { describe, expect, it } from 'vitest'
import { BanyanError } from '../core/error.ts'
import { away, never, no, runOne, sagaOf, unclear } from './fixtures/sagas.ts'
import { maxResultBytes } from './options.ts'
import { createSagaRig } from './rig.ts'
import type { Saga } from './saga.ts'

const bodyOf = (entry: { body: string } | undefined) => JSON.parse(entry?.body ?? '{}')

describe('a step', () => {
  it('is tried again in memory at first, then as a row, and notes its attempts', async () => {
    const rig = createSagaRig()
    const times: number[] = []
    const keys = new Set<string>()
    const saga = sagaOf((saga) =>
      saga.step('a', (ctx) => {
        times.push(rig.environment.clock.monotonic())
        keys.add(ctx.idempotencyKey)
        if (times.length < 6) throw away()
        return times.length
      }),
    )
    const executor = rig.host('one', [saga])
    await rig.environment.advance(10)
    const id = await rig.begin(executor, saga, { orderId: 'o-1' })
    await rig.environment.advance(1_200)
    const waiting = await rig.find(id)
    expect(waiting.holder).toBeUndefined()
    expect(JSON.parse(waiting.note)).toMatchObject({ retries: { 1: { error: 'UNAVAILABLE: away' } } })
    const ended = await rig.until(id, 'completed', 'parked')
    expect(ended.state).toBe('completed')
    expect(keys.size).toBe(1)
    const waits = times.slice(1).map((at, index) => at - (times[index] as number))
    for (const [index, ms] of waits.entries()) {
      expect(ms).toBeGreaterThanOrEqual(50 * 2 ** index)
      expect(ms).toBeLessThanOrEqual(100 * 2 ** index + 2)
    }
    expect(bodyOf((await rig.store.sagas.entries(id, 0, 10))[0])).toMatchObject({ ok: 6, attempts: 6 })
  })

  it('waits as long as a participant asks, a day at most', async () => {
    const rig = createSagaRig()
    const times: number[] = []
    const ended = await runOne(
      rig,
      sagaOf((saga) =>
        saga.step('a', () => {
          times.push(rig.environment.clock.monotonic())
          if (times.length === 1) throw away(60_000)
          if (times.length === 2) throw away(Number.MAX_SAFE_INTEGER)
        }),
      ),
    )
    expect(ended.state).toBe('completed')
    expect((times[1] as number) - (times[0] as number)).toBeGreaterThanOrEqual(60_000)
    expect((times[2] as number) - (times[1] as number)).toBeGreaterThanOrEqual(86_400_000)
    expect((times[2] as number) - (times[1] as number)).toBeLessThan(86_410_000)
  })

  it.each([
    ['what the participant says no by', () => no(), {}, 1],
    ['a code that is named', () => away(), { terminal: ['UNAVAILABLE'] }, 1],
    [
      'a reason that is named',
      () => new BanyanError('INTERNAL', 'x', { reason: 'BROKEN' }),
      { terminal: ['BROKEN'] },
      1,
    ],
    ['what `retryable` says', () => new Error('x'), { retryable: () => false }, 1],
    ['the attempts', () => new Error('x'), { retry: { maxAttempts: 3 } }, 3],
    ['the attempts of an unknown outcome', () => unclear(), { retry: { maxAttempts: 2 } }, 2],
  ])('ends by %s', async (_what, toError, options, attempts) => {
    const rig = createSagaRig()
    let tried = 0
    const ended = await runOne(
      rig,
      sagaOf((saga) =>
        saga.step(
          'a',
          () => {
            tried += 1
            throw toError()
          },
          undefined,
          options,
        ),
      ),
    )
    expect(ended.state).toBe('undone')
    expect(tried).toBe(attempts)
    expect(bodyOf(ended.entries[0])).toMatchObject({ attempts })
  })

  it('that never settles ends by its time, and its outcome is unknown', async () => {
    const rig = createSagaRig()
    const signals: AbortSignal[] = []
    const undone: unknown[] = []
    const ended = await runOne(
      rig,
      sagaOf((saga) =>
        saga.step(
          'a',
          (ctx) => {
            signals.push((ctx as unknown as { signal: AbortSignal }).signal)
            return never()
          },
          (ctx, result) => undone.push([ctx.outcome, result]),
          { timeoutMs: 500, retry: { maxAttempts: 2 } },
        ),
      ),
    )
    expect(ended.error).toMatchObject({ code: 'DEADLINE_EXCEEDED', reason: 'STEP_TIMEOUT' })
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
    expect(bodyOf(ended.entries[0])).toMatchObject({ outcome: 'unknown', attempts: 2 })
    expect(undone).toEqual([['unknown', undefined]])
  })

  it.each([
    ['too large', 'x'.repeat(maxResultBytes), 'SAGA_VALUE_TOO_LARGE'],
    ['no JSON', 10n, 'SAGA_VALUE_NOT_JSON'],
    ['a function', () => 1, 'SAGA_VALUE_NOT_JSON'],
  ])('that gives what is %s was done all the same: it is undone', async (_what, value, reason) => {
    const rig = createSagaRig()
    const undone: unknown[] = []
    const ended = await runOne(
      rig,
      sagaOf((saga) =>
        saga.step(
          'a',
          () => value as unknown,
          (ctx, result) => undone.push([ctx.outcome, result]),
        ),
      ),
    )
    expect(ended).toMatchObject({ state: 'undone', error: { code: 'INVALID_ARGUMENT', reason } })
    expect(undone).toEqual([['unknown', undefined]])
  })

  it('gives a copy, the same as at a replay: dates are texts, undefined stays', async () => {
    const rig = createSagaRig()
    const shared = { at: new Date(0), list: [1] }
    const ended = await runOne(
      rig,
      sagaOf(async (saga) => {
        const got = (await saga.step('a', () => shared)) as unknown as { at: unknown; list: number[] }
        got.list.push(2)
        return [got, (await saga.step('b', () => undefined)) === undefined]
      }),
    )
    expect(ended.ok).toEqual([{ at: '1970-01-01T00:00:00.000Z', list: [1, 2] }, true])
    expect(shared.list).toEqual([1])
  })

  it('a second call of which failed may have been done in part: it is undone', async () => {
    const rig = createSagaRig()
    const undone: unknown[] = []
    const ended = await runOne(
      rig,
      sagaOf((saga) =>
        saga.step(
          'a',
          (ctx) => {
            const { onCall } = ctx as never as { onCall(note: object): () => void }
            onCall({ operation: 'stock.reserve', key: 'k.1' })()
            onCall({ operation: 'stock.label', key: 'k.2' })
            throw no()
          },
          (ctx) => undone.push(ctx.outcome),
        ),
      ),
    )
    expect(bodyOf(ended.entries[0])).toMatchObject({ outcome: 'unknown', calls: [{ key: 'k.1' }, { key: 'k.2' }] })
    expect(undone).toEqual(['unknown'])
  })

  it('keeps an error of a bounded length', async () => {
    const rig = createSagaRig()
    const ended = await runOne(
      rig,
      sagaOf((saga) =>
        saga.step('a', () => {
          throw new BanyanError('NOT_FOUND', 'm'.repeat(100_000), { details: { d: 'd'.repeat(100_000) } })
        }),
      ),
    )
    expect(ended.error?.message).toHaveLength(4_000)
    expect((ended.record.outcome ?? '').length).toBeLessThan(5_000)
  })

  it.each([
    ['a name', (saga: Saga) => saga.step('', () => 1)],
    ['a time', (saga: Saga) => saga.step('a', () => 1, undefined, { timeoutMs: 0 })],
    ['a policy', (saga: Saga) => saga.step('a', () => 1, undefined, { retry: { maxAttempts: 0 } })],
    ['its work', (saga: Saga) => saga.step('a', 1 as never)],
    ['a length of sleep', (saga: Saga) => saga.sleep(-1)],
    ['a lock', (saga: Saga) => saga.lock('', 'k')],
    ['a wait', (saga: Saga) => saga.waitFor([] as never)],
  ])('with a mistake in %s parks the run, and nothing is undone', async (_what, mistake) => {
    const rig = createSagaRig()
    const undone: string[] = []
    const ended = await runOne(
      rig,
      sagaOf(async (saga) => {
        await saga.step(
          'first',
          () => 1,
          () => undone.push('first'),
        )
        await mistake(saga)
      }),
    )
    expect(ended.state).toBe('parked')
    expect(ended.parked?.reason).toMatch(/^INVALID_/)
    expect(undone).toEqual([])
  })
})

describe('a transaction', () => {
  const started = (rig: ReturnType<typeof createSagaRig>, key: string) => rig.store.sagas.findByKey('row', key)
  const row = (key: string) => ({
    id: `row-${key}`,
    name: 'row',
    version: 1,
    key,
    run: 1,
    input: '{}',
    priority: 'normal' as const,
    timeoutMs: undefined,
    correlations: [],
    parent: undefined,
    traceparent: undefined,
    startedBy: 'test',
  })

  it('commits with the journal, and is rolled back with it; a failed attempt leaves nothing', async () => {
    const rig = createSagaRig()
    let tried = 0
    const ended = await runOne(
      rig,
      sagaOf((saga) =>
        saga.tx('a', async (tx) => {
          tried += 1
          await (tx as never as { sagas: { start(saga: object): Promise<unknown> } }).sagas.start(row(`k${tried}`))
          if (tried < 3) throw away()
          return tried
        }),
      ),
    )
    expect(ended).toMatchObject({ state: 'completed', ok: 3 })
    expect(await started(rig, 'k1')).toBeUndefined()
    expect(await started(rig, 'k2')).toBeUndefined()
    expect(await started(rig, 'k3')).toBeDefined()
    expect(bodyOf(ended.entries[0])).toMatchObject({ ok: 3, attempts: 3 })
  })

  it('whose answer was lost is found in the journal, and not done again', async () => {
    const rig = createSagaRig()
    const done: string[] = []
    let lose = true
    const ended = await runOne(
      rig,
      sagaOf(async (saga) => {
        await saga.tx('a', () => done.push('a'))
        await saga.tx('b', () => done.push('b'))
      }),
      {
        wrap: (host) => ({
          ...host,
          async transact(...given) {
            const result = await host.transact(...given)
            if (lose) {
              lose = false
              throw unclear()
            }
            return result
          },
        }),
      },
    )
    expect(ended.state).toBe('completed')
    expect(done).toEqual(['a', 'b'])
  })

  it('in several branches at once: each has its own place in the journal', async () => {
    const rig = createSagaRig()
    const ended = await runOne(
      rig,
      sagaOf(async (saga) => Promise.all([1, 2, 3, 4].map((n) => saga.tx(`t${n}`, async () => n)))),
    )
    expect(ended).toMatchObject({ state: 'completed', ok: [1, 2, 3, 4] })
    expect(ended.entries.map(({ n }) => n)).toEqual([1, 2, 3, 4])
  })

  it('that never settles is told to stop, and rolled back', async () => {
    const rig = createSagaRig()
    const ended = await runOne(
      rig,
      sagaOf(async (saga) => saga.tx('a', () => never(), undefined, { retry: { maxAttempts: 2 } })),
    )
    expect(ended).toMatchObject({ state: 'undone', error: { reason: 'STEP_TIMEOUT' } })
    expect(bodyOf(ended.entries[0])).toMatchObject({ outcome: 'none' })
  })

  it('that gives too much is rolled back: it was not done', async () => {
    const rig = createSagaRig()
    const undone: string[] = []
    const ended = await runOne(
      rig,
      sagaOf((saga) =>
        saga.tx(
          'a',
          () => 'x'.repeat(maxResultBytes),
          () => undone.push('a'),
        ),
      ),
    )
    expect(ended).toMatchObject({ state: 'undone', error: { reason: 'SAGA_VALUE_TOO_LARGE' } })
    expect(undone).toEqual([])
  })
})
