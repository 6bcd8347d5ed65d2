/**
 * Appending to a stream: one statement that checks the version and inserts. It inserts nothing when the stream is not where
 * it is expected to be, and raises no error, so that a transaction can read again and decide again.
 *
 * The first event is the arbiter. Its place is free only when nobody has gone on from the expected version: a writer under
 * way is waited for at the unique index (stream, version), and ON CONFLICT DO NOTHING makes of it "no" instead of an error.
 * Who has got the first place has the following ones too, for nobody can come to them but over it.
 */
import { BanyanError } from 'banyan/core'
import {
  type Appended,
  type ExpectedVersion,
  type NewStreamEvent,
  readBack,
  type StreamRow,
  toBase,
  toCategory,
  toStreamRows,
  VersionConflict,
} from 'banyan/store'
import type { StatementResult } from '../client/exchange.ts'
import { sqlState } from '../client/sql-error.ts'

/** Runs one statement, in a transaction or alone. */
export type RunStatement = (text: string, values: readonly unknown[]) => Promise<StatementResult>

/** Times an append without a version of its own tries to be next, and one that finds the stream as expected after all. */
export const maxAppendAttempts = 64

const columns = '(stream, version, event_id, type, major, data, metadata)'
const timedColumns = '(stream, version, event_id, type, major, data, metadata, appended_at)'
const head = '(SELECT coalesce(max(version), 0) FROM banyan.stream_event WHERE stream = $1)'
const answer = 'RETURNING version, position, xid::text'

/** The base is a version that was read: its row has to be there, or the stream would have a hole. */
const atVersion = {
  base: '$2::bigint',
  check: '$2::bigint = 0 OR EXISTS (SELECT FROM banyan.stream_event WHERE stream = $1 AND version = $2::bigint)',
}
/** The base is whatever the stream has; $2 is the least it must have. */
const atHead = { base: head, check: `${head} >= $2::bigint` }

type Base = typeof atVersion

const one = ({ base, check }: Base): string => `
  INSERT INTO banyan.stream_event ${columns}
  SELECT $1, ${base} + 1, $3::uuid, $4, $5::int, $6::json, $7::json WHERE ${check}
  ON CONFLICT DO NOTHING ${answer}`

// Positions are drawn in the order of the rows: Postgres evaluates volatile defaults after the sort. The time is asked for
// once: who reads as of a time finds all of an append, or none.
const many = ({ base, check }: Base): string => `
  WITH given AS MATERIALIZED (
    SELECT * FROM unnest($3::uuid[], $4::text[], $5::int[], $6::text[], $7::text[])
      WITH ORDINALITY AS e (event_id, type, major, data, metadata, place)),
  at AS MATERIALIZED (SELECT banyan.now() AS now),
  first AS (
    INSERT INTO banyan.stream_event ${timedColumns}
    SELECT $1, ${base} + 1, event_id, type, major, data::json, metadata::json, now
    FROM given, at WHERE place = 1 AND (${check})
    ON CONFLICT DO NOTHING ${answer}),
  rest AS (
    INSERT INTO banyan.stream_event ${timedColumns}
    SELECT $1, first.version + place - 1, event_id, type, major, data::json, metadata::json, now
    FROM given, at, first WHERE place > 1 ORDER BY place ${answer})
  SELECT max(version) AS version, max(position) AS position, max(xid) AS xid
  FROM (SELECT * FROM first UNION ALL SELECT * FROM rest) AS written HAVING count(*) > 0`

// An error ends a transaction of the caller's, but a statement that stands alone only itself: then nobody need ask first who
// arbitrates, which is a quarter of the statement's cost. Rows come and are written in the order of the arrays (one scan of
// one function), so positions grow with versions. Who comes too late is told so ahead of the insert; only who meets another
// under way runs into the error.
const manyAlone = ({ base, check }: Base): string => `
  INSERT INTO banyan.stream_event ${timedColumns}
  SELECT $1, ${base} + place, event_id, type, major, data::json, metadata::json, (SELECT banyan.now())
  FROM unnest($3::uuid[], $4::text[], $5::int[], $6::text[], $7::text[])
    WITH ORDINALITY AS e (event_id, type, major, data, metadata, place)
  WHERE (${check}) AND NOT EXISTS (SELECT FROM banyan.stream_event WHERE stream = $1 AND version = ${base} + 1)
  RETURNING version, position`

