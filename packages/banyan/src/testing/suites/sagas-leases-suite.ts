/** The contract of who advances a run: each by one host only, what is due before what sleeps, nothing lost with a host. */
import { describe, expect, it } from 'vitest'
import {
  checkout,
  completed,
  entry,
  message,
  newSaga,
  type SagasRig,
  startHeld,
  take,
  waits,
  write,
  writeOne,
} from './sagas-rig.ts'
import { present } from './sample.ts'

export function sagasLeasesSuite(rig: () => SagasRig): void {
  describe('a take', () => {
    it('gives each run to one host when many take at the same time', async () => {
      const { sagas, other } = rig()
      const all = Array.from({ length: 60 }, () => newSaga())
      await sagas.start(all)
      const hosts = Array.from({ length: 6 }, (_, host) => `h${host}#a`)
      const taken: string[] = []
      for (let turn = 0; turn < 20 && taken.length < all.length; turn++) {
        const given = await Promise.all(
          hosts.map((holder, host) => take(host % 2 ? sagas : other, holder, { limit: 7 })),
        )
        taken.push(...given.flat().map(({ saga }) => saga.id))
      }
      expect(taken.sort()).toEqual(all.map(({ id }) => id).sort())
    })

    it('raises the epoch, and gives the journal and the unread messages', async () => {
      const { sagas, other } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      await sagas.send(saga.id, message('m1'))
      await sagas.send(saga.id, message('m2'))
      await sagas.write([write(saga, [1, 2], waits(2), { consumed: [1] })])
      await sagas.send(saga.id, message('m3'))
      const [taken] = await take(other, 'h2#a')
      expect(taken?.saga).toEqual({ ...present(await sagas.find(saga.id)), mail: 3 })
      expect(taken?.saga).toMatchObject({ epoch: 2, holder: 'h2#a', dueMs: undefined, length: 2, input: saga.input })
      expect(taken?.entries).toEqual([entry(1), entry(2)])
      expect(taken?.messages.map(({ id }) => id)).toEqual(['m2', 'm3'])
    })

    it('leaves out entries that the taker knows', async () => {
      const { sagas } = rig()
      const [one, two] = [await startHeld(sagas, 'h1#a'), await startHeld(sagas, 'h1#a')]
      const now = await sagas.now()
      await sagas.write([write(one, [1, 2, 3], waits(0, now)), write(two, [1, 2], waits(0, now))])
      const known = new Map([
        [one.id, 2],
        [two.id, 2],
      ])
      const taken = await take(sagas, 'h1#a', { known })
      const byId = new Map(taken.map(({ saga, entries }) => [saga.id, entries.map(({ n }) => n)]))
      expect(byId).toEqual(
        new Map([
          [one.id, [3]],
          [two.id, []],
        ]),
      )
    })

    it('takes what is due by the clock of the database, and says when it is next', async () => {
      const { sagas, other, opened } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      const now = await sagas.now()
      await sagas.write([write(saga, [1], waits(0, now + 60_000))])
      await sagas.beat('h2#a', 10_000, new Map())
      const request = { holder: 'h2#a', kinds: checkout, limit: 10 }
      const early = await other.take(request)
      expect(early).toMatchObject({ taken: [], more: false })
      expect(early.nextInMs).toBeGreaterThan(50_000)
      expect(early.nextInMs).toBeLessThanOrEqual(60_000)
      expect(early.nowMs).toBeGreaterThanOrEqual(now)
      await opened.shiftClock(60_001)
      const late = await other.take(request)
      expect(late).toMatchObject({ taken: [{ saga: { id: saga.id } }], more: false, nextInMs: undefined })
      expect(late.nowMs).toBeGreaterThanOrEqual(now + 60_000)
      expect(await sagas.now()).toBeGreaterThanOrEqual(now + 60_000)
    })

    it('takes only versions that the host has code for, and is not held up by others', async () => {
      const { sagas } = rig()
      await sagas.start(Array.from({ length: 5 }, () => newSaga({ version: 2 })))
      const old = newSaga()
      await sagas.start([old, newSaga({ name: 'returns' })])
      expect((await take(sagas, 'h1#a', { limit: 1 })).map(({ saga }) => saga.id)).toEqual([old.id])
      expect(await take(sagas, 'h1#a')).toEqual([])
      expect(await take(sagas, 'h1#a', { kinds: [] })).toEqual([])
      const both = [...checkout, { name: 'checkout', version: 2 }, { name: 'returns', version: 1 }]
      expect(await take(sagas, 'h1#a', { kinds: both })).toHaveLength(6)
    })

    it('is fair between names, and within a name takes the higher priority first, then who is due longest', async () => {
      const { sagas } = rig()
      const many = [
        newSaga({ priority: 'low' }),
        ...Array.from({ length: 8 }, () => newSaga()),
        newSaga({ priority: 'high' }),
      ]
      for (const saga of many) await sagas.start([saga])
      const few = [newSaga({ name: 'returns' }), newSaga({ name: 'returns' })]
      await sagas.start(few)
      const kinds = [...checkout, { name: 'returns', version: 1 }]
      await sagas.beat('h1#a', 10_000, new Map())
      const { taken, more } = await sagas.take({ holder: 'h1#a', kinds, limit: 5 })
      const of = (name: string): string[] => taken.filter(({ saga }) => saga.name === name).map(({ saga }) => saga.id)
      expect(of('returns').sort()).toEqual(few.map(({ id }) => id).sort())
      expect(of('checkout').sort()).toEqual([many[9], many[1], many[2]].map((saga) => saga?.id).sort())
      expect(more).toBe(true)
      const rest = await sagas.take({ holder: 'h1#a', kinds, limit: 7 })
      expect(rest.taken).toHaveLength(7)
      expect(rest).toMatchObject({ more: false, nextInMs: undefined })
    })

    it('takes only those it is told of, if they are due', async () => {
      const { sagas } = rig()
      const [due, held, ended, foreign] = [
        newSaga(),
        await startHeld(sagas, 'h2#a'),
        await startHeld(sagas, 'h1#a'),
        newSaga({ name: 'returns' }),
      ]
      await sagas.start([due, foreign, newSaga()])
      await sagas.write([write(ended, [1], completed)])
      const ids = [ended.id, held.id, due.id, foreign.id]
      expect(await take(sagas, 'h1#a', { ids })).toMatchObject([{ saga: { id: due.id } }])
      expect(await take(sagas, 'h1#a', { ids })).toEqual([])
      expect(await take(sagas, 'h1#a', { ids: [] })).toEqual([])
    })

    it('never gives a run that is parked, or has ended', async () => {
      const { sagas, opened } = rig()
      const [parked, ended] = [await startHeld(sagas, 'h1#a'), await startHeld(sagas, 'h1#a')]
      await sagas.write([write(parked, [1], { to: 'parked', note: '' }), write(ended, [1], completed)])
      await sagas.send(parked.id, message('m'))
      await opened.shiftClock(1_000_000)
      expect(await take(sagas, 'h2#a')).toEqual([])
    })
  })

  describe('a heartbeat', () => {
    it('keeps what its host holds, for as long as it says', async () => {
      const { sagas, other, opened } = rig()
      const saga = await startHeld(sagas, 'h1#a')
      for (let turn = 0; turn < 3; turn++) {
        await opened.shiftClock(9_000)
        expect(await other.beat('h2#a', 10_000, new Map())).toMatchObject({ reaped: 0 })
        await sagas.beat('h1#a', 10_000, new Map([[saga.id, 0]]))
      }
      expect(await writeOne(sagas, write(saga, [1]))).toBe('written')
    })

    it('lets go what dead hosts held: it goes on elsewhere, and they can write nothing', async () => {
      const { sagas, other, opened } = rig()
      const [one, two] = [await startHeld(sagas, 'h1#a'), await startHeld(sagas, 'h1#a')]
      await sagas.write([write(one, [1])])
      await opened.shiftClock(10_001)
      expect(await other.beat('h2#a', 10_000, new Map())).toMatchObject({ reaped: 2 })
      expect(await other.beat('h2#a', 10_000, new Map())).toMatchObject({ reaped: 0 })
      expect(await sagas.write([write(one, [2]), write(two, [1], completed)])).toEqual(['fenced', 'fenced'])
      expect(await take(other, 'h2#a')).toMatchObject([{ saga: { epoch: 3 } }, { saga: { epoch: 3 } }])
    })

    it('lets go at once what an earlier incarnation of its instance held', async () => {
      const { sagas, other } = rig()
      const [own, theirs] = [await startHeld(sagas, 'h1#a'), await startHeld(sagas, 'h11#a')]
      expect(await other.beat('h1#b', 10_000, new Map())).toMatchObject({ reaped: 1 })
      expect(await writeOne(sagas, write(own, [1]))).toBe('fenced')
      expect(await writeOne(sagas, write(theirs, [1], undefined, { holder: 'h11#a' }))).toBe('written')
    })

    it('lets go what is held by a host that nobody knows', async () => {
      const { sagas } = rig()
      await sagas.start([newSaga()], 'ghost#a')
      expect(await sagas.beat('h1#a', 10_000, new Map())).toMatchObject({ reaped: 1 })
    })

    it('lets go what its own host has by the books and knows nothing of: the answer to a take was lost', async () => {
      const { sagas, other, opened } = rig()
      const [known, lost] = [await startHeld(sagas, 'h1#a'), await startHeld(sagas, 'h1#a')]
      const held = new Map([[known.id, 0]])
      expect(await sagas.beat('h1#a', 10_000, held)).toMatchObject({ reaped: 0 })
      await opened.shiftClock(5_001)
      const fresh = newSaga()
      await sagas.start([fresh], 'h1#a')
      expect(await sagas.beat('h1#a', 10_000, held)).toMatchObject({ reaped: 1, lost: [] })
      expect(await take(other, 'h2#a')).toMatchObject([{ saga: { id: lost.id, epoch: 3 } }])
      expect(await sagas.write([write(known, [1]), write(lost, [1]), write(fresh, [1])])).toEqual([
        'written',
        'fenced',
        'written',
      ])
    })

    it('of a host that was dead and is back keeps what it takes from now on', async () => {
      const { sagas, other, opened } = rig()
      const lost = await startHeld(sagas, 'h1#a')
      await opened.shiftClock(10_001)
      await other.beat('h2#a', 10_000, new Map())
      expect(await sagas.beat('h1#a', 10_000, new Map([[lost.id, 0]]))).toMatchObject({ lost: [lost.id], mail: [] })
      expect(await take(sagas, 'h1#a')).toMatchObject([{ saga: { id: lost.id } }])
      expect(await other.beat('h2#a', 10_000, new Map())).toMatchObject({ reaped: 0 })
      expect(await sagas.beat('h1#a', 10_000, new Map([[lost.id, 0]]))).toMatchObject({ lost: [] })
    })

    it('tells of mail that was not read, for runs that are held', async () => {
      const { sagas, other } = rig()
      const [one, two, theirs] = [
        await startHeld(sagas, 'h1#a'),
        await startHeld(sagas, 'h1#a'),
        await startHeld(sagas, 'h2#a'),
      ]
      for (const { id } of [one, two, theirs]) await other.send(id, message('m'))
      const held = new Map([
        [one.id, 0],
        [two.id, 1],
        [theirs.id, 0],
      ])
      const beat = await sagas.beat('h1#a', 10_000, held)
      expect(beat).toMatchObject({ mail: [one.id], lost: [theirs.id] })
      expect(beat.nowMs).toBeGreaterThan(0)
    })
  })

  describe('a release', () => {
    it('lets everything of a host go at once, under a new epoch', async () => {
      const { sagas, other } = rig()
      const [mine, theirs] = [await startHeld(sagas, 'h1#a'), await startHeld(sagas, 'h2#a')]
      await sagas.write([write(mine, [1])])
      expect(await sagas.release('h1#a')).toBe(1)
      expect(await sagas.release('h1#a')).toBe(0)
      expect(await writeOne(sagas, write(mine, [2], waits(0)))).toBe('fenced')
      expect(await take(other, 'h2#a')).toMatchObject([{ saga: { id: mine.id, epoch: 3, length: 1 } }])
      expect(await sagas.find(theirs.id)).toMatchObject({ epoch: 1, holder: 'h2#a' })
    })
  })

  describe('who listens', () => {
    it('hears what a commit of its process made due, and what it ended', async () => {
      const { sagas, store } = rig()
      const due: string[] = []
      const ended: string[] = []
      const stop = [sagas.onDue((ids) => void due.push(...ids)), sagas.onEnd((ids) => void ended.push(...ids))]
      const [fresh, sent, held] = [newSaga(), newSaga(), await startHeld(sagas, 'h1#a')]
      await sagas.start([fresh])
      await store.transact((tx) => tx.sagas.start(sent))
      await expect.poll(() => due).toEqual([fresh.id, sent.id])
      await sagas.send(held.id, message('m'))
      await expect.poll(() => due).toEqual([fresh.id, sent.id, held.id])
      await store.transact((tx) => tx.sagas.write(write(held, [1], completed)))
      await expect.poll(() => ended).toEqual([held.id])
      for (const one of stop) one()
      await sagas.send(fresh.id, message('m'))
      await Promise.resolve()
      expect(due).toHaveLength(3)
    })
  })
}
