/** What runs wait for: events, signals, requests, times; and that idle time costs nothing. */
import { describe, expect, it } from 'vitest'
import { t } from '../contract/index.ts'
import { deliver, lookAt, runOne, Shipping, sagaOf, send } from './fixtures/sagas.ts'
import type { SagaHost } from './host.ts'
import { observe } from './observe.ts'
import { createSagaRig, type SagaRig } from './rig.ts'
import type { Saga } from './saga.ts'
import { defineQuery, defineSignal, defineUpdate } from './signals.ts'

const Address = defineSignal('address', t.Object({ street: t.String() }))
const Reorder = defineUpdate('reorder', { input: t.Object({ sku: t.String() }), output: t.Object({ ok: t.Boolean() }) })
const Progress = defineQuery('progress', t.Object({ done: t.Integer() }))
const signals = [Address, Reorder, Progress] as never
const { delivered, lost } = Shipping.events

async function start(rig: SagaRig, run: (saga: Saga) => Promise<unknown>, more = {}, host = {}) {
  const saga = sagaOf(run, { signals, ...more })
  const executor = rig.host('one', [saga], host)
  await rig.environment.advance(10)
  return { saga, executor, id: await rig.begin(executor, saga, { orderId: 'o-1' }) }
}
const resultOf = async (rig: SagaRig, id: string) => (await lookAt(rig, await rig.until(id, 'completed', 'parked'))).ok

it('waits on after a take-over, though all that came before has been taken', async () => {
  const rig = createSagaRig()
  const run = async (saga: Saga): Promise<string> => {
    const first = await saga.receive(Address)
    await saga.step('look up', () => undefined)
    return `${first.street}, ${(await saga.receive(Address)).street}`
  }
  // The first incarnation dies within the step.
  const wrap = (host: SagaHost): SagaHost => ({ ...host, perform: () => new Promise(() => undefined) })
  const { saga, id } = await start(rig, run, {}, { wrap })
  await send(rig, id, 'signal', 'address', { street: 'Elm' })
  await rig.environment.advance(1_000)
  rig.host('one', [saga], { incarnation: 2 })
  await rig.environment.advance(5_000)
  expect((await rig.find(id)).holder).toBeUndefined()
  await send(rig, id, 'signal', 'address', { street: 'Oak' })
  expect(await resultOf(rig, id)).toBe('Elm, Oak')
})

describe('waitFor', () => {
  it('gives events in the order in which they came, early ones too, each once', async () => {
    const rig = createSagaRig()
    const { id } = await start(rig, async (saga) => {
      await saga.sleep(5_000)
      const got = []
      for (let n = 0; n < 3; n++) got.push((await saga.waitFor([delivered, lost])).type)
      return got
    })
    for (const event of [delivered, lost, delivered]) await deliver(rig, event as never, { orderId: 'o-1', to: 'Ann' })
    expect(await resultOf(rig, id)).toEqual(['shipping.delivered.v1', 'shipping.lost.v1', 'shipping.delivered.v1'])
  })

  it('takes a repetition for what it is, also after it was consumed', async () => {
    const rig = createSagaRig()
    const { id } = await start(rig, async (saga) => {
      await saga.waitFor(delivered)
      return (await saga.waitFor(delivered, { timeoutMs: 10_000 })) === undefined
    })
    await deliver(rig, delivered as never, { orderId: 'o-1', to: 'Ann' }, 'e-1')
    await rig.environment.advance(1_000)
    await deliver(rig, delivered as never, { orderId: 'o-1', to: 'Ann' }, 'e-1')
    expect(await resultOf(rig, id)).toBe(true)
  })

  it('leaves what `where` and the key do not fit for whoever waits for it', async () => {
    const rig = createSagaRig()
    const { id } = await start(
      rig,
      async (saga) => {
        const ann = await saga.waitFor(delivered, { where: ({ data }) => data.to === 'Ann' })
        const bob = await saga.waitFor(delivered)
        const other = await saga.waitFor(lost, { key: 'parcel-7' })
        return [ann.data.to, bob.data.to, other.key]
      },
      { correlations: () => ['parcel-7'] },
    )
    await deliver(rig, lost as never, { orderId: 'parcel-7' })
    await deliver(rig, delivered as never, { orderId: 'o-1', to: 'Bob' })
    await deliver(rig, delivered as never, { orderId: 'o-1', to: 'Ann' })
    expect(await resultOf(rig, id)).toEqual(['Ann', 'Bob', 'parcel-7'])
  })

  it('names a key while it runs, and hears by it from then on', async () => {
    const rig = createSagaRig()
    const { id } = await start(rig, async (saga) => {
      const parcel = await saga.step('ship', () => 'parcel-9')
      return (await saga.waitFor(lost, { key: parcel })).key
    })
    await rig.environment.advance(1_000)
    expect(await deliver(rig, lost as never, { orderId: 'parcel-9' })).toBe(1)
    expect(await resultOf(rig, id)).toBe('parcel-9')
  })

  it('has a where that throws: the run waits for a person, and the host goes on', async () => {
    const rig = createSagaRig()
    const { id, executor } = await start(rig, (saga) =>
      saga.waitFor(delivered, {
        where: () => {
          throw new TypeError('mistake')
        },
      }),
    )
    await deliver(rig, delivered as never, { orderId: 'o-1', to: 'Ann' })
    const parked = await lookAt(rig, await rig.until(id, 'parked'))
    expect(parked.parked).toMatchObject({ reason: 'DEFECT', message: 'TypeError: mistake' })
    expect(executor.status()).toMatchObject({ state: 'running', active: 0 })
  })

  it('ends at its time while something else of the run is under way', async () => {
    const rig = createSagaRig()
    const { id } = await start(rig, (saga) =>
      saga.all([
        (one) => one.step('slow', () => new Promise<void>((done) => void rig.environment.timers.after(20_000, done))),
        async (one) => {
          await one.waitFor(delivered, { timeoutMs: 1_000 })
          return one.now() - rig.environment.clock.now() + rig.environment.clock.monotonic()
        },
      ]),
    )
    const [, atMs] = (await resultOf(rig, id)) as [unknown, number]
    expect(atMs).toBeLessThan(1_200)
  })
})

