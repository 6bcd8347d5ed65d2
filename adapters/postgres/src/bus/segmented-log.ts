/**
 * The events of the log, in the tables of their segments: an append goes to the open one, a read to the one that has the
 * offset. Which segments there are is remembered here and may be out of date at any time; whatever is done says so by itself:
 * an append names the segment it means, a read brings along which one is open in its own snapshot, and a dropped table is an
 * error. Then the list is fetched anew.
 */
import type { RelayLease } from 'banyan/bus'
import { BanyanError } from 'banyan/core'
import { Fenced, type NewEvent, type OutboxCursor } from 'banyan/store'
import { sqlState } from '../client/sql-error.ts'
import type { RunAlone } from '../store/alone.ts'

/** When a segment is closed and the next one opened. */
export interface SegmentLimits {
  readonly events: number
  readonly bytes: number
}

/** Events, by source and offset. */
export interface SegmentedLog {
  append(lease: RelayLease, events: readonly NewEvent[], cursor: OutboxCursor): Promise<void>
  /** Rows of a shape. */
  read<Row>(source: string, afterOffset: number, limit: number, shape: RowShape<Row>): Promise<readonly Row[]>
}

/** How rows of a segment are asked for, and read out of the answer. */
export interface RowShape<Row> {
  /**
   * The statement for a segment: $1 the source, $2 the offset after which it begins, $3 the limit. Each row has `segment`, which is
   * the one that is open in the same snapshot; one row at least comes for every source that is known.
   */
  text(segment: number): string
  /** The rows in the answer; undefined when they have to be asked for in another way. */
  // biome-ignore lint/suspicious/noExplicitAny: rows are what the statement says they are
  rows(answer: readonly any[], source: string): readonly Row[] | undefined
  /** The other way. */
  readonly otherwise?: RowShape<Row>
}

interface Segment {
  readonly id: number
  readonly first: number
  /** Null while it is open. */
  readonly last: number | null
}

interface OpenSegment {
  readonly id: number
  readonly first: number
  /** Appended by this process. */
  bytes: number
  full: boolean
}

/** How often an append or a read follows segments that changed under it: each time somebody else closed or dropped one. */
const maxTries = 10

const move = `
  UPDATE banyan.source SET cursor = $3::jsonb WHERE name = $1 AND epoch = $2 AND holder IS NOT NULL`

const appendText = (segment: number): string => `
  WITH moved AS (
    UPDATE banyan.source SET last_offset = last_offset + cardinality($4::uuid[]), cursor = $3::jsonb
    WHERE name = $1 AND epoch = $2 AND holder IS NOT NULL AND segment = ${segment}
    RETURNING last_offset, last_offset - cardinality($4::uuid[]) AS base, banyan.now() AS now
  ),
  appended AS (
    INSERT INTO banyan.event_${segment} (source, log_offset, event_id, type, key, envelope, appended_at)
    SELECT $1, base + place, event_id, type, key, envelope, now
    FROM moved, unnest($4::uuid[], $5::text[], $6::text[], $7::text[]) WITH ORDINALITY AS e (event_id, type, key, envelope, place)
  )
  SELECT last_offset::float8 AS last FROM moved`

const findOpen = `
  SELECT s.segment::float8 AS id, g.first_offset::float8 AS first
  FROM banyan.source s LEFT JOIN banyan.segment g ON g.id = s.segment WHERE s.name = $1`

const list = `
  SELECT id::float8 AS id, first_offset::float8 AS first, last_offset::float8 AS last
  FROM banyan.segment WHERE source = $1 ORDER BY first_offset`

export function createSegmentedLog(run: RunAlone, limits: SegmentLimits): SegmentedLog {
  const appender = createAppender(run, limits)
  return { append: appender, read: createReader(run) }
}

