/**
 * The schemas of the events that a log still has. A closed segment is counted once, and then says for each type by which schemas it
 * was written; the open one, and those that were counted before that was noted, are looked through.
 */
import { sqlState } from '../client/sql-error.ts'
import type { RunAlone } from '../store/alone.ts'

/** Segments looked through for one answer, at most: beyond them the answer is that nobody knows. */
export const maxScannedSegments = 20

/**
 * The `dataschema` of an envelope, NULL without one. Not by `::json`: one text that is none would be an error of all. It stands
 * before `data` in every envelope that Banyan writes, so what lies within data is not taken for it; one behind it is not found,
 * and then the answer is that it is not known.
 */
export const dataSchemaOf = `substring(left(envelope, 4096) FROM '^\\s*\\{(?:\\s*"[a-z0-9]{1,20}"\\s*:\\s*"(?:[^"\\\\]|\\\\.)*"\\s*,)*?\\s*"dataschema"\\s*:\\s*"([^"\\\\]{1,255})"')`

const list = `
  SELECT g.id::float8 AS id, g.types IS NOT NULL AS counted, t.value IS NOT NULL AS has, t.value -> 'schemas' AS schemas
  FROM banyan.segment g
  LEFT JOIN LATERAL (
    SELECT value FROM jsonb_array_elements(g.types) WHERE value ->> 'type' = $2
  ) AS t ON true
  WHERE g.source = $1`

interface Segment {
  readonly id: number
  readonly counted: boolean
  readonly has: boolean
  /** Null when it was counted before they were noted. */
  readonly schemas: readonly (string | null)[] | null
}

/** See `LogKeeping.schemas`. */
export async function readSchemas(run: RunAlone, source: string, type: string): Promise<readonly string[] | undefined> {
  if ((await run('SELECT FROM banyan.source WHERE name = $1', [source])).rows.length === 0) return undefined
  const segments = (await run(list, [source, type])).rows as Segment[]
  const found = new Set<string | null>()
  const unsaid: number[] = []
  for (const { id, counted, has, schemas } of segments) {
    if (!counted || (has && schemas === null)) unsaid.push(id)
    for (const schema of schemas ?? []) found.add(schema)
  }
  if (unsaid.length > maxScannedSegments) return undefined
  for (const id of unsaid) for (const schema of await scan(run, id, type)) found.add(schema)
  return found.has(null) ? undefined : ([...found] as readonly string[])
}

/** Nothing of a segment that was dropped meanwhile. */
async function scan(run: RunAlone, segment: number, type: string): Promise<readonly (string | null)[]> {
  try {
    const text = `SELECT DISTINCT ${dataSchemaOf} AS schema FROM banyan.event_${segment} WHERE type = $1`
    return (await run(text, [type])).rows.map(({ schema }) => schema as string | null)
  } catch (error) {
    if (sqlState(error) === '42P01') return []
    throw error
  }
}