describe('signals, requests and questions', () => {
  it('are received in order; a request is answered once, also by a replay', async () => {
    const rig = createSagaRig()
    const answers: string[] = []
    const { id } = await start(
      rig,
      async (saga) => {
        const { street } = await saga.receive(Address)
        const request = await saga.receive(Reorder)
        answers.push(request.input.sku)
        request.answer({ ok: true })
        request.refuse('too late')
        await saga.sleep(60_000)
        const second = await saga.receive(Reorder, { timeoutMs: 1_000 })
        second?.refuse('no more')
        return street
      },
      {},
      { maxCached: 0 },
    )
    await send(rig, id, 'signal', 'address', { street: 'Elm' })
    await send(rig, id, 'update', 'reorder', { sku: 'apple' }, 'r-1')
    await rig.environment.advance(2_000)
    await send(rig, id, 'update', 'reorder', { sku: 'pear' }, 'r-2')
    const ended = await lookAt(rig, await rig.until(id, 'completed', 'parked'))
    expect(ended.ok).toBe('Elm')
    // Replays ask for it again, and answer nobody.
    expect(answers.length).toBeGreaterThan(1)
    expect(ended.entries.filter(({ kind }) => kind === 'answer').map(({ body }) => JSON.parse(body))).toEqual([
      { id: 'r-1', ok: { ok: true } },
      { id: 'r-2', refused: 'no more' },
    ])
  })

  it('are answered as their schema says, or the saga waits for a person', async () => {
    const rig = createSagaRig()
    const answers: unknown[] = [{ ok: true, secret: 'x' }, { ok: 'yes' }]
    const { id } = await start(rig, async (saga) => {
      for (const answer of answers) (await saga.receive(Reorder)).answer(answer as never)
    })
    for (const name of ['r-1', 'r-2']) await send(rig, id, 'update', 'reorder', { sku: 'apple' }, name)
    const ended = await lookAt(rig, await rig.until(id, 'completed', 'parked'))
    expect(ended.record.note).toContain('INVALID_ANSWER')
    expect(ended.entries.filter(({ kind }) => kind === 'answer').map(({ body }) => JSON.parse(body))).toEqual([
      { id: 'r-1', ok: { ok: true } },
    ])
  })

  it('are asked of a replay that does nothing', async () => {
    const rig = createSagaRig()
    let done = 0
    const { id, saga, executor } = await start(rig, async (saga) => {
      let count = 0
      saga.answer(Progress, () => ({ done: count }))
      for (; count < 3; count++) await saga.step('s', () => done++)
      await saga.sleep(60_000)
    })
    await rig.environment.advance(1_000)
    const record = await rig.find(id)
    const { run, fault } = await rig.environment.run(observe(executor.shared, saga as never, record))
    expect(fault).toBeUndefined()
    expect(run.queries.get('progress')?.()).toEqual({ done: 3 })
    expect(done).toBe(3)
    expect((await rig.find(id)).length).toBe(record.length)
  })

  it('find a full mailbox, and a saga that has ended', async () => {
    const rig = createSagaRig()
    const { id } = await start(rig, async (saga) => saga.sleep(60_000))
    for (let n = 0; n < 1_000; n++)
      await rig.store.sagas.send(id, { id: `s${n}`, kind: 'signal', name: 'address', key: '', body: '{}' })
    expect(await send(rig, id, 'signal', 'address', {})).toBe('full')
    expect(await send(rig, id, 'cancel', 'cancel', { by: 'ada', why: '' })).toBe('sent')
    await rig.until(id, 'undone')
    expect(await send(rig, id, 'signal', 'address', {})).toBe('ended')
    expect(await send(rig, 'nobody', 'signal', 'address', {})).toBe('unknown')
  })
})

describe('time', () => {
  it('that passes while runs only wait costs nearly nothing: 14 days well below a second', async () => {
    const rig = createSagaRig()
    const began = performance.now()
    const ended = await runOne(
      rig,
      sagaOf(async (saga) => {
        await saga.sleep(14 * 86_400_000)
        return saga.now()
      }),
      {
        until: ['running'],
      },
    )
    await rig.environment.advance(14 * 86_400_000 + 1_000)
    const after = await lookAt(rig, await rig.find(ended.id))
    expect(after.state).toBe('completed')
    expect((after.ok as number) - ended.record.startedMs - 14 * 86_400_000).toBeLessThan(50)
    expect(performance.now() - began).toBeLessThan(700)
  })

  it('comes to its end at once when it lies in the past, and in order when there are many', async () => {
    const rig = createSagaRig()
    const order: number[] = []
    const ended = await runOne(
      rig,
      sagaOf(async (saga) => {
        await saga.sleepUntil(0)
        await Promise.all(
          [300, 100, 200].map(async (ms) => {
            await saga.sleep(ms)
            order.push(ms)
          }),
        )
        return saga.now() - rig.environment.clock.now()
      }),
    )
    expect(ended.state).toBe('completed')
    expect(order).toEqual([100, 200, 300])
  })
})
