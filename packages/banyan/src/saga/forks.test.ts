/** New runs from the middle of old ones. */
import { describe, expect, it } from 'vitest'
import { defineSaga } from './define-saga.ts'
import { forkSaga } from './forks.ts'
import { compensateSaga, skipOperation } from './mending.ts'
import { ada, createMendingRig, keyOfOrder, no, OrderInput } from './mending-rig.ts'
import type { Saga } from './saga.ts'
import { viewSaga } from './views.ts'

const settings = { input: OrderInput as never, key: keyOfOrder as never }
type Noted = { by: string; ids: string[]; now: number; key: string }

/** Makes an id, does a, makes another, sleeps, and does b with both. */
function createTwo(done: Noted[], version = 1) {
  return defineSaga('two', {
    ...settings,
    version,
    async run(saga: Saga) {
      const first = saga.newId()
      await saga.step(
        'a',
        () => done.push({ by: 'a', ids: [first], now: saga.now(), key: saga.key }),
        () => done.push({ by: 'undo a', ids: [first], now: saga.now(), key: saga.key }),
      )
      const second = saga.newId()
      await saga.sleep(1_000)
      await saga.step(version === 1 ? 'b' : 'better b', () =>
        done.push({ by: 'b', ids: [first, second], now: saga.now(), key: saga.key }),
      )
    },
  })
}

describe('a fork', () => {
  it('does anew what comes from an operation on, and knows what it computed before', async () => {
    const done: Noted[] = []
    const saga = createTwo(done)
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.until(id, 'completed')
    await rig.environment.advance(600_000)
    const fork = await rig.run(forkSaga(rig.place, id, { from: 2, key: 'o-1 again' }, ada))
    expect(fork).toMatchObject({ from: id, key: 'o-1 again', state: 'running', entries: 1 })
    await rig.until(fork.id, 'completed')
    const [a, b, again] = done
    expect(done.map(({ by }) => by)).toEqual(['a', 'b', 'b'])
    // What was computed before the fork is the same, what comes after is the fork's own; time goes on from the fork.
    expect(again?.ids[0]).toBe(a?.ids[0])
    expect(again?.ids[1]).not.toBe(b?.ids[1])
    expect((again?.now ?? 0) - (b?.now ?? 0)).toBeGreaterThanOrEqual(600_000)
    expect(again?.key).toBe('o-1')
    const view = await rig.run(viewSaga(rig.place, 'two/o-1 again'))
    expect(view.byHand).toMatchObject([{ action: 'fork', from: id, seq: 2, ...ada }])
    expect(view.startedBy).toBe('test')
  })

  it('of a fork knows what both have computed', async () => {
    const done: Noted[] = []
    const saga = createTwo(done)
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.until(id, 'completed')
    const one = await rig.run(forkSaga(rig.place, id, { from: 2, key: '1' }, ada))
    await rig.until(one.id, 'completed')
    const two = await rig.run(forkSaga(rig.place, one.id, { from: 3, key: '2' }, ada))
    await rig.until(two.id, 'completed')
    expect(done.map(({ by }) => by)).toEqual(['a', 'b', 'b', 'b'])
    expect(done[3]?.ids).toEqual(done[2]?.ids)
    expect(done[3]?.key).toBe('o-1')
  })

  it('from the first operation is a run of its own', async () => {
    const done: Noted[] = []
    const saga = createTwo(done)
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.until(id, 'completed')
    const fork = await rig.run(forkSaga(rig.place, id, { from: 1 }, ada))
    expect(fork).toMatchObject({ entries: 0, key: expect.stringMatching(/^o-1\.fork\./) })
    await rig.until(fork.id, 'completed')
    expect(done.map(({ by }) => by)).toEqual(['a', 'b', 'a', 'b'])
    expect(done[2]?.ids[0]).not.toBe(done[0]?.ids[0])
  })

  it('goes to another version when that does the same up to there', async () => {
    const [first, second] = [createTwo([]), createTwo([], 2)]
    const rig = createMendingRig([first, second])
    const id = await rig.start(first)
    await rig.until(id, 'completed')
    const late = { from: 4, version: 2 }
    expect(await rig.refused(forkSaga(rig.place, id, late, ada))).toMatchObject({
      reason: 'CANNOT_FORK',
      message: expect.stringContaining("was step 'b' and is step 'better b' now"),
    })
    const fork = await rig.run(forkSaga(rig.place, id, { from: 3, version: 2 }, ada))
    expect(await rig.until(fork.id, 'completed')).toMatchObject({ version: 2 })
    expect(await rig.refused(forkSaga(rig.place, id, { from: 3, version: 9 }, ada))).toMatchObject({
      reason: 'NO_CODE',
    })
  })

  it('is refused where it makes no sense', async () => {
    const saga = createTwo([])
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.environment.advance(100)
    expect(await rig.refused(forkSaga(rig.place, id, { from: 1 }, ada))).toMatchObject({
      reason: 'CANNOT_FORK',
      message: expect.stringContaining('goes on'),
    })
    await rig.until(id, 'completed')
    for (const from of [0, 5, 1.5])
      expect(await rig.refused(forkSaga(rig.place, id, { from }, ada))).toMatchObject({ reason: 'CANNOT_FORK' })
    const taken = { from: 1, key: 'o-1' }
    expect(await rig.refused(forkSaga(rig.place, id, taken, ada))).toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(await rig.refused(forkSaga(rig.place, 'two/none', { from: 1 }, ada))).toMatchObject({ code: 'NOT_FOUND' })
    await rig.run(compensateSaga(rig.place, id, ada))
    await rig.until(id, 'undone')
    expect(await rig.refused(forkSaga(rig.place, id, { from: 2 }, ada))).toMatchObject({
      message: expect.stringContaining("operation 1 'a' has been undone"),
      hint: 'Fork from 1 or before it.',
    })
    await rig.run(forkSaga(rig.place, id, { from: 1 }, ada))
  })

  it('of a run that is parked leaves that as it is', async () => {
    const saga = defineSaga('stuck', {
      ...settings,
      version: 1,
      async run(saga: Saga) {
        await saga.step('a', () => 1)
        await saga.pointOfNoReturn()
        await saga.step('c', () => Promise.reject(no()))
      },
    })
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.until(id, 'parked')
    const fork = await rig.run(forkSaga(rig.place, id, { from: 3 }, ada))
    await rig.until(fork.id, 'parked')
    await rig.run(skipOperation(rig.place, fork.id, { seq: 3 }, ada))
    await rig.until(fork.id, 'completed')
    expect(await rig.find(id)).toMatchObject({ state: 'parked' })
  })
})
