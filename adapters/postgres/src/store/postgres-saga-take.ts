/**
 * Who advances which run: taking what is due, heartbeats, letting go. A take locks what it takes and skips what others have
 * locked; each range of the index is read from its oldest due row on, so what sleeps costs nothing.
 */
import { maxReaped, type SagaEntry, type SagaMessage, type Sagas, type TakenSaga, type TakeRequest } from 'banyan/store'
import type { Statement, StatementResult } from '../client/exchange.ts'
import type { Flight } from './postgres-saga-flights.ts'
import {
  entryColumns,
  messageColumns,
  nowMs,
  recordColumns,
  toEntry,
  toMessage,
  toRecord,
} from './postgres-saga-rows.ts'

const kinds = 'unnest($1::text[], $2::int[]) AS k (name, version)'
const ranges = `${kinds} CROSS JOIN (VALUES (0::smallint), (1::smallint), (2::smallint)) AS p (priority)`
const inRange = 's.name = k.name AND s.version = k.version AND s.priority = p.priority'

const took = `
  taken AS (
    UPDATE banyan.saga s SET epoch = s.epoch + 1, holder = $3, due_at = NULL, changed_at = banyan.now()
    FROM picked WHERE s.id = picked.id RETURNING s.*
  )
  SELECT ${recordColumns}, (SELECT count(*)::int FROM due) AS were_due FROM taken s`

// In turn from each name; one more than can be taken says that there are more.
const takeText = `
  WITH due AS MATERIALIZED (
    SELECT s.id, k.name, p.priority, s.due_at FROM ${ranges} CROSS JOIN LATERAL (
      SELECT s.id, s.due_at FROM banyan.saga s WHERE ${inRange} AND s.due_at <= (SELECT banyan.now())
      ORDER BY s.due_at LIMIT $4::int + 1 FOR NO KEY UPDATE SKIP LOCKED
    ) AS s
  ),
  picked AS MATERIALIZED (
    SELECT id FROM (SELECT *, row_number() OVER (PARTITION BY name ORDER BY priority, due_at) AS turn FROM due) AS d
    ORDER BY turn, priority, due_at LIMIT $4
  ), ${took}`

const takeTheseText = `
  WITH due AS MATERIALIZED (
    SELECT s.id FROM banyan.saga s
    WHERE s.id = ANY ($5::uuid[]) AND s.due_at <= (SELECT banyan.now())
      AND EXISTS (SELECT FROM ${kinds} WHERE k.name = s.name AND k.version = s.version)
    ORDER BY s.priority, s.due_at LIMIT $4::int + 1 FOR NO KEY UPDATE SKIP LOCKED
  ),
  picked AS MATERIALIZED (SELECT id FROM due LIMIT $4), ${took}`

const nextText = `
  SELECT ${nowMs} AS now, (
    SELECT (extract(epoch FROM min(s.due_at) - banyan.now()) * 1000)::float8 FROM ${ranges} CROSS JOIN LATERAL (
      SELECT s.due_at FROM banyan.saga s WHERE ${inRange} AND s.due_at IS NOT NULL ORDER BY s.due_at LIMIT 1
    ) AS s
  ) AS next_in`

const entriesText = `
  SELECT ${entryColumns} FROM unnest($1::uuid[], $2::int[]) AS g (id, after)
  JOIN banyan.saga_entry e ON e.saga_id = g.id AND e.n > g.after ORDER BY e.saga_id, e.n`

const messagesText = `
  SELECT ${messageColumns} FROM banyan.saga_message m
  WHERE m.saga_id = ANY ($1::uuid[]) AND m.body IS NOT NULL ORDER BY m.saga_id, m.n`

const aliveText = `
  INSERT INTO banyan.saga_host (holder, alive_until) VALUES ($1, banyan.now() + make_interval(secs => $2::float8 / 1000))
  ON CONFLICT (holder) DO UPDATE SET alive_until = excluded.alive_until`

// The holders of live runs, each found by one look into the index, and not those that say that they live. A row that is locked is
// being written, by a host that may have been dead a moment ago; the next beat looks again.
const reapText = `
  WITH RECURSIVE holders AS (
    (SELECT holder FROM banyan.saga WHERE ended_at IS NULL AND holder IS NOT NULL ORDER BY holder LIMIT 1)
    UNION ALL
    SELECT (SELECT s.holder FROM banyan.saga s WHERE s.ended_at IS NULL AND s.holder > h.holder ORDER BY s.holder LIMIT 1)
    FROM holders h WHERE h.holder IS NOT NULL
  ),
  dead AS MATERIALIZED (
    SELECT h.holder FROM holders h LEFT JOIN banyan.saga_host a ON a.holder = h.holder
    WHERE h.holder IS NOT NULL AND h.holder <> $1 AND (a.holder IS NULL OR a.alive_until <= (SELECT banyan.now())
      OR split_part(h.holder, '#', 1) = split_part($1, '#', 1))
  ),
  picked AS MATERIALIZED (
    SELECT s.id FROM banyan.saga s WHERE s.ended_at IS NULL AND s.holder IN (SELECT holder FROM dead)
    LIMIT ${maxReaped} FOR NO KEY UPDATE SKIP LOCKED
  )
  UPDATE banyan.saga s SET epoch = s.epoch + 1, holder = NULL, due_at = banyan.now() FROM picked WHERE s.id = picked.id
  RETURNING s.id`

