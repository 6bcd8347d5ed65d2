/** The contract of mail that meets a write: it is read, or it wakes; nothing slips between. */
import { describe, expect, it } from 'vitest'
import {
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
import { gate, present } from './sample.ts'

export function sagasRacesSuite(rig: () => SagasRig): void {
  describe('mail that comes', () => {
    it('before a wait, refuses it: the entries are written and the run stays held', async () => {
      const { sagas } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      await sagas.send(saga.id, message('m1'))
      expect(await writeOne(sagas, write(saga, [1], waits(0)))).toBe('mail')
      expect(await sagas.find(saga.id)).toMatchObject({ holder: 'h1#a', length: 1, dueMs: undefined })
      expect(await writeOne(sagas, write(saga, [1], waits(0)))).toBe('mail')
      expect(await writeOne(sagas, write(saga, [2], waits(1)))).toBe('written')
      expect(await take(sagas, 'h1#a')).toEqual([])
    })

    it('after a wait, wakes the run', async () => {
      const { sagas } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      expect(await writeOne(sagas, write(saga, [1], waits(0)))).toBe('written')
      await sagas.send(saga.id, message('m1'))
      expect(await take(sagas, 'h2#a')).toMatchObject([{ saga: { id: saga.id }, messages: [{ id: 'm1' }] }])
    })

    it('before a point of no return, refuses it, and nothing of the write is there', async () => {
      const { sagas } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      await sagas.send(saga.id, message('c', { kind: 'cancel' }))
      const point = { ...write(saga, [], { to: 'running', mail: 0 }), entries: [entry(1, { kind: 'point' })] }
      const child = newSaga()
      expect(await writeOne(sagas, { ...point, starts: [child], consumed: [1], correlations: ['k'] })).toBe('mail')
      expect(await sagas.find(child.id)).toBeUndefined()
      expect(await mailbox(sagas, saga.id)).toEqual(['c'])
      expect(await places(sagas, saga.id)).toEqual([])
      const undoing = {
        ...write(saga, [], { to: 'undoing' }, { consumed: [1] }),
        entries: [entry(1, { kind: 'undoing' })],
      }
      expect(await writeOne(sagas, undoing)).toBe('written')
    })

    it('before an end, refuses it when the end asks: the entries are written and the run stays held', async () => {
      const { sagas } = rig()
      const [one, two] = [await startHeld(sagas, 'h1#a'), await startHeld(sagas, 'h1#a')]
      for (const { id } of [one, two]) await sagas.send(id, message('c', { kind: 'cancel' }))
      const end = { to: 'completed', outcome: '{"ok":1}' } as const
      expect(await writeOne(sagas, write(one, [1], { ...end, mail: 0 }))).toBe('mail')
      expect(await writeOne(sagas, write(one, [1], { ...end, mail: 0 }))).toBe('mail')
      expect(await sagas.find(one.id)).toMatchObject({
        state: 'running',
        holder: 'h1#a',
        length: 1,
        outcome: undefined,
      })
      expect(await mailbox(sagas, one.id)).toEqual(['c'])
      expect(await writeOne(sagas, write(one, [2], { ...end, mail: 1 }))).toBe('written')
      expect(await writeOne(sagas, write(one, [2], { ...end, mail: 1 }))).toBe('written')
      expect(await sagas.find(one.id)).toMatchObject({ state: 'completed', length: 2 })
      expect(await writeOne(sagas, write(two, [1], end))).toBe('written')
    })

    it('after a point of no return, does not undo it; its repetition is known', async () => {
      const { sagas } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      const point = write(saga, [1], { to: 'running', mail: 0 })
      expect(await writeOne(sagas, point)).toBe('written')
      await sagas.send(saga.id, message('c', { kind: 'cancel' }))
      expect(await writeOne(sagas, point)).toBe('written')
      expect(await writeOne(sagas, write(saga, [2], { to: 'running', mail: 0 }))).toBe('mail')
    })

    it('at the same time as a wait or a point of no return is read by it or wakes the run', async () => {
      const { sagas, other } = rig()
      for (let round = 0; round < 10; round++) {
        const [waiting, point] = [await startHeld(sagas, 'h1#a'), await startHeld(sagas, 'h1#a')]
        const both = [write(waiting, [1], waits(0)), write(point, [1], { to: 'running', mail: 0 } as const)]
        const [outcomes] = await Promise.all([
          sagas.write(both),
          other.send(waiting.id, message('m')),
          other.send(point.id, message('c', { kind: 'cancel' })),
        ])
        const record = present(await sagas.find(waiting.id))
        expect(outcomes[0] === 'mail' ? record.holder : record.dueMs).toBeDefined()
        expect(await places(sagas, point.id)).toEqual(outcomes[1] === 'mail' ? [] : [1])
        expect(outcomes).not.toContain('fenced')
      }
    })

    it('in an open transaction is before or after a wait, never beside it', async () => {
      const { sagas, store } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      const [sent, finish] = [gate(), gate()]
      const sending = store.transact(async (tx) => {
        await tx.sagas.send(saga.id, message('m'))
        sent.open()
        await finish.opened
      })
      await sent.opened
      const waiting = writeOne(rig().other, write(saga, [1], waits(0)))
      finish.open()
      await sending
      const record = { ...present(await sagas.find(saga.id)), outcome: await waiting }
      const after = present(await sagas.find(saga.id))
      expect(record.outcome === 'mail' ? after.holder : after.dueMs).toBeDefined()
    })

    it('for many runs at once, from two sides and in group writes, leaves nobody waiting for each other', async () => {
      const { sagas, store } = rig()
      const all = await Promise.all(
        Array.from({ length: 12 }, () => startHeld(sagas, 'h1#a', { correlations: ['all'] })),
      )
      const second = rig().opened.second ?? store
      const deliveries = Array.from({ length: 8 }, (_, place) =>
        (place % 2 ? store : second).transact((tx) =>
          tx.sagas.deliver(message(`e${place}`, { key: 'all' }), ['checkout']),
        ),
      )
      const writes = [all, all.toReversed()].map((some, place) =>
        sagas.write(some.map((saga) => write(saga, [place + 1]))),
      )
      expect(await Promise.all(deliveries)).toEqual(Array(8).fill(12))
      await Promise.all(writes)
      for (const saga of all) expect(await mailbox(sagas, saga.id)).toHaveLength(8)
    })

    it('goes with a run that goes on as a new one meanwhile', async () => {
      const { sagas, store } = rig()
      const first = await startHeld(sagas, 'h1#a', { correlations: ['parcel'] })
      const next = newSaga({ key: first.key, run: 2 })
      const going = write(first, [1], { to: 'continued', outcome: '{}', next })
      const event = message('e', { key: 'parcel' })
      const [outcome, count] = await Promise.all([
        writeOne(sagas, going),
        (rig().opened.second ?? store).transact((tx) => tx.sagas.deliver(event, ['checkout'])),
      ])
      expect([outcome, count]).toEqual(['written', 1])
      expect(await mailbox(sagas, next.id)).toEqual(['e'])
    })
  })
}
