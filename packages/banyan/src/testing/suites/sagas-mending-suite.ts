/** The contract of what people do to runs. */
import { describe, expect, it } from 'vitest'
import type { SagaEntry } from '../../store/sagas.ts'
import {
  completed,
  entry,
  mailbox,
  message,
  newRunId,
  newSaga,
  places,
  type SagasRig,
  startHeld,
  take,
  write,
  writeOne,
} from './sagas-rig.ts'
import { present, rejection } from './sample.ts'

const mended: Omit<SagaEntry, 'n'> = {
  seq: 2,
  kind: 'mended',
  name: 'retry',
  atMs: 1_767_225_600_500,
  body: '{"by":"ann"}',
}

export function sagasMendingSuite(rig: () => SagasRig): void {
  describe('a mend', () => {
    it('takes a parked run up again, with what was done written into its journal', async () => {
      const { sagas } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      await sagas.write([write(saga, [1], { to: 'parked', note: '{"why":"x"}' })])
      expect(await sagas.mend(saga.id, 1, [mended, mended], 'undoing')).toMatchObject({
        state: 'undoing',
        epoch: 2,
        length: 3,
        note: '',
      })
      expect(await sagas.entries(saga.id, 1, 10)).toEqual([
        { ...mended, n: 2 },
        { ...mended, n: 3 },
      ])
      expect(await take(sagas, 'h1#a')).toMatchObject([{ saga: { id: saga.id, state: 'undoing', epoch: 3 } }])
    })

    it('takes a run out of the hands of its host, which can write nothing more', async () => {
      const { sagas, other } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      expect(await other.mend(saga.id, 0, [], 'parked', '{"by":"ann"}')).toMatchObject({
        state: 'parked',
        note: '{"by":"ann"}',
      })
      expect(await writeOne(sagas, write(saga, [1]))).toBe('fenced')
      expect(await writeOne(sagas, write(saga, [1], completed))).toBe('fenced')
      expect(await take(sagas, 'h1#a')).toEqual([])
    })

    it('does nothing when the journal has gone on, when there is no such run, or when it has ended', async () => {
      const { sagas } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      await sagas.write([write(saga, [1])])
      expect(await sagas.mend(saga.id, 0, [mended], 'running')).toBeUndefined()
      expect(await places(sagas, saga.id)).toEqual([1])
      expect(await writeOne(sagas, write(saga, [2], completed))).toBe('written')
      expect(await rejection(sagas.mend(saga.id, 2, [mended], 'running'))).toMatchObject({ reason: 'SAGA_ENDED' })
      expect(await rejection(sagas.mend(newRunId(), 0, [], 'running'))).toMatchObject({ reason: 'NO_SUCH_SAGA' })
      expect(await rejection(sagas.mend('no id', 0, [], 'running'))).toMatchObject({ code: 'NOT_FOUND' })
      const bad = { ...mended, kind: '' }
      expect(await rejection(sagas.mend(saga.id, 2, [bad], 'running'))).toMatchObject({ reason: 'BAD_SAGA' })
    })

    it('brings back one that has completed, to be undone and for nothing else', async () => {
      const { sagas } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      expect(await writeOne(sagas, write(saga, [1], completed))).toBe('written')
      for (const to of ['running', 'parked', 'undone'] as const)
        expect(await rejection(sagas.mend(saga.id, 1, [mended], to))).toMatchObject({ reason: 'SAGA_ENDED' })
      expect(await sagas.mend(saga.id, 1, [mended], 'undoing')).toMatchObject({
        state: 'undoing',
        endedMs: undefined,
        outcome: undefined,
        length: 2,
      })
      const [taken] = await take(sagas, 'h1#a')
      expect(taken).toMatchObject({ saga: { id: saga.id, state: 'undoing' }, entries: [{ n: 1 }, { n: 2 }] })
      const undone = { ...write(saga, [3], { to: 'undone', outcome: '{}' }), epoch: taken?.saga.epoch ?? 0 }
      expect(await sagas.write([undone])).toEqual(['written'])
      expect(await rejection(sagas.mend(saga.id, 3, [mended], 'undoing'))).toMatchObject({ reason: 'SAGA_ENDED' })
    })

    it('that ends a run ends it as its host would', async () => {
      const { sagas } = rig()
      const parent = await startHeld(sagas, 'h1#a')
      const child = await startHeld(sagas, 'h1#a', { parent: { id: parent.id, seq: 2 }, correlations: ['k'] })
      await sagas.lock({ id: child.id, epoch: 1 }, 'order', 'o-1', 'wait')
      await sagas.send(child.id, message('m'))
      expect(await sagas.mend(child.id, 0, [mended], 'undone', '{"error":1}')).toMatchObject({
        state: 'undone',
        outcome: '{"error":1}',
        endedMs: expect.any(Number),
        length: 1,
      })
      expect(await sagas.messages(parent.id, 0)).toMatchObject([
        { id: child.id, name: 'undone', key: '2', body: '{"error":1}' },
      ])
      expect(await sagas.locks(1)).toEqual([])
      expect(await mailbox(sagas, child.id)).toEqual([])
    })

    it('of a child that had completed tells its parent again when it is undone', async () => {
      const { sagas } = rig()
      const parent = await startHeld(sagas, 'h1#a')
      const child = await startHeld(sagas, 'h1#a', { parent: { id: parent.id, seq: 2 } })
      await sagas.write([write(child, [1], completed), write(parent, [1], undefined)])
      await sagas.write([write(parent, [2], undefined, { consumed: [1] })])
      await sagas.mend(child.id, 1, [mended], 'undoing')
      await sagas.mend(child.id, 2, [], 'undone', '{"error":1}')
      expect(await sagas.messages(parent.id, 0)).toMatchObject([
        { id: `${child.id} undone`, kind: 'child', name: 'undone', key: '2', body: '{"error":1}' },
      ])
    })

    it('is done by one of two that do it at the same time', async () => {
      const { sagas, other } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      const both = await Promise.all([
        sagas.mend(saga.id, 0, [mended], 'running'),
        other.mend(saga.id, 0, [mended], 'parked'),
      ])
      expect(both.filter((one) => one !== undefined)).toHaveLength(1)
      expect(await places(sagas, saga.id)).toEqual([1])
    })
  })

  describe('an insert', () => {
    it('is a run with a whole journal, due or parked', async () => {
      const { sagas } = rig()
      const [due, parked] = [newSaga({ correlations: ['k'] }), newSaga()]
      expect(await sagas.insert(due, [entry(1), entry(2)], 'running')).toMatchObject({
        id: due.id,
        length: 2,
        state: 'running',
      })
      expect(await sagas.insert(parked, [entry(1)], 'parked')).toMatchObject({ state: 'parked', dueMs: undefined })
      expect(await take(sagas, 'h1#a')).toMatchObject([{ saga: { id: due.id }, entries: [{ n: 1 }, { n: 2 }] }])
      expect(await rig().store.transact((tx) => tx.sagas.deliver(message('e', { key: 'k' }), ['checkout']))).toBe(1)
    })

    it('is refused when there is one, and when it is no journal', async () => {
      const { sagas } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      const exists = { code: 'ALREADY_EXISTS', reason: 'SAGA_EXISTS' }
      expect(await rejection(sagas.insert({ ...saga, id: newRunId() }, [entry(1)], 'running'))).toMatchObject(exists)
      expect(await rejection(sagas.insert({ ...newSaga(), id: saga.id }, [entry(1)], 'running'))).toMatchObject(exists)
      expect(await places(sagas, saga.id)).toEqual([])
      expect(await rejection(sagas.insert(newSaga(), [entry(2), entry(2)], 'running'))).toMatchObject({
        reason: 'BAD_SAGA',
      })
    })
  })

  it('removes what ended long ago, with its journal, and what has not ended never', async () => {
    const { sagas, opened } = rig()
    const [first, second, living] = [
      await startHeld(sagas, 'h1#a'),
      await startHeld(sagas, 'h1#a'),
      await startHeld(sagas, 'h1#a'),
    ]
    await sagas.write([write(first, [1], completed), write(living, [1])])
    await opened.shiftClock(60_000)
    await sagas.write([write(second, [1], completed)])
    await opened.shiftClock(60_000)
    expect(await sagas.trim(90_000, 10)).toBe(1)
    expect(await sagas.find(first.id)).toBeUndefined()
    expect(await places(sagas, first.id)).toEqual([])
    expect(present(await sagas.find(second.id)).endedMs).toBeGreaterThan(0)
    expect(await sagas.start([{ ...first, id: newRunId() }])).toMatchObject([{ isNew: true }])
    expect(await sagas.trim(0, 1)).toBe(1)
    expect(await sagas.trim(0, 1)).toBe(0)
    expect(await places(sagas, living.id)).toEqual([1])
  })
}
