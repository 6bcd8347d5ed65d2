/**
 * The traps of event delivery that live in ports: each scenario is run naively, to show that it breaks something, and then as the
 * library does it. What an effect did is an event in the consumer's own outbox, so the suite needs no SQL. Traps of reading an outbox
 * need a real database's transactions and are tested with it. docs/guide/event-guarantees.md has the table.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AlreadyApplied, type Assignment, Fenced } from '../../store/inbox.ts'
import type { Store, StoreTransaction } from '../../store/store.ts'
import { deliverNaively, markFirst } from '../traps/naive-delivery.ts'
import { labels, markOf, present, readAll, rejection, sampleEvent } from './sample.ts'
import { createTrapRig, leaseMs, type OpenedTraps, source, type TrapRig, withoutWaking } from './trap-rig.ts'

export type { OpenedTraps } from './trap-rig.ts'

/** Declares the suite; every pair of store and log runs it. */
export function trapSuite(name: string, open: () => Promise<OpenedTraps>): void {
  describe(`${name}: traps`, () => {
    let opened: OpenedTraps
    let store: Store
    let other: Store
    let rig: TrapRig
    beforeEach(async () => {
      opened = await open()
      rig = createTrapRig(opened)
      store = opened.store
      other = opened.second ?? opened.store
    })
    afterEach(async () => opened.close())

    const claim = async (holder = 'host-1#1', group = 'g', by = store): Promise<Assignment> =>
      present(await by.inbox.claim(group, source, holder, leaseMs, 0))
    const effects = async (): Promise<string[]> => labels((await readAll(store.outbox)).events)
    const leave =
      (label: string) =>
      async (tx: StoreTransaction): Promise<void> =>
        tx.publish(sampleEvent(label))
    const died = new Error('the process was killed here')
    const dies = async (): Promise<never> => {
      throw died
    }

    it('trap 6: killed between effect and mark; two transactions do it twice, one does it once', async () => {
      const assignment = await claim()
      const [naive, ours] = [sampleEvent('naive'), sampleEvent('ours')]
      expect(await rejection(deliverNaively(store, markOf(assignment, naive, 1), leave('naive'), dies))).toBe(died)
      await deliverNaively(store, markOf(assignment, naive, 1), leave('naive'))
      expect(await effects()).toEqual(['naive', 'naive'])

      const delivery = markOf(assignment, ours, 2)
      const killed = store.transact(
        async (tx) => {
          await leave('ours')(tx)
          await dies()
        },
        { delivery },
      )
      expect(await rejection(killed)).toBe(died)
      await store.transact(leave('ours'), { delivery })
      expect(await rejection(store.transact(leave('ours'), { delivery }))).toBeInstanceOf(AlreadyApplied)
      expect(await effects()).toEqual(['naive', 'naive', 'ours'])
    })

    it('trap 7: paused until another took over; the naive zombie writes, ours can write nothing', async () => {
      const before = await claim('host-1#1')
      const [naive, ours] = [sampleEvent('naive'), sampleEvent('ours')]
      await opened.shiftClock(leaseMs + 1)
      const after = await claim('host-2#1', 'g', other)
      await other.transact(leave('naive'), { delivery: markOf(after, naive, 1) })
      await other.transact(leave('ours'), { delivery: markOf(after, ours, 2) })

      const zombie = deliverNaively(store, markOf(before, naive, 1), leave('naive'))
      expect(await rejection(zombie)).toBeInstanceOf(Fenced)
      const fenced = store.transact(leave('ours'), { delivery: markOf(before, ours, 2) })
      expect(await rejection(fenced)).toBeInstanceOf(Fenced)
      expect((await effects()).toSorted()).toEqual(['naive', 'naive', 'ours'])
      expect(await store.inbox.advance(before, 9)).toBe(false)
    })

    it('trap 7: two runs under one name; the earlier one is fenced as soon as the later one is there', async () => {
      const first = await claim('host-1#1')
      const second = await claim('host-1#2', 'g', other)
      const late = store.transact(leave('first'), { delivery: markOf(first, sampleEvent('e'), 1) })
      expect(await rejection(late)).toBeInstanceOf(Fenced)
      await other.transact(leave('second'), { delivery: markOf(second, sampleEvent('e'), 1) })
      expect(await effects()).toEqual(['second'])
    })

    it('trap 7: a relay that wakes; appending under a lease taken anew doubles its page, under its own it is refused', async () => {
      const { bus } = opened
      const lease = async (holder: string) => present(await bus.lease(source, holder, leaseMs))
      const at = (lastId: string) => ({ cluster: 'c', previous: '1', current: '9', lastId })
      const page = [sampleEvent('a'), sampleEvent('b')]
      const zombie = await lease('host-1#1')
      await opened.shiftClock(leaseMs + 1)
      const next = await lease('host-2#1')
      await bus.append(next, page, at('2'))
      expect(await rejection(bus.append(zombie, page, at('2')))).toBeInstanceOf(Fenced)
      expect(labels(await bus.read(source, 0, 10))).toEqual(['a', 'b'])
      // What the position in the lease is for: a relay that goes on with the page it had read before.
      await bus.release(next)
      const naive = await lease('host-1#1')
      expect(naive.cursor).toEqual(at('2'))
      await bus.append(naive, [sampleEvent('a'), sampleEvent('b')], at('2'))
      expect(labels(await bus.read(source, 0, 10))).toEqual(['a', 'b', 'a', 'b'])
    })

    it('trap 8: one message for two handlers; a key of the message alone starves the second, (group, message) serves both', async () => {
      const event = sampleEvent('both')
      const [mail, stock] = [await claim('host-1#1', 'mail'), await claim('host-1#1', 'stock')]
      await store.transact(leave('mail'), { delivery: markOf(mail, event, 1) })
      const naive = store.transact(leave('stock'), { delivery: markOf(mail, event, 1) })
      expect(await rejection(naive)).toBeInstanceOf(AlreadyApplied)
      expect(await effects()).toEqual(['mail'])
      await store.transact(leave('stock'), { delivery: markOf(stock, event, 1) })
      expect(await effects()).toEqual(['mail', 'stock'])
    })

    it('trap 8: a failed attempt; a placeholder written first loses the event, ours leaves nothing behind', async () => {
      const assignment = await claim()
      const [naive, ours] = [sampleEvent('naive'), sampleEvent('ours')]
      expect(await rejection(markFirst(store, markOf(assignment, naive, 1), dies))).toBe(died)
      const again = markFirst(store, markOf(assignment, naive, 1), leave('naive'))
      expect(await rejection(again)).toBeInstanceOf(AlreadyApplied)

      const delivery = markOf(assignment, ours, 2)
      expect(await rejection(store.transact(dies, { delivery }))).toBe(died)
      await store.transact(leave('ours'), { delivery })
      expect(await effects()).toEqual(['ours'])
    })

    it('trap 8: redelivered when its mark is gone; a window that forgets does it twice, ours parks what it cannot know', async () => {
      const keepMs = 60_000
      const old = sampleEvent('old')
      await rig.appendAll(old)
      await opened.shiftClock(10 * keepMs)
      const newer = { ...sampleEvent('newer'), id: opened.environment.random.uuidv7() }
      await rig.appendAll(newer, { ...old })
      const apply = async (group: string): Promise<Assignment> => {
        const assignment = await claim('host-1#1', group)
        for (const [index, event] of [old, newer].entries())
          await store.transact(leave(`${group} ${index + 1}`), { delivery: markOf(assignment, event, index + 1) })
        await store.inbox.advance(assignment, 2)
        expect(await store.inbox.trim(assignment, keepMs)).toBe(1)
        return assignment
      }
      const naive = await apply('naive')
      await apply('g')
      expect(await effects()).toEqual(['naive 1', 'naive 2', 'g 1', 'g 2'])
      // It asks only whether there is a mark.
      await store.transact(leave('naive 1, again'), { delivery: markOf(naive, old, 3) })
      const consumer = rig.startConsumer(
        async (_event, _attempt, delivery) => store.transact(leave('g, again'), { delivery }),
        {
          holder: 'host-1#2',
        },
      )
      await opened.until(async () => (await store.inbox.parked(10)).length === 1)
      await consumer.stop()
      expect((await effects()).slice(4)).toEqual(['naive 1, again'])
    })

    it('trap 10: one event that always fails; skipping inverts its key, stopping stops all, parking does neither', async () => {
      const poison = sampleEvent('a1', 'a')
      await rig.appendAll(poison, sampleEvent('a2', 'a'), sampleEvent('b1', 'b'))
      let healed = false
      const handle = async (label: string): Promise<void> => {
        if (label === 'a1' && !healed) throw new Error('poison')
      }
      expect(await rig.runNaively('skip', handle)).toEqual(['a2', 'b1'])
      expect(await rig.runNaively('stop', handle)).toEqual([])

      const consumer = rig.startConsumer(async (event, _attempt, delivery, signal) => {
        const [label = ''] = labels([event])
        await store.transact(
          async (tx) => {
            await handle(label)
            tx.publish(sampleEvent(label))
          },
          { delivery, signal },
        )
      })
      await opened.until(async () => (await store.inbox.parked(10)).length === 2)
      await opened.until(async () => (await effects()).length === 1)
      expect(await effects()).toEqual(['b1'])
      healed = true
      expect(await store.inbox.replay({ group: 'g', source, eventId: poison.id })).toBe(1)
      await opened.until(async () => (await effects()).length === 3)
      expect(await effects()).toEqual(['b1', 'a1', 'a2'])
      await opened.until(async () => (await store.inbox.parked(10)).length === 0)
      await consumer.stop()
    })

    it('trap 14: every wake-up is lost; a reader that waits for them sleeps for ever, ours looks by itself', async () => {
      const naive: string[] = []
      const deaf = withoutWaking(opened.bus)
      deaf.onAppend(async () => naive.push(...labels(await deaf.read(source, naive.length, 10))))
      const consumer = rig.startConsumer(
        async (event, _attempt, delivery) =>
          store.transact(async (tx) => tx.publish(sampleEvent(labels([event])[0] ?? '')), { delivery }),
        { bus: deaf },
      )
      await opened.until(async () => consumer.status().state === 'assigned')
      await rig.appendAll(sampleEvent('heard of nowhere'))
      await opened.until(async () => (await effects()).length === 1)
      expect([naive, await effects()]).toEqual([[], ['heard of nowhere']])
      await consumer.stop()
    })
  })
}
