/**
 * A passage in Postgres: a stretch of a log that one transaction applies. Its beginning reads the assignment FOR KEY SHARE under
 * its epoch, as every effect's does; its end, in the flight of COMMIT, moves the low-water mark and writes one row that has the
 * ids of all its events. A lease is kept meanwhile, for that needs no more than the end does.
 *
 * The ids of a row lie in a narrow range, since they are UUIDs of version 7 in a log that is nearly in the order of time; so the
 * few rows that may have an id are found by an index. Other ids get marks of their own.
 */
import { Fenced, type Passage, PassageMoved } from 'banyan/store'
import type { Statement, StatementResult } from '../client/exchange.ts'

const beginText = `
  SELECT low_water::float8 AS low_water, pg_current_xact_id()::text AS xid FROM banyan.consumer
  WHERE consumer_group = $1 AND source = $2 AND epoch = $3 AND holder IS NOT NULL
  FOR KEY SHARE`

// A division by zero ends the transaction when the mark was moved by another one since it began.
const endText = `
  WITH moved AS (
    UPDATE banyan.consumer SET low_water = $5
    WHERE consumer_group = $1 AND source = $2 AND epoch = $3 AND holder IS NOT NULL AND low_water = $4
    RETURNING 1
  ),
  passed AS (
    INSERT INTO banyan.passage (consumer_group, source, last_offset, from_id, to_id, event_ids)
    SELECT $1, $2, $5, $6::uuid, $7::uuid, $8::uuid[] WHERE $6::uuid IS NOT NULL
  ),
  marked AS (
    INSERT INTO banyan.mark (consumer_group, event_id, source, log_offset)
    SELECT $1, id, $2, place FROM unnest($9::uuid[], $10::bigint[]) AS e (id, place)
  )
  SELECT 1 / count(*) AS moved FROM moved`

/** What begins a passage's transaction, after BEGIN. */
export function beginPassage({ group, source, epoch }: Passage): Statement {
  return { text: beginText, values: [group, source, epoch] }
}

/** Reads the answer to {@link beginPassage}: throws {@link Fenced} or {@link PassageMoved}, or gives the transaction's id. */
export function readPassage(passage: Passage, result: StatementResult | undefined): string {
  const row = result?.rows[0] as { low_water: number; xid: string } | undefined
  const { group, source, epoch, after } = passage
  if (row === undefined) throw new Fenced(`group '${group}' on '${source}' (epoch ${epoch})`)
  if (row.low_water !== after) throw new PassageMoved(passage)
  return row.xid
}

/** What ends it, ahead of COMMIT. */
export function endPassage({ group, source, epoch, after, upTo, events }: Passage): Statement {
  const ids: string[] = []
  const others: [string, number][] = []
  let [from, to] = ['', '']
  for (const { id, offset } of events) {
    if (!hasTime(id)) {
      others.push([id, offset])
      continue
    }
    ids.push(id)
    if (from === '' || id < from) from = id
    if (id > to) to = id
  }
  const range = ids.length === 0 ? [null, null] : [from, to]
  const marks = [others.map(([id]) => id), others.map(([, offset]) => offset)]
  return { text: endText, values: [group, source, epoch, after, upTo, ...range, `{${ids.join(',')}}`, ...marks] }
}

/** A UUID of version 7, by its look: what is none and looks so is refused as any text that is no UUID. */
function hasTime(id: string): boolean {
  return id.length === 36 && id.charCodeAt(14) === 55
}
