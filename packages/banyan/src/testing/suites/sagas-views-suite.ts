/** The contract of what people see of runs. */
import { describe, expect, it } from 'vitest'
import { completed, entry, newRunId, newSaga, type SagasRig, startHeld, waits, write } from './sagas-rig.ts'

export function sagasViewsSuite(rig: () => SagasRig): void {
  describe('a list', () => {
    it('is of the newest first, in pages, without input and outcome', async () => {
      const { sagas } = rig()
      const all = Array.from({ length: 5 }, () => newSaga())
      await sagas.start(all.toReversed())
      const newest = all.map(({ id }) => id).reverse()
      const first = await sagas.list({ limit: 2 })
      expect(first.sagas.map(({ id }) => id)).toEqual(newest.slice(0, 2))
      expect(first.sagas[0]).not.toHaveProperty('input')
      const second = await sagas.list({ limit: 2, ...(first.next === undefined ? {} : { before: first.next }) })
      const third = await sagas.list({ limit: 2, ...(second.next === undefined ? {} : { before: second.next }) })
      expect([...second.sagas, ...third.sagas].map(({ id }) => id)).toEqual(newest.slice(2))
      expect(third.next).toBeUndefined()
      expect(await sagas.list({ limit: 2, before: 'no id' })).toEqual({ sagas: [], next: undefined })
    })

    it('is of some name, key or states', async () => {
      const { sagas } = rig()
      const [ended, parked, other] = [
        await startHeld(sagas, 'h1#a'),
        await startHeld(sagas, 'h1#a'),
        newSaga({ name: 'returns' }),
      ]
      await sagas.start([other])
      await sagas.write([write(ended, [1], completed), write(parked, [1], { to: 'parked', note: '{"why":"x"}' })])
      const ids = async (filter: object): Promise<string[]> =>
        (await sagas.list({ limit: 10, ...filter })).sagas.map(({ id }) => id)
      expect(await ids({ name: 'returns' })).toEqual([other.id])
      expect(await ids({ key: parked.key })).toEqual([parked.id])
      expect(await ids({ states: ['parked', 'completed'] })).toEqual([parked.id, ended.id])
      expect(await ids({ states: ['parked'] })).toEqual([parked.id])
      expect(await ids({ name: 'checkout', states: ['running'] })).toEqual([])
      expect((await sagas.list({ limit: 1, states: ['parked'] })).sagas[0]).toMatchObject({
        note: '{"why":"x"}',
        length: 1,
      })
    })

    it('is of those that should have gone on for long', async () => {
      const { sagas, opened } = rig()
      const [due, held, moving, sleeping, ended] = [
        newSaga(),
        await startHeld(sagas, 'h1#a'),
        await startHeld(sagas, 'h1#a'),
        await startHeld(sagas, 'h1#a'),
        await startHeld(sagas, 'h1#a'),
      ]
      await sagas.start([due])
      const now = await sagas.now()
      await sagas.write([write(sleeping, [1], waits(0, now + 3_600_000)), write(ended, [1], completed)])
      await opened.shiftClock(60_000)
      await sagas.write([{ ...write(moving, []), entries: [entry(1, { atMs: now + 55_000 })] }])
      const stuck = async (stuckMs: number): Promise<string[]> =>
        (await sagas.list({ limit: 10, stuckMs })).sagas.map(({ id }) => id)
      expect(await stuck(30_000)).toEqual([held.id, due.id].sort().reverse())
      expect(await stuck(100_000)).toEqual([])
    })
  })

  it('finds a run by its id, and the newest of a key', async () => {
    const { sagas } = rig()
    const [first, second] = [newSaga({ key: 'k' }), newSaga({ key: 'k', run: 2 })]
    await sagas.start([second, first])
    expect(await sagas.findByKey('checkout', 'k')).toMatchObject({ id: second.id })
    expect(await sagas.findByKey('returns', 'k')).toBeUndefined()
    expect(await sagas.find(newRunId())).toBeUndefined()
    expect(await sagas.find('no id')).toBeUndefined()
    expect(await sagas.entries('no id', 0, 10)).toEqual([])
  })

  it('counts who stands where, what is overdue, and locks', async () => {
    const { sagas, opened } = rig()
    expect(await sagas.counts()).toEqual({ counts: [], overdueMs: 0, locks: 0, lockWaits: 0 })
    const [a, b, ended] = [
      await startHeld(sagas, 'h1#a'),
      await startHeld(sagas, 'h1#a'),
      await startHeld(sagas, 'h1#a'),
    ]
    await sagas.lock({ id: a.id, epoch: 1 }, 'order', 'o-1', 'wait')
    await sagas.lock({ id: b.id, epoch: 1 }, 'order', 'o-1', 'wait')
    await sagas.write([write(b, [1], waits(0)), write(ended, [1], completed)])
    await sagas.start([newSaga({ version: 2 })])
    await opened.shiftClock(5_000)
    const { overdueMs, ...counts } = await sagas.counts()
    expect(counts).toEqual({
      counts: [
        { name: 'checkout', version: 1, state: 'running', held: 1, waiting: 1, due: 0 },
        { name: 'checkout', version: 2, state: 'running', held: 0, waiting: 0, due: 1 },
      ],
      locks: 1,
      lockWaits: 1,
    })
    expect(overdueMs).toBeGreaterThanOrEqual(5_000)
    expect(overdueMs).toBeLessThan(60_000)
  })
}
