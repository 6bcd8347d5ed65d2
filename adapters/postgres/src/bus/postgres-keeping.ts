/** What the log on Postgres keeps: rounds of retention over its segments, and the readers it knows. */
import {
  type AuditBaseline,
  type LogKeeping,
  type LogReader,
  type Pin,
  planRetention,
  type RetainOptions,
  rollAfterMs,
  type SegmentFacts,
} from 'banyan/bus'
import type { OutboxCursor } from 'banyan/store'
import type { RunAlone } from '../store/alone.ts'
import { dataSchemaOf, readSchemas } from './retained-schemas.ts'
import { entryRows } from './row-shapes.ts'
import type { SegmentedLog } from './segmented-log.ts'

/** Closed segments counted in one round, at most: the next round goes on. */
const maxCounted = 100

const facts = `
  SELECT s.name AS source, s.last_offset::float8 AS "end", s.cursor, s.baseline,
         coalesce((SELECT min(first_offset) FROM banyan.segment WHERE source = s.name), s.last_offset + 1)::float8 AS start
  FROM banyan.source s WHERE s.name = $1`

const report = `
  INSERT INTO banyan.reader AS r (source, reader_group, cursor, moved_at, seen_at)
  SELECT $1, $2, $3::bigint, now, now FROM (SELECT banyan.now() AS now) AS asked
  ON CONFLICT (source, reader_group) DO UPDATE SET
    cursor = greatest(r.cursor, excluded.cursor), seen_at = excluded.seen_at,
    moved_at = CASE WHEN excluded.cursor > r.cursor THEN excluded.seen_at ELSE r.moved_at END`

const readers = `
  SELECT source, reader_group AS "group", cursor::float8 AS cursor,
         greatest(0, extract(epoch FROM banyan.now() - seen_at) * 1000)::float8 AS "silentMs",
         greatest(0, extract(epoch FROM banyan.now() - moved_at) * 1000)::float8 AS "stoodMs",
         jsonb_build_object('events', pinned_events, 'bytes', pinned_bytes) AS pinned
  FROM banyan.reader ORDER BY source, reader_group`

// Written where it has changed: most rounds change nothing.
const notePins = `
  UPDATE banyan.reader r SET pinned_events = found.events, pinned_bytes = found.bytes
  FROM (
    SELECT source, reader_group, coalesce(p.events, 0)::bigint AS events, coalesce(p.bytes, 0)::bigint AS bytes
    FROM banyan.reader LEFT JOIN unnest($2::text[], $3::text[], $4::float8[], $5::float8[])
      AS p (source, reader_group, events, bytes) USING (source, reader_group)
    WHERE $1::text[] IS NULL OR source = ANY ($1::text[])
  ) AS found
  WHERE r.source = found.source AND r.reader_group = found.reader_group
    AND (r.pinned_events, r.pinned_bytes) IS DISTINCT FROM (found.events, found.bytes)`

const openSegments = `
  SELECT s.name AS source, s.segment, (extract(epoch FROM banyan.now() - g.opened_at) * 1000)::float8 AS "ageMs",
         s.last_offset >= g.first_offset AS filled
  FROM banyan.source s JOIN banyan.segment g ON g.id = s.segment ORDER BY s.name`

const uncounted = `
  SELECT id::float8 AS id FROM banyan.segment WHERE last_offset IS NOT NULL AND types IS NULL
  ORDER BY id LIMIT ${maxCounted}`

const countText = (segment: number): string => `
  UPDATE banyan.segment SET types = (
    SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]') FROM (
      SELECT type, count(*) AS events, sum(octet_length(envelope)) AS bytes,
             extract(epoch FROM max(appended_at)) * 1000 AS newest, jsonb_agg(DISTINCT ${dataSchemaOf}) AS schemas
      FROM banyan.event_${segment} GROUP BY type
    ) AS t)
  WHERE id = ${segment} AND last_offset IS NOT NULL`

// A segment that is not counted yet counts as one that must stay: it and what is behind it are left out.
const closed = `
  SELECT source, id::float8 AS id, first_offset::float8 AS first, last_offset::float8 AS last, types,
         (extract(epoch FROM banyan.now()) * 1000)::float8 AS now
  FROM banyan.segment g
  WHERE last_offset IS NOT NULL AND NOT EXISTS (
    SELECT FROM banyan.segment o WHERE o.source = g.source AND o.first_offset <= g.first_offset AND o.types IS NULL)
  ORDER BY source, first_offset`

