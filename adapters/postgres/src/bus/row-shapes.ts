/**
 * How events are asked of the log and read out of the answer.
 *
 * Small pages come as rows. A large one comes as a single row with a text for each column, its values between separators: a row of
 * its own costs the server, the driver and the garbage collector more than what is in it, which is most of the price of reading a
 * log from its beginning. The separator is a character that no JSON text has outside of an escape, and no key or type; should a
 * value have it all the same, the numbers do not agree, and the page is asked for as rows.
 */
import type { LogEntry, LoggedEvent } from 'banyan/bus'
import type { RowShape } from './segmented-log.ts'

/** Larger pages come in columns. Who reads few at a time may keep one event of a page for long, and with it the page's texts. */
export const rowsUpTo = 500

const separator = '\u001e'
const agg = (value: string): string => `string_agg(${value}, chr(30))`

const inRows =
  (columns: string): ((segment: number) => string) =>
  (segment) =>
    `
  SELECT s.segment::float8 AS segment, e.*
  FROM banyan.source s LEFT JOIN LATERAL (
    SELECT log_offset::float8 AS "offset", ${columns} FROM banyan.event_${segment}
    WHERE log_offset > $2 ORDER BY log_offset LIMIT $3
  ) e ON true
  WHERE s.name = $1`

const inColumns = (segment: number): string => `
  SELECT s.segment::float8 AS segment, e.*
  FROM banyan.source s LEFT JOIN LATERAL (
    SELECT ${agg('log_offset::text')} AS offsets, ${agg('event_id::text')} AS ids, ${agg('type')} AS types,
           ${agg('key')} AS keys, ${agg('envelope')} AS envelopes
    FROM (SELECT log_offset, event_id, type, key, envelope FROM banyan.event_${segment}
          WHERE log_offset > $2 ORDER BY log_offset LIMIT $3) AS page
  ) e ON true
  WHERE s.name = $1`

interface EventRow {
  readonly offset: number | null
  readonly id: string
  readonly type: string
  readonly key: string
  readonly envelope: string
}

/** Events, each in a row. */
export const eventRows: RowShape<LoggedEvent> = {
  text: inRows('event_id AS id, type, key, envelope'),
  rows(answer: readonly EventRow[], source) {
    const events: LoggedEvent[] = []
    for (const { offset, id, type, key, envelope } of answer)
      if (offset !== null) events.push({ source, offset, id, type, key, envelope })
    return events
  },
}

/** Events without their content. */
export const entryRows: RowShape<LogEntry> = {
  text: inRows('event_id AS id, type, key'),
  rows: (answer: readonly Omit<EventRow, 'envelope'>[]) =>
    answer.flatMap(({ offset, id, type, key }) => (offset === null ? [] : [{ offset, id, type, key }])),
}

interface ColumnsRow {
  readonly offsets: string | null
  readonly ids: string
  readonly types: string
  readonly keys: string
  readonly envelopes: string
}

/** Events, a page in one row. */
export const eventColumns: RowShape<LoggedEvent> = {
  text: inColumns,
  rows([row]: readonly ColumnsRow[], source) {
    if (row === undefined || row.offsets === null) return []
    const offsets = row.offsets.split(separator)
    const columns = [row.ids, row.types, row.keys, row.envelopes].map((text) => text.split(separator))
    if (columns.some(({ length }) => length !== offsets.length)) return undefined
    const [ids, types, keys, envelopes] = columns as [string[], string[], string[], string[]]
    const events: LoggedEvent[] = []
    let last = 0
    let type = ''
    for (let index = 0; index < offsets.length; index += 1) {
      const offset = Number(offsets[index])
      // An aggregate takes what comes in the order in which it comes; should that ever not be the log's, ask in the other way.
      if (offset <= last) return undefined
      last = offset
      const [id, key, envelope] = [ids[index], keys[index], envelopes[index]] as [string, string, string]
      // One text for all of a type: who looks something up by it computes its hash once.
      if (types[index] !== type) type = types[index] as string
      events.push({ source, offset, id, type, key, envelope })
    }
    return events
  },
  otherwise: eventRows,
}
