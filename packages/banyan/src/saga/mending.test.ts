/** What people do to runs: having them go on, skipping, undoing, cancelling; and where that makes no sense. */
import { describe, expect, it } from 'vitest'
import { defineSaga } from './define-saga.ts'
import { cancelSaga, compensateSaga, retrySaga, skipOperation } from './mending.ts'
import { ada, createMendingRig, keyOfOrder, no, OrderInput } from './mending-rig.ts'
import type { Saga } from './saga.ts'
import { viewSaga } from './views.ts'

type World = { done: string[]; broken: boolean }

/** a, b; past the point of no return c, which fails for good while the world is broken. */
function createForward(world: World) {
  return defineSaga('forward', {
    version: 1,
    input: OrderInput as never,
    key: keyOfOrder as never,
    async run(saga: Saga) {
      await saga.step(
        'a',
        () => world.done.push('a'),
        () => world.done.push('undo a'),
      )
      await saga.pointOfNoReturn()
      const c = await saga.step('c', () => {
        if (world.broken) throw no('BROKEN')
        return 'c was done'
      })
      return { c }
    },
  })
}

/** a and b are done, c says no; undoing b fails while the world is broken. */
function createBackward(world: World) {
  return defineSaga('backward', {
    version: 1,
    input: OrderInput as never,
    key: keyOfOrder as never,
    async run(saga: Saga) {
      for (const name of ['a', 'b'])
        await saga.step(
          name,
          () => world.done.push(name),
          () => {
            if (name === 'b' && world.broken) throw no('STILL_THERE')
            world.done.push(`undo ${name}`)
          },
        )
      await saga.step('c', () => {
        throw no()
      })
    },
  })
}

/** a, then waits for ever. */
function createWaiting(world: World) {
  return defineSaga('waiting', {
    version: 1,
    input: OrderInput as never,
    key: keyOfOrder as never,
    async run(saga: Saga) {
      await saga.step(
        'a',
        () => world.done.push('a'),
        () => world.done.push('undo a'),
      )
      await saga.sleep(86_400_000)
    },
  })
}

const broken = (): World => ({ done: [], broken: true })

describe('a run that is parked', () => {
  it('goes on where it was when it is retried, and says who did it', async () => {
    const world = broken()
    const saga = createForward(world)
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    const parked = await rig.until(id, 'parked')
    expect(JSON.parse(parked.note).parked).toMatchObject({ seq: 3 })
    world.broken = false
    expect(await rig.run(retrySaga(rig.place, 'forward/o-1', ada))).toMatchObject({ id, state: 'running' })
    const ended = await rig.until(id, 'completed')
    expect(JSON.parse(ended.outcome ?? '')).toEqual({ ok: { c: 'c was done' } })
    expect(world.done).toEqual(['a'])
    expect((await rig.run(viewSaga(rig.place, id))).byHand).toMatchObject([{ action: 'retry', ...ada }])
  })

  it('parks again when nothing has changed, with its attempts counted anew', async () => {
    const saga = createForward(broken())
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    const first = await rig.until(id, 'parked')
    await rig.run(retrySaga(rig.place, id, ada))
    await rig.environment.advance(2_000)
    const again = await rig.find(id)
    expect(again).toMatchObject({ state: 'parked', length: first.length + 1 })
    expect(again.epoch).toBeGreaterThan(first.epoch)
  })

  it('goes on as if the step had given what a person says', async () => {
    const saga = createForward(broken())
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.until(id, 'parked')
    await rig.run(skipOperation(rig.place, id, { result: { by: 'telephone' } }, ada))
    const ended = await rig.until(id, 'completed')
    expect(JSON.parse(ended.outcome ?? '')).toEqual({ ok: { c: { by: 'telephone' } } })
    expect((await rig.run(viewSaga(rig.place, id))).byHand).toMatchObject([{ action: 'skip', seq: 3, ...ada }])
  })

  it('is not undone past its point of no return', async () => {
    const saga = createForward(broken())
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.until(id, 'parked')
    for (const undo of [compensateSaga, cancelSaga])
      expect(await rig.refused(undo(rig.place, id, ada))).toMatchObject({ reason: 'PAST_NO_RETURN' })
  })
})

describe('an undo that fails', () => {
  it('is tried again, and the rest after it', async () => {
    const world = broken()
    const saga = createBackward(world)
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.until(id, 'parked')
    expect(world.done).toEqual(['a', 'b'])
    expect(await rig.refused(compensateSaga(rig.place, id, ada))).toMatchObject({ reason: 'SAGA_UNDOING' })
    world.broken = false
    expect(await rig.run(retrySaga(rig.place, id, ada))).toMatchObject({ state: 'undoing' })
    await rig.until(id, 'undone')
    expect(world.done).toEqual(['a', 'b', 'undo b', 'undo a'])
  })

  it('is skipped, with who and why as its outcome', async () => {
    const world = broken()
    const saga = createBackward(world)
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.until(id, 'parked')
    await rig.run(skipOperation(rig.place, id, {}, ada))
    await rig.until(id, 'undone')
    expect(world.done).toEqual(['a', 'b', 'undo a'])
    const { operations } = await rig.run(viewSaga(rig.place, id))
    expect(operations.map(({ name, undo }) => [name, undo?.stands])).toEqual([
      ['a', 'undone'],
      ['b', 'skipped'],
      ['c', undefined],
    ])
    expect(operations[1]?.undo?.why).toBe('ada: she said so')
  })

  it('cannot be skipped twice, nor for what was not done', async () => {
    const saga = createBackward(broken())
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.until(id, 'parked')
    for (const [seq, message] of [
      [3, 'was not done'],
      [99, 'no operation 99'],
    ] as const)
      expect(await rig.refused(skipOperation(rig.place, id, { seq }, ada))).toMatchObject({
        reason: 'CANNOT_SKIP',
        message: expect.stringContaining(message),
      })
  })
})

