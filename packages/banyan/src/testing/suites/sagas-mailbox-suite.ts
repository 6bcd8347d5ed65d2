/** The contract of mailboxes: what is sent arrives once, wakes who waits, and reaches who has its key. */
import { describe, expect, it } from 'vitest'
import { maxMailbox } from '../../store/sagas.ts'
import {
  completed,
  mailbox,
  message,
  newRunId,
  newSaga,
  type SagasRig,
  startHeld,
  take,
  waits,
  write,
} from './sagas-rig.ts'
import { rejection } from './sample.ts'

export function sagasMailboxSuite(rig: () => SagasRig): void {
  describe('a message', () => {
    it('is in the mailbox once, in order, and stays until it is consumed', async () => {
      const { sagas, other } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      const given = message('m1', { kind: 'update', name: 'address', body: '{"street":"x"}' })
      expect(await other.send(saga.id, given)).toBe('sent')
      expect(await sagas.send(saga.id, given)).toBe('repeated')
      expect(await sagas.send(saga.id, message('m2'))).toBe('sent')
      const [first, second] = await sagas.messages(saga.id, 0)
      expect(first).toEqual({ ...given, n: 1, atMs: expect.any(Number) })
      expect(second).toMatchObject({ n: 2, id: 'm2' })
      expect(await sagas.messages(saga.id, 1)).toEqual([second])
      await sagas.write([write(saga, [1], undefined, { consumed: [1] })])
      expect(await mailbox(sagas, saga.id)).toEqual(['m2'])
      expect(await sagas.send(saga.id, given)).toBe('repeated')
      expect(await mailbox(sagas, saga.id)).toEqual(['m2'])
      expect(await sagas.find(saga.id)).toMatchObject({ mail: 2 })
    })

    it('reaches what the same transaction has started, by its key', async () => {
      const { sagas, store, other } = rig()
      const [saga, before] = [newSaga(), await startHeld(sagas, 'h1#a')]
      await store.transact(async (tx) => {
        expect(await tx.sagas.find('checkout', saga.key)).toBeUndefined()
        await tx.sagas.start(saga)
        expect(await tx.sagas.find('checkout', saga.key)).toEqual({ id: saga.id, state: 'running' })
        expect(await tx.sagas.find('checkout', before.key)).toEqual({ id: before.id, state: 'running' })
        expect(await tx.sagas.find('refund', saga.key)).toBeUndefined()
        expect(await tx.sagas.send(saga.id, message('m1'))).toBe('sent')
        expect(await other.findByKey('checkout', saga.key)).toBeUndefined()
      })
      expect(await mailbox(sagas, saga.id)).toEqual(['m1'])
    })

    it('is once there when it is sent many times at the same time', async () => {
      const { sagas, other } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      const sent = Array.from({ length: 6 }, (_, host) => (host % 2 ? other : sagas).send(saga.id, message('m1')))
      expect((await Promise.all(sent)).sort()).toEqual([...Array(5).fill('repeated'), 'sent'])
      expect(await mailbox(sagas, saga.id)).toEqual(['m1'])
    })

    it('to nobody, or to one that has ended, is answered so', async () => {
      const { sagas } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      await sagas.write([write(saga, [1], completed)])
      expect(await sagas.send(saga.id, message('m'))).toBe('ended')
      expect(await sagas.send(newRunId(), message('m'))).toBe('unknown')
      expect(await sagas.send('no id at all', message('m'))).toBe('unknown')
      expect(await sagas.messages(saga.id, 0)).toEqual([])
      expect(await sagas.messages('no id at all', 0)).toEqual([])
    })

    it('does not fit into a full mailbox, unless a run is waiting for it or is to be cancelled', async () => {
      const { sagas, store } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      await store.transact(async (tx) => {
        for (let place = 0; place < maxMailbox; place++) await tx.sagas.send(saga.id, message(`m${place}`))
      })
      expect(await sagas.send(saga.id, message('more'))).toBe('full')
      expect(await sagas.send(saga.id, message('m1'))).toBe('repeated')
      const event = store.transact((tx) => tx.sagas.deliver(message('e', { key: saga.key }), ['checkout']))
      expect(await rejection(event)).toMatchObject({
        code: 'RESOURCE_EXHAUSTED',
        reason: 'MAILBOX_FULL',
        retryable: true,
      })
      for (const kind of ['cancel', 'person', 'child'])
        expect(await sagas.send(saga.id, message(kind, { kind }))).toBe('sent')
      await sagas.write([write(saga, [1], undefined, { consumed: [1, 2, 3, 4] })])
      expect(await sagas.send(saga.id, message('more'))).toBe('sent')
    })

    it('makes a run that waits due at once, and leaves one that is held or parked as it is', async () => {
      const { sagas } = rig()
      const [waiting, held, parked] = [
        await startHeld(sagas, 'h1#a'),
        await startHeld(sagas, 'h1#a'),
        await startHeld(sagas, 'h1#a'),
      ]
      await sagas.write([
        write(waiting, [1], waits(0, 4_000_000_000_000)),
        write(parked, [], { to: 'parked', note: '' }),
      ])
      for (const { id } of [waiting, held, parked]) await sagas.send(id, message('m'))
      expect(await take(sagas, 'h1#a')).toMatchObject([{ saga: { id: waiting.id }, messages: [{ id: 'm' }] }])
      expect(await sagas.find(held.id)).toMatchObject({ holder: 'h1#a', dueMs: undefined, mail: 1 })
      expect(await sagas.find(parked.id)).toMatchObject({ state: 'parked', dueMs: undefined, mail: 1 })
    })

    it('reaches all runs of some names by a key, once each, and nobody else', async () => {
      const { sagas, store } = rig()
      const [own, later] = [await startHeld(sagas, 'h1#a', { key: 'o-1' }), await startHeld(sagas, 'h1#a')]
      const [early, deaf, ended] = [
        newSaga({ correlations: ['o-1'] }),
        newSaga({ name: 'returns', correlations: ['o-1'] }),
        await startHeld(sagas, 'h1#a', { correlations: ['o-1'] }),
      ]
      await sagas.start([early, deaf])
      await sagas.write([write(later, [1], undefined, { correlations: ['o-1', 'o-2'] }), write(ended, [1], completed)])
      const event = message('e1', { kind: 'event', key: 'o-1' })
      const deliver = (): Promise<number> => store.transact((tx) => tx.sagas.deliver(event, ['checkout', 'other']))
      expect(await deliver()).toBe(3)
      expect(await deliver()).toBe(0)
      for (const { id } of [own, early, later]) expect(await mailbox(sagas, id)).toEqual(['e1'])
      expect(await mailbox(sagas, deaf.id)).toEqual([])
      await sagas.write([write(own, [1], undefined, { consumed: [1] })])
      expect(await deliver()).toBe(0)
      expect(await mailbox(sagas, own.id)).toEqual([])
    })

    it('commits with its transaction, or not at all, and reaches a run that starts there', async () => {
      const { sagas, store } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      const failing = store.transact(async (tx) => {
        expect(await tx.sagas.send(saga.id, message('lost'))).toBe('sent')
        expect(await tx.sagas.send(saga.id, message('lost'))).toBe('repeated')
        expect(await tx.sagas.deliver(message('lost too', { key: saga.key }), ['checkout'])).toBe(1)
        throw new Error('no')
      })
      expect(await rejection(failing)).toMatchObject({ message: 'no' })
      expect(await mailbox(sagas, saga.id)).toEqual([])
      const fresh = newSaga({ key: 'fresh', correlations: ['alias'] })
      await store.transact(async (tx) => {
        await tx.sagas.start(fresh)
        expect(await tx.sagas.send(fresh.id, message('m1'))).toBe('sent')
        expect(await tx.sagas.deliver(message('m2', { key: 'alias' }), ['checkout'])).toBe(1)
        expect(await tx.sagas.deliver(message('m3', { key: 'fresh' }), ['checkout'])).toBe(1)
        expect(await tx.sagas.send(newRunId(), message('m'))).toBe('unknown')
      })
      expect(await mailbox(sagas, fresh.id)).toEqual(['m1', 'm2', 'm3'])
    })

    it('refuses what is no message', async () => {
      const { sagas, store } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      for (const given of [{ id: '' }, { kind: '' }, { id: 'i'.repeat(501) }, { key: 'k'.repeat(501) }]) {
        const bad = { code: 'INVALID_ARGUMENT', reason: 'BAD_SAGA' }
        expect(await rejection(sagas.send(saga.id, message('m', given)))).toMatchObject(bad)
        expect(
          await rejection(store.transact((tx) => tx.sagas.deliver(message('m', given), ['checkout']))),
        ).toMatchObject(bad)
      }
    })
  })
}