const forgetText = `
  DELETE FROM banyan.saga_host h WHERE h.holder <> $1
    AND (h.alive_until <= banyan.now() OR split_part(h.holder, '#', 1) = split_part($1, '#', 1))`

const standText = `
  SELECT ${nowMs} AS now,
    (SELECT array_agg(g.id) FROM unnest($2::uuid[], $3::int[]) AS g (id, read)
     JOIN banyan.saga s ON s.id = g.id AND s.holder = $1 AND s.mail > g.read) AS mail,
    (SELECT array_agg(g.id) FROM unnest($2::uuid[], $3::int[]) AS g (id, read)
     LEFT JOIN banyan.saga s ON s.id = g.id AND s.holder = $1 WHERE s.id IS NULL) AS lost`

const releaseText = `
  WITH picked AS MATERIALIZED (
    SELECT id FROM banyan.saga WHERE ended_at IS NULL AND holder = $1 ORDER BY id FOR NO KEY UPDATE
  )
  UPDATE banyan.saga s SET epoch = s.epoch + 1, holder = NULL, due_at = banyan.now() FROM picked WHERE s.id = picked.id
  RETURNING s.id`

/** When something is due and could not be taken: somebody has it locked, and will be done soon. */
const lockedRetryMs = 50

export function createPostgresSagaLeases(
  flight: Flight,
  due: (ids: readonly string[]) => void,
): Pick<Sagas, 'take' | 'beat' | 'release'> {
  async function entriesOf(taken: readonly TakenSaga['saga'][], known: TakeRequest['known']): Promise<Taking> {
    const longer = taken.filter(({ id, length }) => length > (known?.get(id) ?? 0))
    const told = taken.filter(({ mail }) => mail > 0)
    const statements: Statement[] = []
    if (longer.length > 0) {
      const values = [longer.map(({ id }) => id), longer.map(({ id }) => known?.get(id) ?? 0)]
      statements.push({ text: entriesText, values })
    }
    if (told.length > 0) statements.push({ text: messagesText, values: [told.map(({ id }) => id)] })
    const answers = statements.length === 0 ? [] : [...(await flight(statements))]
    const entries = longer.length > 0 ? byRun(answers.shift(), toEntry) : new Map()
    return { entries, messages: told.length > 0 ? byRun(answers.shift(), toMessage) : new Map() }
  }

  return {
    async take({ holder, kinds: having, limit, ids, known }) {
      const names = [having.map(({ name }) => name), having.map(({ version }) => version)]
      const text = ids === undefined ? takeText : takeTheseText
      const values = [...names, holder, limit, ...(ids === undefined ? [] : [ids])]
      const [first, next] = await flight([
        { text, values },
        { text: nextText, values: names },
      ])
      const rows = first?.rows ?? []
      const records = rows.map(toRecord)
      const { entries, messages } = await entriesOf(records, known)
      const taken = records.map((saga): TakenSaga => {
        const unread = messages.get(saga.id) ?? []
        const mail = Math.max(saga.mail, unread.at(-1)?.n ?? 0)
        return { saga: { ...saga, mail }, entries: entries.get(saga.id) ?? [], messages: unread }
      })
      const { now, next_in } = (next as StatementResult).rows[0] as {
        readonly now: number
        readonly next_in: number | null
      }
      const least = taken.length > 0 || ids !== undefined ? 0 : lockedRetryMs
      const nextInMs = next_in === null ? undefined : Math.max(next_in > 0 ? 0 : least, Math.ceil(next_in))
      return { taken, more: (rows[0]?.were_due ?? 0) > taken.length, nextInMs, nowMs: Math.round(now) }
    },
    async beat(holder, leaseMs, held) {
      const [, reaped, , standing] = await flight([
        { text: aliveText, values: [holder, leaseMs] },
        { text: reapText, values: [holder] },
        { text: forgetText, values: [holder] },
        { text: standText, values: [holder, [...held.keys()], [...held.values()]] },
      ])
      const ids = (reaped?.rows ?? []).map((row) => row.id as string)
      if (ids.length > 0) due(ids)
      const { now, mail, lost } = (standing as StatementResult).rows[0] as Stand
      return { reaped: ids.length, mail: mail ?? [], lost: lost ?? [], nowMs: Math.round(now) }
    },
    async release(holder) {
      const [released] = await flight([
        { text: releaseText, values: [holder] },
        { text: 'DELETE FROM banyan.saga_host WHERE holder = $1', values: [holder] },
      ])
      const ids = (released?.rows ?? []).map((row) => row.id as string)
      if (ids.length > 0) due(ids)
      return ids.length
    },
  }
}

interface Taking {
  readonly entries: ReadonlyMap<string, readonly SagaEntry[]>
  readonly messages: ReadonlyMap<string, readonly SagaMessage[]>
}

interface Stand {
  readonly now: number
  readonly mail: readonly string[] | null
  readonly lost: readonly string[] | null
}

function byRun<Row, Value>(result: StatementResult | undefined, to: (row: Row) => Value): Map<string, Value[]> {
  const groups = new Map<string, Value[]>()
  for (const row of result?.rows ?? []) {
    const group = groups.get(row.saga_id) ?? []
    if (group.length === 0) groups.set(row.saga_id, group)
    group.push(to(row))
  }
  return groups
}
