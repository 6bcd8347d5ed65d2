/** The contract of what the holder of a run writes: once, under its epoch, all of it or nothing. */
import { describe, expect, it } from 'vitest'
import { Fenced } from '../../store/inbox.ts'
import type { SagaChange, SagaWrite } from '../../store/sagas.ts'
import {
  completed,
  entry,
  mailbox,
  message,
  newSaga,
  places,
  type SagasRig,
  startHeld,
  take,
  waits,
  write,
  writeOne,
} from './sagas-rig.ts'
import { gate, present, rejection } from './sample.ts'

export function sagasWritingSuite(rig: () => SagasRig): void {
  describe('a write', () => {
    it('appends entries, for several runs at once', async () => {
      const { sagas } = rig()
      const [one, two] = [await startHeld(sagas, 'h1#a'), await startHeld(sagas, 'h1#a')]
      expect(await sagas.write([write(two, [1, 2]), write(one, [1])])).toEqual(['written', 'written'])
      expect(await writeOne(sagas, write(one, [2]))).toBe('written')
      expect(await sagas.entries(one.id, 0, 10)).toEqual([entry(1), entry(2)])
      expect(await sagas.entries(two.id, 1, 10)).toEqual([entry(2)])
      expect(await sagas.entries(two.id, 0, 1)).toEqual([entry(1)])
      expect(await sagas.find(one.id)).toMatchObject({ length: 2, holder: 'h1#a' })
    })

    it('is fenced by itself: the others of its group are written', async () => {
      const { sagas } = rig()
      const [mine, theirs, gone] = [await startHeld(sagas, 'h1#a'), await startHeld(sagas, 'h2#a'), newSaga()]
      const outcomes = await sagas.write([write(theirs, [1]), write(mine, [1]), write(gone, [1])])
      expect(outcomes).toEqual(['fenced', 'written', 'fenced'])
      expect(await places(sagas, theirs.id)).toEqual([])
      expect(await writeOne(sagas, write(mine, [2], undefined, { epoch: 2 }))).toBe('fenced')
      expect(await writeOne(sagas, write(mine, [2], undefined, { holder: 'h1#b' }))).toBe('fenced')
    })

    const changes: readonly (readonly [string, SagaChange | undefined, object])[] = [
      ['entries alone', undefined, { state: 'running', holder: 'h1#a', length: 1 }],
      [
        'a wait',
        waits(0, 4_000_000_000_000),
        { state: 'running', holder: undefined, dueMs: 4_000_000_000_000, note: '{"for":"mail"}' },
      ],
      ['a wait for a message alone', waits(0), { state: 'running', holder: undefined, dueMs: undefined }],
      ['undoing', { to: 'undoing' }, { state: 'undoing', holder: 'h1#a' }],
      ['a point of no return', { to: 'running', mail: 0 }, { state: 'running', holder: 'h1#a', length: 1 }],
      [
        'parking',
        { to: 'parked', note: '{"why":"x"}' },
        { state: 'parked', holder: undefined, note: '{"why":"x"}', dueMs: undefined },
      ],
      ['the end', completed, { state: 'completed', holder: undefined, outcome: '{"ok":1}', length: 1 }],
      ['the end after undoing', { to: 'undone', outcome: '{"error":1}' }, { state: 'undone', outcome: '{"error":1}' }],
    ]
    it.each(changes)('of %s is written, and again when the answer was lost', async (_, change, left) => {
      const { sagas, other } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      const one = write(saga, [1], change)
      expect(await writeOne(sagas, one)).toBe('written')
      const first = present(await sagas.find(saga.id))
      expect(first).toMatchObject(left)
      expect(await writeOne(other, one)).toBe('written')
      expect(await sagas.find(saga.id)).toEqual({ ...first, changedMs: expect.any(Number) })
      expect(await places(sagas, saga.id)).toEqual([1])
    })

    it.each(changes)('of %s is fenced once another has the run', async (_, change) => {
      const { sagas, other } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      await rig().opened.shiftClock(10_001)
      expect(await take(other, 'h2#a')).toMatchObject([{ saga: { id: saga.id, epoch: 3, holder: 'h2#a' } }])
      expect(await writeOne(sagas, write(saga, [1], change))).toBe('fenced')
      expect(await places(sagas, saga.id)).toEqual([])
      expect(await sagas.find(saga.id)).toMatchObject({ epoch: 3, holder: 'h2#a', state: 'running' })
    })

    it.each(changes.slice(1, 3))('of %s that is repeated after somebody took the run is fenced', async (_, change) => {
      const { sagas, other } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      const one = write(saga, [1], change)
      await sagas.write([one])
      await sagas.send(saga.id, message('m1'))
      expect(await writeOne(sagas, one)).toBe('written')
      expect(await take(other, 'h2#a')).toMatchObject([{ saga: { id: saga.id, epoch: 2 }, entries: [entry(1)] }])
      expect(await writeOne(sagas, one)).toBe('fenced')
      expect(await sagas.find(saga.id)).toMatchObject({ epoch: 2, holder: 'h2#a' })
    })

    it('does not take another end, or another wait, for its own', async () => {
      const { sagas } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      await sagas.write([write(saga, [1], completed)])
      expect(await writeOne(sagas, write(saga, [1], { to: 'undone', outcome: '{"ok":1}' }))).toBe('fenced')
      expect(await writeOne(sagas, write(saga, [1], { to: 'completed', outcome: '{"ok":2}' }))).toBe('fenced')
      expect(await writeOne(sagas, write(saga, [1, 2], completed))).toBe('fenced')
      expect(await writeOne(sagas, write(saga, [1], waits(0)))).toBe('fenced')
      expect(await writeOne(sagas, write(saga, [1]))).toBe('fenced')
    })

    it('says so when another entry stands in its place, and never takes that for written', async () => {
      const { sagas } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      await sagas.write([write(saga, [1, 2])])
      const wrong: SagaWrite = { ...write(saga, []), entries: [entry(2, { body: '{"ok":"other"}' })] }
      expect(await rejection(sagas.write([wrong]))).toMatchObject({ code: 'INTERNAL', reason: 'JOURNAL_CONFLICT' })
      expect(await sagas.entries(saga.id, 0, 10)).toEqual([entry(1), entry(2)])
      const more: SagaWrite = { ...write(saga, [], completed), entries: [...wrong.entries, entry(3)] }
      expect(await rejection(sagas.write([more]))).toMatchObject({ reason: 'JOURNAL_CONFLICT' })
      expect(await sagas.entries(saga.id, 0, 10)).toEqual([entry(1), entry(2)])
      expect(await sagas.find(saga.id)).toMatchObject({ state: 'running', length: 2, outcome: undefined })
    })

    it('can be repeated together with others, some of which are new', async () => {
      const { sagas } = rig()
      const [old, fresh] = [await startHeld(sagas, 'h1#a'), await startHeld(sagas, 'h1#a')]
      await sagas.write([write(old, [1], waits(0))])
      expect(await sagas.write([write(old, [1], waits(0)), write(fresh, [1, 2])])).toEqual(['written', 'written'])
      expect(await places(sagas, old.id)).toEqual([1])
      expect(await places(sagas, fresh.id)).toEqual([1, 2])
    })

    it('starts children once, which tell their parent of their end once', async () => {
      const { sagas, other } = rig()
      const parent = await startHeld(sagas, 'h1#a')
      const child = newSaga({ parent: { id: parent.id, seq: 4 } })
      const one = write(parent, [1], waits(0), { starts: [child] })
      expect(await writeOne(sagas, one)).toBe('written')
      expect(await writeOne(sagas, one)).toBe('written')
      const [taken] = await take(other, 'h2#a')
      expect(taken?.saga).toMatchObject({ id: child.id, parent: { id: parent.id, seq: 4 } })
      const end = { ...write(child, [1], completed), holder: 'h2#a' }
      expect(await writeOne(other, end)).toBe('written')
      expect(await writeOne(other, end)).toBe('written')
      expect(await sagas.messages(parent.id, 0)).toMatchObject([
        { n: 1, id: child.id, kind: 'child', name: 'completed', key: '4', body: '{"ok":1}' },
      ])
      expect(await take(sagas, 'h1#a')).toMatchObject([
        { saga: { id: parent.id, mail: 1 }, messages: [{ id: child.id }] },
      ])
    })

    it('of a host that lost the run starts no child, takes no key and consumes nothing', async () => {
      const { sagas, other, store } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      await sagas.send(saga.id, message('m1'))
      await rig().opened.shiftClock(10_001)
      await other.beat('h2#a', 10_000, new Map())
      const child = newSaga()
      const zombie = write(saga, [1], undefined, { starts: [child], correlations: ['k'], consumed: [1] })
      expect(await writeOne(sagas, zombie)).toBe('fenced')
      expect(await sagas.find(child.id)).toBeUndefined()
      expect(await mailbox(sagas, saga.id)).toEqual(['m1'])
      expect(await store.transact((tx) => tx.sagas.deliver(message('e1', { key: 'k' }), ['checkout']))).toBe(0)
    })

    it('goes on as a new run, with the unread messages and the keys', async () => {
      const { sagas, store } = rig()
      const first = await startHeld(sagas, 'h1#a', { correlations: ['parcel'] })
      await sagas.write([write(first, [1], undefined, { correlations: ['later'] })])
      for (const id of ['m1', 'm2']) await sagas.send(first.id, message(id))
      const next = newSaga({ key: first.key, run: 2 })
      const end = write(first, [2], { to: 'continued', outcome: '{}', next }, { consumed: [1] })
      expect(await writeOne(sagas, end)).toBe('written')
      expect(await writeOne(sagas, end)).toBe('written')
      expect(await sagas.find(first.id)).toMatchObject({ state: 'continued', next: next.id })
      expect(await mailbox(sagas, first.id)).toEqual([])
      expect(await mailbox(sagas, next.id)).toEqual(['m2'])
      for (const key of ['parcel', 'later', first.key])
        expect(await store.transact((tx) => tx.sagas.deliver(message(`to ${key}`, { key }), ['checkout'])), key).toBe(1)
      expect(await mailbox(sagas, next.id)).toEqual(['m2', 'to parcel', 'to later', `to ${first.key}`])
      expect(await sagas.findByKey('checkout', first.key)).toMatchObject({ id: next.id, run: 2 })
      expect(await take(sagas, 'h1#a')).toMatchObject([{ saga: { id: next.id } }])
    })

    it('commits with a transaction, and rolls everything back when it is fenced', async () => {
      const { sagas, store } = rig()
      const [saga, started] = [await startHeld(sagas, 'h1#a'), newSaga()]
      expect(await store.transact((tx) => tx.sagas.write(write(saga, [1])))).toBe('written')
      const failing = store.transact(async (tx) => {
        await tx.sagas.write(write(saga, [2]))
        throw new Error('no')
      })
      expect(await rejection(failing)).toMatchObject({ message: 'no' })
      const zombie = store.transact(async (tx) => {
        await tx.sagas.start(started)
        await tx.sagas.write(write(saga, [2], undefined, { epoch: 7 }))
      })
      expect(await rejection(zombie)).toBeInstanceOf(Fenced)
      expect(await sagas.find(started.id)).toBeUndefined()
      expect(await places(sagas, saga.id)).toEqual([1])
      expect(await store.transact((tx) => tx.sagas.write(write(saga, [1])))).toBe('written')
      expect(await store.transact((tx) => tx.sagas.write(write(saga, [2], completed)))).toBe('written')
      expect(await store.transact((tx) => tx.sagas.write(write(saga, [2], completed)))).toBe('written')
      expect(await sagas.find(saga.id)).toMatchObject({ state: 'completed', length: 2 })
    })

    it('in a transaction meets a person who mends the run: one of them comes first', async () => {
      const { sagas, other, store } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      const [written, finish] = [gate(), gate()]
      const step = rejection(
        store.transact(async (tx) => {
          await tx.sagas.write(write(saga, [1]))
          written.open()
          await finish.opened
        }),
      )
      await written.opened
      const mending = other.mend(saga.id, 0, [], 'parked')
      finish.open()
      const [fenced, mended] = [await step, await mending]
      expect([fenced instanceof Fenced, mended === undefined]).toEqual(
        fenced === undefined ? [false, true] : [true, false],
      )
      expect(await places(sagas, saga.id)).toEqual(fenced === undefined ? [1] : [])
    })

    it('refuses what is no write', async () => {
      const { sagas } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      const bad: Partial<SagaWrite>[] = [
        { entries: [entry(1), entry(3)] },
        { entries: [entry(0)] },
        { entries: [entry(1, { kind: 'k'.repeat(33) })] },
        { entries: [entry(1, { name: 'n'.repeat(201) })] },
        { entries: [entry(1, { atMs: 1.5 })] },
        { change: { ...completed, next: newSaga() } as SagaChange },
      ]
      for (const given of bad)
        expect(await rejection(sagas.write([write(saga, [], undefined, given)])), JSON.stringify(given)).toMatchObject({
          code: 'INVALID_ARGUMENT',
          reason: 'BAD_SAGA',
        })
      expect(await rejection(sagas.write([write(saga, [1]), write(saga, [2])]))).toMatchObject({ reason: 'BAD_SAGA' })
      expect(await sagas.write([])).toEqual([])
      expect(await places(sagas, saga.id)).toEqual([])
    })
  })
}
