import type { LoggedEvent } from 'banyan/bus'
import { describe, expect, it } from 'vitest'
import { eventColumns, eventRows } from './row-shapes.ts'

const events = (...envelopes: string[]): LoggedEvent[] =>
  envelopes.map((envelope, index) => {
    return { source: 's', offset: index + 8, id: `id-${index}`, type: `t${index % 2}`, key: '', envelope }
  })
/** As the server puts a page together. */
function toAnswer(page: readonly LoggedEvent[]): readonly object[] {
  const column = (name: keyof LoggedEvent): string => page.map((event) => event[name]).join('\u001e')
  const [offsets, ids, types, keys, envelopes] = (['offset', 'id', 'type', 'key', 'envelope'] as const).map(column)
  return [{ segment: 3, offsets, ids, types, keys, envelopes }]
}

describe('a page in columns', () => {
  it('is what it would be in rows, whatever is in the texts', () => {
    const page = events('{"a":1}', '', '"žluťoučký 🌳"', '{\n"b": "\\u001e"}', "it's")
    const rows = page.map(({ source: _, ...row }) => ({ segment: 3, ...row }))
    expect(eventColumns.rows(toAnswer(page), 's')).toEqual(page)
    expect(eventRows.rows(rows, 's')).toEqual(page)
    expect(eventColumns.rows(toAnswer(events('')), 's')).toEqual(events(''))
  })

  it('may be empty, of a segment that is there and of one that is not', () => {
    const empty = { segment: 3, offsets: null, ids: null, types: null, keys: null, envelopes: null }
    expect(eventColumns.rows([empty], 's')).toEqual([])
    expect(eventColumns.rows([], 's')).toEqual([])
    expect(eventRows.rows([{ segment: 3, offset: null }], 's')).toEqual([])
  })

  it('is asked for as rows when a value has the separator', () => {
    expect(eventColumns.rows(toAnswer(events('{}', 'broken\u001e', '{}')), 's')).toBeUndefined()
    expect(eventColumns.otherwise).toBe(eventRows)
  })

  it('is asked for as rows when it is not in the order of the log', () => {
    expect(eventColumns.rows(toAnswer(events('{}', '{}', '{}').toReversed()), 's')).toBeUndefined()
  })
})