describe('a run that waits', () => {
  it('has nothing to retry; its sleep can be skipped', async () => {
    const world = broken()
    const saga = createWaiting(world)
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.environment.advance(500)
    expect(await rig.refused(retrySaga(rig.place, id, ada))).toMatchObject({ reason: 'SAGA_GOES_ON' })
    expect(await rig.refused(skipOperation(rig.place, id, {}, ada))).toMatchObject({ reason: 'CANNOT_SKIP' })
    expect(await rig.refused(skipOperation(rig.place, id, { seq: 1 }, ada))).toMatchObject({ reason: 'CANNOT_SKIP' })
    expect(await rig.refused(skipOperation(rig.place, id, { seq: 9 }, ada))).toMatchObject({
      hint: "Open are: 2 sleep 'sleep'.",
    })
    await rig.run(skipOperation(rig.place, id, { seq: 2 }, ada))
    await rig.until(id, 'completed')
  })

  it('is undone at once when it is compensated, and by its own reading when it is cancelled', async () => {
    for (const undo of [compensateSaga, cancelSaga]) {
      const world = broken()
      const saga = createWaiting(world)
      const rig = createMendingRig([saga])
      const id = await rig.start(saga)
      await rig.environment.advance(500)
      await rig.run(undo(rig.place, id, ada))
      const ended = await rig.until(id, 'undone')
      expect(JSON.parse(ended.outcome ?? '').error).toMatchObject({
        reason: 'SAGA_CANCELLED',
        message: 'cancelled by ada: she said so',
      })
      expect(world.done).toEqual(['a', 'undo a'])
      expect(await rig.refused(undo(rig.place, id, ada))).toMatchObject({ reason: 'SAGA_ENDED' })
    }
  })

  it('cannot be skipped without its code', async () => {
    const saga = createWaiting(broken())
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.environment.advance(500)
    const blind = { ...rig.place, code: undefined }
    expect(await rig.refused(skipOperation(blind, id, { seq: 2 }, ada))).toMatchObject({ reason: 'NO_CODE' })
  })
})

describe('a run in the hands of a host', () => {
  it('is taken out of them: what the host was doing is undone as something unknown', async () => {
    const done: string[] = []
    const saga = defineSaga('held', {
      version: 1,
      input: OrderInput as never,
      key: keyOfOrder as never,
      async run(saga: Saga) {
        await saga.step(
          'slow',
          () => new Promise<never>(() => {}),
          (_ctx, result) => done.push(`undo slow, which gave ${result}`),
          { timeoutMs: 3_600_000 },
        )
      },
    })
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.environment.advance(500)
    expect((await rig.run(viewSaga(rig.place, id))).operations).toMatchObject([{ seq: 1, stands: 'unknown' }])
    expect(await rig.run(compensateSaga(rig.place, id, ada))).toMatchObject({ takenFrom: 'one#1', state: 'undoing' })
    await rig.until(id, 'undone')
    expect(done).toEqual(['undo slow, which gave undefined'])
    expect((await rig.run(viewSaga(rig.place, id))).byHand).toMatchObject([{ takenFrom: 'one#1' }])
  })
})

describe('a run that has ended', () => {
  it('is undone as long as it is kept, when it had no point of no return', async () => {
    const world = broken()
    const saga = createWaiting(world)
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.environment.advance(500)
    await rig.run(skipOperation(rig.place, id, { seq: 2 }, ada))
    await rig.until(id, 'completed')
    for (const refused of [retrySaga, cancelSaga])
      expect(await rig.refused(refused(rig.place, id, ada))).toMatchObject({ reason: 'SAGA_ENDED' })
    await rig.run(compensateSaga(rig.place, id, ada))
    await rig.until(id, 'undone')
    expect(world.done).toEqual(['a', 'undo a'])
  })

  it('is past its point of no return for ever', async () => {
    const world = { done: [], broken: false }
    const saga = createForward(world)
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.until(id, 'completed')
    expect(await rig.refused(compensateSaga(rig.place, id, ada))).toMatchObject({ reason: 'PAST_NO_RETURN' })
  })
})

describe('nobody', () => {
  it('mends what is not there, or without saying who and why', async () => {
    const rig = createMendingRig([])
    for (const mend of [retrySaga, compensateSaga, cancelSaga]) {
      expect(await rig.refused(mend(rig.place, 'forward/none', ada))).toMatchObject({ reason: 'NO_SUCH_SAGA' })
      expect(await rig.refused(mend(rig.place, 'x', { by: 'ada', why: ' ' }))).toMatchObject({ reason: 'BAD_REQUEST' })
    }
  })

  it('mends a run that goes on all the time', async () => {
    const world = broken()
    const saga = createWaiting(world)
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.environment.advance(500)
    const sagas = { ...rig.place.sagas, mend: async () => undefined }
    expect(await rig.refused(compensateSaga({ ...rig.place, sagas }, id, ada))).toMatchObject({
      reason: 'SAGA_CHANGES',
      retryable: true,
    })
  })
})