interface ClosedRow {
  readonly source: string
  readonly id: number
  readonly first: number
  readonly last: number
  readonly types: readonly { type: string; events: number; bytes: number; newest: number; schemas?: unknown }[]
  readonly now: number
}

export function createPostgresKeeping(run: RunAlone, log: SegmentedLog): LogKeeping {
  const listReaders = async (): Promise<readonly LogReader[]> => (await run(readers)).rows as LogReader[]

  async function rollDue(options: RetainOptions): Promise<void> {
    for (const { source, segment, ageMs, filled } of (await run(openSegments)).rows)
      if (isOurs(source, options) && filled && ageMs >= rollAfterMs(source, options))
        await run('SELECT banyan.roll_segment($1, $2)', [source, segment])
  }
  async function count(): Promise<void> {
    for (const { id } of (await run(uncounted)).rows) await run(countText(id))
  }

  return {
    async source(source) {
      const [row] = (await run(facts, [source])).rows as FactsRow[]
      if (row === undefined) return undefined
      return { ...row, cursor: row.cursor ?? undefined, baseline: row.baseline ?? undefined }
    },
    async report({ source, group, cursor }) {
      await run(report, [source, group, cursor])
    },
    readers: listReaders,
    async forget(source, group) {
      const text = 'DELETE FROM banyan.reader WHERE source = $1 AND reader_group = $2'
      return ((await run(text, [source, group])).rowCount ?? 0) > 0
    },
    async retain(options) {
      await rollDue(options)
      await count()
      const [segments, known] = [toSegments((await run(closed)).rows), await listReaders()]
      const pinned: Pin[] = []
      let [dropped, events, held] = [0, 0, 0]
      for (const [source, own] of segments) {
        if (!isOurs(source, options)) continue
        const plan = planRetention(source, own, known, options)
        pinned.push(...plan.pinned)
        for (const segment of plan.drop) {
          const { rows } = await run('SELECT banyan.drop_segment($1) AS did', [segment.id])
          // What is behind it waits for it: a source never has a hole.
          if (rows[0].did === 'held') held += 1
          if (rows[0].did !== 'dropped') break
          dropped += 1
          events += segment.last - segment.first + 1
        }
      }
      await note(run, options, pinned)
      return { segments: dropped, events, pinned, held }
    },
    entries: (source, afterOffset, limit) => log.read(source, afterOffset, limit, entryRows),
    async having(source, ids) {
      const found = new Set<string>()
      const segments = await run('SELECT id::float8 AS id FROM banyan.segment WHERE source = $1 ORDER BY id DESC', [
        source,
      ])
      for (const { id } of segments.rows) {
        if (found.size === ids.length) break
        const { rows } = await run(`SELECT event_id AS id FROM banyan.event_${id} WHERE event_id = ANY ($1::uuid[])`, [
          ids,
        ])
        for (const row of rows) found.add(row.id)
      }
      return found
    },
    schemas: (source, type) => readSchemas(run, source, type),
    async setBaseline(source, baseline) {
      await run('UPDATE banyan.source SET baseline = $2::jsonb WHERE name = $1', [source, JSON.stringify(baseline)])
    },
  }
}

/** For whoever asks who reads what. */
async function note(run: RunAlone, { sources }: RetainOptions, pinned: readonly Pin[]): Promise<void> {
  const column = <Value>(of: (pin: Pin) => Value): readonly Value[] => pinned.map(of)
  await run(notePins, [
    sources ?? null,
    column(({ source }) => source),
    column(({ group }) => group),
    column(({ events }) => events),
    column(({ bytes }) => bytes),
  ])
}

function isOurs(source: string, { sources }: RetainOptions): boolean {
  return sources === undefined || sources.includes(source)
}

interface FactsRow {
  readonly source: string
  readonly start: number
  readonly end: number
  readonly cursor: OutboxCursor | null
  readonly baseline: AuditBaseline | null
}

function toSegments(rows: readonly ClosedRow[]): ReadonlyMap<string, readonly SegmentFacts[]> {
  const sources = new Map<string, SegmentFacts[]>()
  for (const { source, id, first, last, types, now } of rows) {
    const own = sources.get(source) ?? []
    sources.set(source, own)
    const counted = types.map(({ newest, schemas: _, ...facts }) => ({ ...facts, newestMs: now - newest }))
    own.push({ id, first, last, types: counted })
  }
  return sources
}
