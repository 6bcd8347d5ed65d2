/** The contract of notes and requests: the last word of who works, and each request taken by one at a time and never lost. */
import { beforeEach, describe, expect, it } from 'vitest'
import { type BridgeNote, type Bridges, keptRequests, maxOpenRequests, noteTtlMs } from '../../store/bridges.ts'
import type { OpenedStore } from './open.ts'
import { rejection } from './sample.ts'

const noteOf = (holder: string, state = 'working', events = 1): BridgeNote => {
  const report = { counters: { events }, lastError: 'a \u0000 in it' }
  return { bridge: 'crm', kind: 'postgres', direction: 'in', state, holder, report }
}
const requestOf = (action: string, bridge = 'crm') => ({ bridge, action, detail: { why: 'because' }, by: 'ada' })

/** Declares the suite; part of the store suite. `current` gives what the running test has opened. */
export function bridgesSuite(current: () => OpenedStore): void {
  describe('bridges', () => {
    let bridges: Bridges
    let other: Bridges
    beforeEach(() => {
      bridges = current().store.bridges
      other = (current().second ?? current().store).bridges
    })
    const events = async (): Promise<unknown[]> => (await bridges.known()).map(({ report }) => report['counters'])

    it('keep the last note of who works one, and not that of another beside it', async () => {
      expect(await bridges.note(noteOf('a#1'))).toBe(true)
      expect(await bridges.note(noteOf('a#1', 'working', 2))).toBe(true)
      expect(await other.note(noteOf('b#1', 'failing', 3))).toBe(false)
      expect(await bridges.known()).toMatchObject([{ ...noteOf('a#1', 'working', 2), notedAt: expect.any(String) }])
      expect(await bridges.note(noteOf('a#2', 'working', 4))).toBe(true)
      expect(await events()).toEqual([{ events: 4 }])
    })

    it('let another speak when the one before has stopped or was silent for long', async () => {
      await bridges.note(noteOf('a#1'))
      await current().shiftClock(noteTtlMs - 2_000)
      expect(await other.note(noteOf('b#1'))).toBe(false)
      await current().shiftClock(noteTtlMs)
      expect((await bridges.known())[0]?.agoMs).toBeGreaterThanOrEqual(noteTtlMs - 2_000)
      expect(await other.note(noteOf('b#1', 'stopped'))).toBe(true)
      expect(await bridges.note(noteOf('a#1', 'working', 9))).toBe(true)
      expect(await events()).toEqual([{ events: 9 }])
    })

    it('give a request to one at a time, the oldest first, and again when it was not answered', async () => {
      const first = await bridges.ask(requestOf('resnapshot'))
      const second = await other.ask(requestOf('skip'))
      await bridges.ask(requestOf('skip', 'elsewhere'))
      const taken = await Promise.all([1, 2, 3].map(() => other.take('crm', 10_000)))
      const ids = taken.flatMap((request) => (request === undefined ? [] : [request.id]))
      expect(ids.toSorted()).toEqual([first, second].toSorted())
      expect(taken.find((request) => request?.id === first)).toMatchObject({
        ...requestOf('resnapshot'),
        askedAt: expect.any(String),
      })
      expect(await bridges.take('crm', 10_000)).toBeUndefined()
      await current().shiftClock(10_001)
      expect((await bridges.take('crm', 10_000))?.id).toBe(first)
    })

    it('keep what came of a request, once', async () => {
      const id = await bridges.ask(requestOf('skip'))
      await bridges.take('crm', 10_000)
      expect(await bridges.answer(id, { ok: false, message: 'nothing to skip' })).toBe(true)
      expect(await other.answer(id, { ok: true, message: 'done' })).toBe(false)
      await current().shiftClock(10_001)
      expect(await other.take('crm', 10_000)).toBeUndefined()
      expect(await bridges.requests('crm', 10)).toMatchObject([
        { id, outcome: { ok: false, message: 'nothing to skip' } },
      ])
    })

    it('bound what waits and what is kept', async () => {
      for (let index = 0; index < maxOpenRequests; index++) await bridges.ask(requestOf('skip'))
      expect(await rejection(bridges.ask(requestOf('skip')))).toMatchObject({ reason: 'BRIDGE_BUSY' })
      expect(await bridges.ask(requestOf('skip', 'elsewhere'))).toEqual(expect.any(String))
      const done = { ok: true, message: 'done' }
      for (const { id } of await bridges.requests('crm', maxOpenRequests)) await bridges.answer(id, done)
      const last = await bridges.ask(requestOf('skip'))
      await bridges.answer(last, done)
      const kept = await bridges.requests('crm', 1_000)
      expect([kept.length, kept[0]?.id]).toEqual([keptRequests, last])
    })
  })
}
