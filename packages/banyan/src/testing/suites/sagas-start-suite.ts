/** The contract of a run's start: once by name, key and run, with its transaction or not at all. */
import { describe, expect, it } from 'vitest'
import { completed, newRunId, newSaga, type SagasRig, startHeld, take, write } from './sagas-rig.ts'
import { gate, present, rejection } from './sample.ts'

export function sagasStartSuite(rig: () => SagasRig): void {
  describe('a start', () => {
    it('is due at once, or held at once under epoch 1, and has what it was given', async () => {
      const { sagas } = rig()
      const free = newSaga({
        timeoutMs: 60_000,
        priority: 'high',
        traceparent: '00-a-b-01',
        parent: { id: newRunId(), seq: 3 },
      })
      expect(await sagas.start([free])).toEqual([{ id: free.id, isNew: true, input: free.input, state: 'running' }])
      const record = present(await sagas.find(free.id))
      const { timeoutMs, correlations, ...given } = free
      expect(record).toMatchObject({ ...given, state: 'running', epoch: 0, length: 0, mail: 0, note: '' })
      expect(record.deadlineMs).toBe(record.startedMs + 60_000)
      expect(record.dueMs).toBe(record.startedMs)
      const held = await startHeld(sagas, 'h1#a')
      expect(await sagas.find(held.id)).toMatchObject({
        epoch: 1,
        holder: 'h1#a',
        dueMs: undefined,
        deadlineMs: undefined,
      })
    })

    it('happens once by name, key and run, whatever else it says', async () => {
      const { sagas, other } = rig()
      const first = newSaga({ input: '"first"' })
      await sagas.start([first])
      const again = { ...newSaga(), key: first.key, input: '"second"' }
      expect(await other.start([again, newSaga()])).toMatchObject([
        { id: first.id, isNew: false, input: '"first"', state: 'running' },
        { isNew: true },
      ])
      expect(await other.start([first])).toMatchObject([{ id: first.id, isNew: false }])
      expect(await sagas.find(again.id)).toBeUndefined()
      expect(
        await sagas.start([
          { ...again, run: 2 },
          { ...again, id: newRunId(), name: 'returns' },
        ]),
      ).toMatchObject([{ isNew: true }, { isNew: true }])
    })

    it('happens once when many start the same at the same time, alone and in groups', async () => {
      const { sagas, other } = rig()
      const all = Array.from({ length: 6 }, (_, place) => newSaga({ key: `same-${place % 3}` }))
      const groups = [all, all.toReversed(), all.slice(2)].map((group) =>
        group.map((saga) => ({ ...saga, id: newRunId() })),
      )
      const started = await Promise.all(groups.map((group, host) => (host % 2 ? other : sagas).start(group)))
      const fresh = started.flat().filter(({ isNew }) => isNew)
      expect(fresh).toHaveLength(3)
      expect(new Set(started.flat().map(({ id }) => id)).size).toBe(3)
    })

    it('says where the run stands that was there before', async () => {
      const { sagas } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      await sagas.write([write(saga, [1], completed)])
      expect(await sagas.start([{ ...saga, id: newRunId() }])).toMatchObject([
        { id: saga.id, isNew: false, state: 'completed' },
      ])
    })

    it('commits with the transaction it is made in, or not at all', async () => {
      const { store, sagas } = rig()
      const [kept, lost] = [newSaga(), newSaga()]
      const failing = store.transact(async (tx) => {
        expect(await tx.sagas.start(lost)).toMatchObject({ isNew: true })
        expect(await tx.sagas.start({ ...lost, id: newRunId() })).toMatchObject({ id: lost.id, isNew: false })
        expect(await sagas.find(lost.id)).toBeUndefined()
        throw new Error('no')
      })
      expect(await rejection(failing)).toMatchObject({ message: 'no' })
      expect(await sagas.find(lost.id)).toBeUndefined()
      await store.transact((tx) => tx.sagas.start(kept))
      expect((await take(sagas, 'h1#a')).map(({ saga }) => saga.id)).toEqual([kept.id])
    })

    it('waits for a transaction that is starting the same', async () => {
      const { store, other } = rig()
      const saga = newSaga()
      const [begun, finish] = [gate(), gate()]
      const first = store.transact(async (tx) => {
        await tx.sagas.start(saga)
        begun.open()
        await finish.opened
      })
      await begun.opened
      const second = other.start([{ ...saga, id: newRunId() }])
      finish.open()
      await first
      expect(await second).toMatchObject([{ id: saga.id, isNew: false }])
    })

    it('refuses what is no start', async () => {
      const { sagas, store } = rig()
      const keys = Array.from({ length: 17 }, (_, place) => `k${place}`)
      for (const bad of [{ key: '' }, { name: 'x'.repeat(501) }, { run: 0 }, { timeoutMs: -1 }, { version: 1.5 }])
        expect(await rejection(sagas.start([newSaga(bad)])), JSON.stringify(bad)).toMatchObject({ reason: 'BAD_SAGA' })
      expect(await rejection(sagas.start([newSaga({ correlations: keys })]))).toMatchObject({
        reason: 'TOO_MANY_CORRELATIONS',
      })
      expect(await rejection(store.transact((tx) => tx.sagas.start(newSaga()), { readOnly: true }))).toMatchObject({
        reason: 'READ_ONLY',
      })
    })
  })
}
