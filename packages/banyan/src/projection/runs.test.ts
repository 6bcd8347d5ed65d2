import { describe, expect, it } from 'vitest'
import { defineContract, event, t } from '../contract/index.ts'
import { defineProjection, type ProjectedEvent, type Projection } from './define-projection.ts'
import { memoryTables } from './memory/memory-target.ts'
import { createApply, toRuns } from './runs.ts'

/** `A1 B2`: type and key; the place in the text is the order. */
function eventsOf(text: string): ProjectedEvent[] {
  return text.split(' ').map((word, index) => ({
    id: `${index}`,
    type: word[0] as string,
    key: word.slice(1),
    data: word,
    source: 's',
    timeMs: 0,
  }))
}
const show = (text: string, order: 'key' | 'total' = 'key'): string[] =>
  toRuns(eventsOf(text), order).map(({ type, events }) => `${type}: ${events.map(({ key }) => key).join(' ')}`)

describe('runs', () => {
  it('are one where there is one type', () => {
    expect(show('A1 A2 A1')).toEqual(['A: 1 2 1'])
    expect(show('A1 A2', 'total')).toEqual(['A: 1 2'])
    expect(toRuns([], 'key')).toEqual([])
  })

  it('bring together what is of one type, when no key minds', () => {
    expect(show('A1 B2 A3 B4 A5')).toEqual(['A: 1 3 5', 'B: 2 4'])
  })

  it('let no event pass another of its key', () => {
    expect(show('A1 B1 A2 A1 B2')).toEqual(['A: 1 2', 'B: 1 2', 'A: 1'])
    expect(show('B1 A1 A2 B2')).toEqual(['B: 1', 'A: 2', 'A: 1', 'B: 2'])
  })

  it('keep what stands together in the log, with the order of the source', () => {
    expect(show('A1 B2 A3 A4', 'total')).toEqual(['A: 1', 'B: 2', 'A: 3 4'])
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('have each event once, and each key in its order (seed %i)', (seed) => {
    let state = seed
    const next = (below: number): number => {
      state = (state * 48_271) % 2_147_483_647
      return state % below
    }
    const events = eventsOf(Array.from({ length: 200 }, () => `${'ABC'[next(3)]}${next(20)}`).join(' '))
    const handed = toRuns(events, 'key').flatMap((run) => {
      expect(new Set(run.events.map(({ type }) => type))).toEqual(new Set([run.type]))
      return run.events
    })
    expect(handed.toSorted((one, other) => Number(one.id) - Number(other.id))).toEqual(events)
    const orderOf = (all: readonly ProjectedEvent[], key: string): string[] =>
      all.filter((one) => one.key === key).map(({ id }) => id)
    for (let key = 0; key < 20; key++) expect(orderOf(handed, `${key}`)).toEqual(orderOf(events, `${key}`))
  })
})

describe('handlers', () => {
  const Data = t.Object({ key: t.String() })
  const Source = defineContract('source', {
    version: '1.0.0',
    owner: 'tests',
    operations: {},
    events: { one: event({ key: 'key', data: Data }), many: event({ key: 'key', data: Data }) },
  })
  const calls: string[] = []
  const mixed: Projection = defineProjection('mixed', {
    version: 1,
    target: memoryTables(),
    on: (on) => [
      on(Source.events.one, ({ id }) => void calls.push(`one ${id}`)),
      on.batch(Source.events.many, (events) => void calls.push(`many ${events.map(({ id }) => id).join()}`)),
    ],
  })
  const toEvent = (name: 'one' | 'many', id: string, key: string): ProjectedEvent => {
    return { id, key, type: Source.events[name].wire, source: 'source', timeMs: 0, data: { key } }
  }

  it('get events one by one or many at once, as they asked', async () => {
    calls.length = 0
    const events = [
      toEvent('one', '1', 'a'),
      toEvent('many', '2', 'b'),
      toEvent('one', '3', 'c'),
      toEvent('many', '4', 'a'),
    ]
    await createApply(mixed)(events, {})
    expect(calls).toEqual(['one 1', 'one 3', 'many 2', 'many 4'])
    expect(mixed.handlers.map(({ batch }) => batch)).toEqual([false, true])
  })

  it('are never called with nothing', async () => {
    calls.length = 0
    await createApply(mixed)([], {})
    expect(calls).toEqual([])
  })
})