function createAppender(run: RunAlone, limits: SegmentLimits): SegmentedLog['append'] {
  const open = new Map<string, OpenSegment>()

  /** The segment to append to; opened when the last one is full or there was none. Undefined without such a source. */
  async function segmentOf(source: string): Promise<OpenSegment | undefined> {
    const known = open.get(source)
    if (known !== undefined && !known.full) return known
    if (known !== undefined) await roll(source, known.id)
    let [row] = (await run(findOpen, [source])).rows as { id: number | null; first: number }[]
    if (row?.id === null) {
      await roll(source, null)
      ;[row] = (await run(findOpen, [source])).rows
    }
    if (row === undefined || row.id === null) return undefined
    const segment = { id: row.id, first: row.first, bytes: 0, full: false }
    open.set(source, segment)
    return segment
  }
  async function roll(source: string, segment: number | null): Promise<void> {
    await run('SELECT banyan.roll_segment($1, $2)', [source, segment])
  }
  /** The last offset; undefined when the segment is not the open one any more, or the lease is not held. */
  async function tryAppend(segment: number, values: readonly unknown[]): Promise<number | undefined> {
    try {
      return (await run(appendText(segment), values)).rows[0]?.last
    } catch (error) {
      if (isTableGone(error)) return undefined
      throw error
    }
  }

  return async ({ source, epoch }, events, cursor) => {
    const position = [source, epoch, JSON.stringify(cursor)]
    if (events.length === 0) {
      if ((await run(move, position)).rowCount === 0) throw fenced(source, epoch)
      return
    }
    const column = (name: keyof NewEvent): readonly string[] => events.map((event) => event[name])
    const values = [...position, column('id'), column('type'), column('key'), column('envelope')]
    for (let attempt = 0; attempt < maxTries; attempt += 1) {
      const segment = await segmentOf(source)
      const last = segment === undefined ? undefined : await tryAppend(segment.id, values)
      if (segment !== undefined && last !== undefined) {
        for (const { envelope } of events) segment.bytes += envelope.length
        segment.full = last - segment.first + 1 >= limits.events || segment.bytes >= limits.bytes
        return
      }
      open.delete(source)
      await assertHeld(run, source, epoch)
    }
    throw restless(source)
  }
}

async function assertHeld(run: RunAlone, source: string, epoch: number): Promise<void> {
  const text = 'SELECT FROM banyan.source WHERE name = $1 AND epoch = $2 AND holder IS NOT NULL'
  if ((await run(text, [source, epoch])).rows.length === 0) throw fenced(source, epoch)
}

function createReader(run: RunAlone): SegmentedLog['read'] {
  const lists = new Map<string, readonly Segment[]>()

  async function segmentsOf(source: string): Promise<readonly Segment[]> {
    const known = lists.get(source)
    if (known !== undefined) return known
    const { rows } = await run(list, [source])
    if (rows.length > 0) lists.set(source, rows as Segment[])
    return rows as Segment[]
  }
  /** Undefined when the table is gone. */
  async function readSegment<Row>(
    segment: number,
    values: readonly [source: string, after: number, limit: number],
    shape: RowShape<Row>,
  ): Promise<{ readonly rows: readonly Row[]; readonly open: number | null | undefined } | undefined> {
    try {
      const answer = (await run(shape.text(segment), values)).rows
      const rows = shape.rows(answer, values[0])
      if (rows === undefined && shape.otherwise !== undefined) return readSegment(segment, values, shape.otherwise)
      return { rows: rows ?? [], open: answer[0]?.segment }
    } catch (error) {
      if (isTableGone(error)) return undefined
      throw error
    }
  }

  return async <Row>(source: string, afterOffset: number, limit: number, shape: RowShape<Row>) => {
    let found: readonly Row[] = []
    let after = afterOffset
    for (let changes = 0; changes < maxTries; ) {
      const segment = (await segmentsOf(source)).find(({ last }) => last === null || last > after)
      if (segment === undefined) return found
      const read = await readSegment(segment.id, [source, after, limit - found.length], shape)
      if (read !== undefined) found = found.length === 0 ? read.rows : [...found, ...read.rows]
      after = (found.at(-1) as { readonly offset: number } | undefined)?.offset ?? after
      if (read !== undefined && found.length >= limit) return found
      if (read !== undefined && segment.last !== null && read.open !== undefined) {
        after = Math.max(after, segment.last)
        continue
      }
      // Nothing more in the segment that was open when these rows were read: this is the end.
      if (read !== undefined && read.open === segment.id) return found
      lists.delete(source)
      changes += 1
    }
    throw restless(source)
  }
}

function isTableGone(error: unknown): boolean {
  return sqlState(error) === '42P01'
}

function fenced(source: string, epoch: number): Fenced {
  return new Fenced(`the relay of '${source}' (epoch ${epoch})`)
}

function restless(source: string): BanyanError {
  return new BanyanError('UNAVAILABLE', `the segments of '${source}' changed ${maxTries} times under one statement`, {
    reason: 'LOG_RESTLESS',
    retryable: true,
  })
}