const statements = {
  one: { version: one(atVersion), head: one(atHead) },
  many: { version: many(atVersion), head: many(atHead) },
  manyAlone: { version: manyAlone(atVersion), head: manyAlone(atHead) },
} as const

const lookBack = `
  SELECT at.head, e.version, e.position, e.event_id AS id, e.type
  FROM (SELECT ${head} AS head) AS at
  LEFT JOIN banyan.stream_event AS e ON e.stream = $1 AND e.event_id = ANY ($2::uuid[])
  ORDER BY e.version`

// Whoever has lost in a transaction stands in line from then on, until it ends: it competes only with those who come fresh, or
// on a hot stream some would lose every time. Taken after the conflict only, so appends without one pay nothing.
const standInLine = `SELECT pg_advisory_xact_lock(hashtextextended('banyan.stream ' || $1, 0))`

/** What came of an append, and of which transaction it was. */
export interface AppendedIn extends Appended {
  readonly xid: string | undefined
}

/** Appends, or says why not; see `TransactionStreams.append`. `run` runs in a transaction of the caller's, or each statement alone. */
export async function append(
  run: RunStatement,
  stream: string,
  events: readonly NewStreamEvent[],
  expected: ExpectedVersion,
  inTransaction = false,
): Promise<AppendedIn> {
  toCategory(stream)
  const rows = toStreamRows(events)
  const base = toBase(expected)
  const least = base ?? (expected === 'exists' ? 1 : 0)
  const [only] = rows.length === 1 ? rows : []
  const several = inTransaction ? 'many' : 'manyAlone'
  const text = statements[only === undefined ? several : 'one'][base === undefined ? 'head' : 'version']
  const values = [stream, least, ...(only === undefined ? toColumns(rows) : toValues(only))]
  for (let attempt = 1; ; attempt += 1) {
    const { rows: written } = await run(text, values).catch((error: unknown) => {
      if (!inTransaction && isUniqueViolation(error)) return nothing
      throw toReuse(stream, error)
    })
    const last = written.at(-1)
    if (last !== undefined)
      return { version: Number(last.version), position: Number(last.position), repeated: false, xid: last.xid }
    if (inTransaction) await run(standInLine, [stream])
    const { rows: found } = await run(lookBack, [stream, rows.map((row) => row.id)])
    const before = readBack(stream, rows, toFound(found))
    if (before !== undefined) return { ...before, xid: undefined }
    const actual = Number(found[0]?.head ?? 0)
    // The stream has come to the expected version since, or somebody was quicker where any version would do.
    const worthwhile = base === undefined ? actual >= least : actual === base
    if (!worthwhile || attempt === maxAppendAttempts) throw new VersionConflict(stream, expected, actual)
  }
}

function toValues({ id, type, major, data, metadata }: StreamRow): readonly unknown[] {
  return [id, type, major, data, metadata]
}

function toColumns(rows: readonly StreamRow[]): readonly unknown[] {
  const column = (name: keyof StreamRow): readonly unknown[] => rows.map((row) => row[name])
  return [column('id'), column('type'), column('major'), column('data'), column('metadata')]
}

function toFound(rows: StatementResult['rows']): { id: string; type: string; version: number; position: number }[] {
  return rows
    .filter((row) => row.version !== null)
    .map(({ id, type, version, position }) => ({ id, type, version: Number(version), position: Number(position) }))
}

/** What a statement wrote that has met a row of another's; that is looked at afterwards. */
const nothing: Pick<StatementResult, 'rows'> = { rows: [] }

const isUniqueViolation = (error: unknown): boolean => sqlState(error) === '23505'

/** Only an id that another append has used can be in the way of the events after the first. */
function toReuse(stream: string, error: unknown): unknown {
  if (!isUniqueViolation(error)) return error
  return new BanyanError('ALREADY_EXISTS', `stream '${stream}' has some of these event ids, from another append`, {
    reason: 'EVENT_ID_REUSED',
    hint: 'An id belongs to one event of one append: make new ones for other events.',
    cause: error,
  })
}
