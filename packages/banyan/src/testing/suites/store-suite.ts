/** The contract of {@link Store}.transact: what commits together, what is rolled back, who is refused. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AlreadyApplied, Fenced } from '../../store/inbox.ts'
import { bridgesSuite } from './bridges-suite.ts'
import type { OpenedStore } from './open.ts'
import { gate, labels, markOf, present, readAll, rejection, sampleEvent } from './sample.ts'
import { scheduledSuite } from './scheduled-suite.ts'

/** Declares the suite; every implementation of the port runs it. */
export function storeSuite(name: string, open: () => Promise<OpenedStore>): void {
  describe(`${name}: store`, () => {
    let opened: OpenedStore
    beforeEach(async () => {
      opened = await open()
    })
    afterEach(async () => opened.close())
    const published = async (): Promise<string[]> => labels((await readAll(opened.store.outbox)).events)

    it('gives back what the work returned and publishes what it published, in order', async () => {
      const result = await opened.store.transact(async (tx) => {
        for (const label of ['a', 'b', 'c']) tx.publish(sampleEvent(label))
        return { done: true }
      })
      expect(result).toEqual({ done: true })
      expect(await published()).toEqual(['a', 'b', 'c'])
    })

    it('publishes nothing when the work throws, and passes the error on unchanged', async () => {
      const error = new Error('no')
      const work = opened.store.transact(async (tx) => {
        tx.publish(sampleEvent('lost'))
        throw error
      })
      expect(await rejection(work)).toBe(error)
      expect(await published()).toEqual([])
    })

    it('refuses the 1001st event of one transaction and commits none of them', async () => {
      const work = opened.store.transact(async (tx) => {
        for (let index = 0; index < 1_001; index++) tx.publish(sampleEvent(`${index}`))
      })
      expect(await rejection(work)).toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
      expect(await published()).toEqual([])
    })

    it('publishes a thousand events of one transaction in order', async () => {
      const wanted = Array.from({ length: 1_000 }, (_, index) => `${index}`)
      await opened.store.transact(async (tx) => {
        for (const label of wanted) tx.publish(sampleEvent(label))
      })
      expect(await published()).toEqual(wanted)
    })

    it('refuses to publish after the end, and in a read-only transaction', async () => {
      const kept = await opened.store.transact(async (tx) => tx)
      expect(() => kept.publish(sampleEvent('late'))).toThrow()
      const work = opened.store.transact(async (tx) => tx.publish(sampleEvent('r')), { readOnly: true })
      expect(await rejection(work)).toBeInstanceOf(Error)
      expect(await published()).toEqual([])
    })

    it('does not start with an aborted signal', async () => {
      let ran = false
      const work = opened.store.transact(
        async () => {
          ran = true
        },
        { signal: AbortSignal.abort() },
      )
      expect(await rejection(work)).toBeInstanceOf(Error)
      expect(ran).toBe(false)
    })

    it('commits nothing when the signal is aborted while the work runs', async () => {
      const abort = new AbortController()
      const work = opened.store.transact(
        async (tx) => {
          tx.publish(sampleEvent('lost'))
          abort.abort()
        },
        { signal: abort.signal },
      )
      expect(await rejection(work)).toBeInstanceOf(Error)
      expect(await published()).toEqual([])
    })

    it('answers a ping, and refuses work once it is closed', async () => {
      await opened.store.ping()
      await opened.store.close()
      expect(await rejection(opened.store.transact(async () => 1))).toMatchObject({ code: 'UNAVAILABLE' })
      expect(await rejection(opened.store.ping())).toMatchObject({ code: 'UNAVAILABLE' })
    })

    describe('that applies a delivery', () => {
      it('writes the mark together with what it publishes', async () => {
        const { store } = opened
        const assignment = present(await store.inbox.claim('g', 'sample', 'host-1', 10_000, 0))
        const event = sampleEvent('in')
        const delivery = markOf(assignment, event, 1)
        await store.transact(async (tx) => tx.publish(sampleEvent('out')), { delivery })
        expect(await store.inbox.marked('g', [event.id])).toEqual(new Set([event.id]))
        expect(await published()).toEqual(['out'])
      })

      it('writes neither when the work throws, so that the next attempt applies it', async () => {
        const { store } = opened
        const assignment = present(await store.inbox.claim('g', 'sample', 'host-1', 10_000, 0))
        const delivery = markOf(assignment, sampleEvent('in'), 1)
        await rejection(
          store.transact(
            async (tx) => {
              tx.publish(sampleEvent('lost'))
              throw new Error('no')
            },
            { delivery },
          ),
        )
        expect((await store.inbox.marked('g', [delivery.eventId])).size).toBe(0)
        await store.transact(async (tx) => tx.publish(sampleEvent('out')), { delivery })
        expect(await published()).toEqual(['out'])
      })

      it('refuses the second application with AlreadyApplied', async () => {
        const { store } = opened
        const assignment = present(await store.inbox.claim('g', 'sample', 'host-1', 10_000, 0))
        const delivery = markOf(assignment, sampleEvent('in'), 1)
        await store.transact(async (tx) => tx.publish(sampleEvent('once')), { delivery })
        const again = store.transact(async (tx) => tx.publish(sampleEvent('twice')), { delivery })
        expect(await rejection(again)).toBeInstanceOf(AlreadyApplied)
        expect(await published()).toEqual(['once'])
      })

      it('applies once when two transactions race', async () => {
        const { store, second = store } = opened
        const assignment = present(await store.inbox.claim('g', 'sample', 'host-1', 10_000, 0))
        const delivery = markOf(assignment, sampleEvent('in'), 1)
        const racers = [store, second, store, second].map((one) =>
          rejection(one.transact(async (tx) => tx.publish(sampleEvent('once')), { delivery })),
        )
        const outcomes = await Promise.all(racers)
        expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(1)
        expect(outcomes.filter((outcome) => outcome instanceof AlreadyApplied)).toHaveLength(3)
        expect(await published()).toEqual(['once'])
      })

      it('applies the same event once in each group', async () => {
        const { store } = opened
        const event = sampleEvent('in')
        for (const group of ['g', 'h']) {
          const assignment = present(await store.inbox.claim(group, 'sample', 'host-1', 10_000, 0))
          await store.transact(async (tx) => tx.publish(sampleEvent(group)), { delivery: markOf(assignment, event, 1) })
        }
        expect(await published()).toEqual(['g', 'h'])
      })

      it('refuses an older epoch with Fenced and writes nothing', async () => {
        const { store, second = store, shiftClock } = opened
        const old = present(await store.inbox.claim('g', 'sample', 'host-1', 10_000, 0))
        await shiftClock(10_001)
        expect((await second.inbox.claim('g', 'sample', 'host-2', 10_000, 0))?.epoch).toBeGreaterThan(old.epoch)
        const delivery = markOf(old, sampleEvent('in'), 1)
        const zombie = store.transact(async (tx) => tx.publish(sampleEvent('zombie')), { delivery })
        expect(await rejection(zombie)).toBeInstanceOf(Fenced)
        expect((await store.inbox.marked('g', [delivery.eventId])).size).toBe(0)
        expect(await published()).toEqual([])
      })

      it('refuses a delivery without any assignment', async () => {
        const nobody = { group: 'g', source: 'sample', epoch: 1, cursor: 0 }
        const work = opened.store.transact(async () => 1, { delivery: markOf(nobody, sampleEvent('in'), 1) })
        expect(await rejection(work)).toBeInstanceOf(Fenced)
      })

      it('lets a take-over during the transaction either see its mark or fence it', async () => {
        const { store, second = store, shiftClock } = opened
        const old = present(await store.inbox.claim('g', 'sample', 'host-1', 10_000, 0))
        const delivery = markOf(old, sampleEvent('in'), 1)
        const [started, finish] = [gate(), gate()]
        const work = store.transact(
          async (tx) => {
            started.open()
            await finish.opened
            tx.publish(sampleEvent('out'))
          },
          { delivery },
        )
        const outcome = rejection(work)
        await started.opened
        await shiftClock(10_001)
        const takeOver = second.inbox.claim('g', 'sample', 'host-2', 10_000, 0)
        finish.open()
        const fenced = (await outcome) instanceof Fenced
        expect((await takeOver)?.epoch).toBeGreaterThan(old.epoch)
        expect((await second.inbox.marked('g', [delivery.eventId])).size).toBe(fenced ? 0 : 1)
        expect(await published()).toEqual(fenced ? [] : ['out'])
      })
    })

    scheduledSuite(() => opened)
    bridgesSuite(() => opened)
  })
}
