/** The contract of semantic locks: one owner, a fair line, circles found, nothing kept by the dead. */
import { describe, expect, it } from 'vitest'
import { Fenced } from '../../store/inbox.ts'
import type { NewSaga, SagaLockOutcome } from '../../store/sagas.ts'
import { completed, mailbox, newRunId, type SagasRig, startHeld, take, waits, write, writeOne } from './sagas-rig.ts'
import { gate, rejection } from './sample.ts'

export function sagasLocksSuite(rig: () => SagasRig): void {
  const held = (count: number): Promise<NewSaga[]> =>
    Promise.all(Array.from({ length: count }, () => startHeld(rig().sagas, 'h1#a')))
  const ask = (saga: NewSaga | undefined, key: string, ifHeld: 'wait' | 'fail' = 'wait'): Promise<SagaLockOutcome> =>
    rig().sagas.lock({ id: saga?.id ?? '', epoch: 1 }, 'order', key, ifHeld)

  describe('a lock', () => {
    it('has one owner, who has it again when it asks again', async () => {
      const [a, b] = await held(2)
      expect(await ask(a, 'o-1')).toEqual({ got: 'yes' })
      expect(await ask(a, 'o-1', 'fail')).toEqual({ got: 'yes' })
      expect(await ask(b, 'o-2')).toEqual({ got: 'yes' })
      const lock = { kind: 'order', key: 'o-1', owner: a?.id, ownerName: `checkout ${a?.key}`, waiting: [] }
      expect(await ask(b, 'o-1', 'fail')).toMatchObject({ got: 'no', lock })
      expect(await rig().sagas.locks(10)).toMatchObject([lock, { key: 'o-2', owner: b?.id }])
      expect(await rig().sagas.locks(1)).toHaveLength(1)
    })

    it('is got by one of many that ask at the same time', async () => {
      const all = await held(6)
      const { sagas, other } = rig()
      const outcomes = await Promise.all(
        all.map(({ id }, host) => (host % 2 ? sagas : other).lock({ id, epoch: 1 }, 'stock', 's-1', 'wait')),
      )
      expect(outcomes.map(({ got }) => got).sort()).toEqual([...Array(5).fill('waiting'), 'yes'])
      expect((await sagas.locks(1))[0]?.waiting).toHaveLength(5)
    })

    it('goes to the next in line, in order, who is told and has it', async () => {
      const { sagas } = rig()
      const [a, b, c] = await held(3)
      await ask(a, 'o-1')
      expect(await ask(b, 'o-1')).toMatchObject({ got: 'waiting', lock: { owner: a?.id, waiting: [{ id: b?.id }] } })
      expect(await ask(c, 'o-1')).toMatchObject({ got: 'waiting' })
      expect(await ask(b, 'o-1')).toMatchObject({ got: 'waiting', lock: { waiting: [{ id: b?.id }, { id: c?.id }] } })
      await writeOne(sagas, write(b as NewSaga, [1], waits(0)))
      await sagas.unlock({ id: a?.id ?? '' }, 'order', 'o-1')
      expect(await sagas.locks(1)).toMatchObject([{ owner: b?.id, waiting: [{ id: c?.id }] }])
      expect(await take(sagas, 'h1#a')).toMatchObject([
        { saga: { id: b?.id }, messages: [{ id: 'order/o-1', kind: 'lock', name: 'granted' }] },
      ])
      expect(await mailbox(sagas, c?.id ?? '')).toEqual([])
      await sagas.unlock({ id: b?.id ?? '' }, 'order', 'o-1')
      expect(await mailbox(sagas, c?.id ?? '')).toEqual(['order/o-1'])
      await sagas.unlock({ id: c?.id ?? '' }, 'order', 'o-1')
      expect(await sagas.locks(1)).toEqual([])
    })

    it('is let go at the end of a run, which leaves all lines too', async () => {
      const { sagas } = rig()
      const [a, b, c] = await held(3)
      await ask(a, 'o-1')
      await ask(a, 'o-2')
      await ask(b, 'o-3')
      await ask(b, 'o-1')
      await ask(c, 'o-1')
      expect(await writeOne(sagas, write(b as NewSaga, [1], completed))).toBe('written')
      expect(await writeOne(sagas, write(a as NewSaga, [1], completed))).toBe('written')
      expect(await sagas.locks(10)).toMatchObject([{ key: 'o-1', owner: c?.id, waiting: [] }])
      expect(await mailbox(sagas, c?.id ?? '')).toEqual(['order/o-1'])
    })

    it('can be granted a second time to the same run', async () => {
      const { sagas } = rig()
      const [a, b] = (await held(2)) as [NewSaga, NewSaga]
      for (const place of [1, 2]) {
        await ask(a, 'o-1')
        await ask(b, 'o-1')
        await sagas.unlock(a, 'order', 'o-1')
        expect(await mailbox(sagas, b.id)).toEqual(['order/o-1'])
        await sagas.write([write(b, [place], undefined, { consumed: [place] })])
        await sagas.unlock(b, 'order', 'o-1')
      }
    })

    it('that was granted and let go unread leaves no word of it behind', async () => {
      const { sagas } = rig()
      const [a, b] = (await held(2)) as [NewSaga, NewSaga]
      await ask(a, 'o-1')
      await ask(b, 'o-1')
      await sagas.unlock(a, 'order', 'o-1')
      await sagas.unlock(b, 'order', 'o-1')
      expect(await mailbox(sagas, b.id)).toEqual([])
      await ask(a, 'o-1')
      expect(await ask(b, 'o-1')).toMatchObject({ got: 'waiting' })
    })

    it('is no longer waited for by who gives up its place', async () => {
      const { sagas } = rig()
      const [a, b] = (await held(2)) as [NewSaga, NewSaga]
      await ask(a, 'o-1')
      await ask(b, 'o-1')
      await sagas.unlock(b, 'order', 'o-1')
      await sagas.unlock(b, 'order', 'none')
      expect(await sagas.locks(1)).toMatchObject([{ owner: a.id, waiting: [] }])
    })

    it.each([2, 3, 5])('is not waited for where %i runs would wait for each other', async (count) => {
      const all = await held(count)
      for (const [place, saga] of all.entries()) expect(await ask(saga, `o-${place}`)).toEqual({ got: 'yes' })
      for (const [place, saga] of all.slice(0, -1).entries())
        expect(await ask(saga, `o-${place + 1}`)).toMatchObject({ got: 'waiting' })
      const closing = await ask(all.at(-1), 'o-0')
      expect(closing).toMatchObject({ got: 'deadlock' })
      const circle = closing.got === 'deadlock' ? closing.circle : []
      expect([...circle].sort()).toEqual(all.map(({ id }) => id).sort())
      expect(circle[0]).toBe(all.at(-1)?.id)
      expect((await rig().sagas.locks(10)).flatMap((lock) => lock.waiting)).toHaveLength(count - 1)
      expect(await ask(all.at(-1), 'o-0', 'fail')).toMatchObject({ got: 'no' })
    })

    it('is not waited for where the line would close a circle once it moves', async () => {
      const { sagas } = rig()
      const [a, b, c] = (await held(3)) as [NewSaga, NewSaga, NewSaga]
      await ask(a, 'o-1')
      await ask(c, 'o-2')
      await ask(b, 'o-1')
      await ask(b, 'o-2')
      // c would stand behind b, which waits for c.
      expect(await ask(c, 'o-1')).toMatchObject({ got: 'deadlock' })
      await sagas.unlock(a, 'order', 'o-1')
      const owners = new Map((await sagas.locks(10)).map((lock) => [lock.key, lock.owner]))
      expect([owners.get('o-1'), owners.get('o-2')]).toEqual([b.id, c.id])
    })

    it('finds the circle when all close it at the same time', async () => {
      const { sagas, other } = rig()
      for (let round = 0; round < 5; round++) {
        const all = await held(3)
        for (const [place, { id }] of all.entries())
          await sagas.lock({ id, epoch: 1 }, 'round', `${round}-${place}`, 'wait')
        const outcomes = await Promise.all(
          all.map(({ id }, place) =>
            (place % 2 ? sagas : other).lock({ id, epoch: 1 }, 'round', `${round}-${(place + 1) % 3}`, 'wait'),
          ),
        )
        expect(outcomes.map(({ got }) => got).sort()).toEqual(['deadlock', 'waiting', 'waiting'])
      }
    })

    it('is refused to who does not hold the run', async () => {
      const { sagas, other, opened } = rig()
      const [a] = (await held(1)) as [NewSaga]
      const zombie = (epoch: number): Promise<unknown> =>
        rejection(sagas.lock({ id: a.id, epoch }, 'order', 'o-1', 'wait'))
      expect(await zombie(2)).toBeInstanceOf(Fenced)
      expect(await rejection(sagas.lock({ id: newRunId(), epoch: 1 }, 'order', 'o-1', 'wait'))).toBeInstanceOf(Fenced)
      await opened.shiftClock(10_001)
      await other.beat('h2#a', 10_000, new Map())
      expect(await zombie(1)).toBeInstanceOf(Fenced)
      expect(await sagas.locks(10)).toEqual([])
    })

    it('outlives the host of its run', async () => {
      const { sagas, other, opened } = rig()
      const [a] = (await held(1)) as [NewSaga]
      await ask(a, 'o-1')
      await opened.shiftClock(10_001)
      const [taken] = await take(other, 'h2#a')
      expect(await sagas.locks(1)).toMatchObject([{ owner: a.id }])
      expect(await other.lock({ id: a.id, epoch: taken?.saga.epoch ?? 0 }, 'order', 'o-1', 'fail')).toEqual({
        got: 'yes',
      })
    })

    it('that a transaction has looked at stays as it is until that ends', async () => {
      const { sagas, store, other } = rig()
      const [a, b] = (await held(2)) as [NewSaga, NewSaga]
      await ask(a, 'o-1')
      const log: string[] = []
      const [looked, finish] = [gate(), gate()]
      const looking = store.transact(async (tx) => {
        expect(await tx.sagas.lock('order', 'o-1')).toMatchObject({ owner: a.id })
        expect(await tx.sagas.lock('order', 'o-2')).toBeUndefined()
        looked.open()
        await finish.opened
        expect(await tx.sagas.lock('order', 'o-1')).toMatchObject({ owner: a.id })
        log.push('looked')
      })
      await looked.opened
      const changing = [
        other.write([write(a, [1], completed)]).then(() => log.push('ended')),
        other.lock({ id: b.id, epoch: 1 }, 'order', 'o-2', 'wait').then(() => log.push('taken')),
      ]
      finish.open()
      await Promise.all([looking, ...changing])
      expect(log[0]).toBe('looked')
      expect(await sagas.locks(10)).toMatchObject([{ key: 'o-2', owner: b.id }])
    })
  })
}
