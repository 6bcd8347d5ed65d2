/** What people see of runs, and what they do to them. */
import type { NewSaga, SagaCounts, SagaEntry, SagaState, Sagas } from 'banyan/store'
import {
  assertEntryText,
  assertSagaEntries,
  isRunId,
  isSagaEnd,
  mayMend,
  type SagaFilter,
  sagaEnded,
  sagaExists,
  sagaNotFound,
} from 'banyan/store'
import { sqlState } from '../client/sql-error.ts'
import type { RunAlone } from './alone.ts'
import type { Transact } from './postgres-saga-flights.ts'
import {
  column,
  entryColumns,
  fromMs,
  messageColumns,
  recordColumns,
  summaryColumns,
  toEntry,
  toMessage,
  toRecord,
  toSummary,
} from './postgres-saga-rows.ts'
import { startStatements } from './postgres-saga-start.ts'

const findText = `SELECT ${recordColumns} FROM banyan.saga s WHERE s.id = $1`

const findByKeyText = `
  SELECT ${recordColumns} FROM banyan.saga s WHERE s.name = $1 AND s.key = $2 ORDER BY s.run DESC LIMIT 1`

const entriesText = `
  SELECT ${entryColumns} FROM banyan.saga_entry e WHERE e.saga_id = $1 AND e.n > $2 ORDER BY e.n LIMIT $3`

const messagesText = `SELECT ${messageColumns} FROM banyan.saga_unread(ARRAY[$1::uuid], $2) AS m`

const countsText = `
  SELECT s.name, s.version, s.state,
    count(*) FILTER (WHERE s.holder IS NOT NULL)::int AS held,
    count(*) FILTER (WHERE s.holder IS NULL AND (s.due_at IS NULL OR s.due_at > now.at))::int AS waiting,
    count(*) FILTER (WHERE s.due_at <= now.at)::int AS due,
    coalesce(extract(epoch FROM now.at - min(s.due_at)) * 1000, 0)::float8 AS overdue
  FROM (SELECT banyan.now() AS at) AS now, banyan.saga s WHERE s.ended_at IS NULL
  GROUP BY s.name, s.version, s.state, now.at ORDER BY s.name COLLATE "C", s.version, s.state COLLATE "C"`

const locksText = `
  SELECT (SELECT count(*)::int FROM banyan.saga_lock) AS locks,
    (SELECT count(DISTINCT saga_id)::int FROM banyan.saga_lock_wait) AS waits`

/**
 * Runs that should have gone on, by two indexes: of what is due, one range for each name, version and priority; and of what is held.
 * Those that sleep are not looked at. What is held counts from its last entry, or from when it changed hands.
 */
const stuck = (since: string): string => `(
    WITH RECURSIVE kinds AS (
      (SELECT d.name, d.version, d.priority FROM banyan.saga d WHERE d.due_at IS NOT NULL
        ORDER BY d.name, d.version, d.priority LIMIT 1)
      UNION ALL
      SELECT n.name, n.version, n.priority FROM kinds k CROSS JOIN LATERAL (
        SELECT d.name, d.version, d.priority FROM banyan.saga d
        WHERE d.due_at IS NOT NULL AND (d.name, d.version, d.priority) > (k.name, k.version, k.priority)
        ORDER BY d.name, d.version, d.priority LIMIT 1
      ) AS n
    )
    SELECT d.id FROM kinds k CROSS JOIN LATERAL (
      SELECT d.id FROM banyan.saga d
      WHERE d.name = k.name AND d.version = k.version AND d.priority = k.priority AND d.due_at <= ${since}
      OFFSET 0
    ) AS d
    UNION ALL
    SELECT h.id FROM banyan.saga h WHERE h.ended_at IS NULL AND h.holder IS NOT NULL AND h.changed_at <= ${since}
      AND coalesce((SELECT e.at <= ${since} FROM banyan.saga_entry e WHERE e.saga_id = h.id ORDER BY e.n DESC LIMIT 1), true)
  ) AS st CROSS JOIN LATERAL (SELECT * FROM banyan.saga s WHERE s.id = st.id OFFSET 0) AS s`

/** The statement of a page of runs. */
export function listStatement({ name, key, states, stuckMs, before, limit }: SagaFilter): {
  readonly text: string
  readonly values: readonly unknown[]
} {
  const values: unknown[] = []
  const conditions: string[] = []
  let runs = 'banyan.saga s'
  if (stuckMs !== undefined) {
    values.push(stuckMs)
    runs = stuck('(SELECT banyan.now() - make_interval(secs => $1::float8 / 1000))')
  }
  const add = (condition: (parameter: string) => string, value: unknown): void => {
    values.push(value)
    conditions.push(condition(`$${values.length}`))
  }
  if (name !== undefined) add((it) => `s.name = ${it}`, name)
  if (key !== undefined) add((it) => `s.key = ${it}`, key)
  if (states !== undefined) {
    add((it) => `s.state = ANY (${it}::text[])`, states)
    // Few are parked, and few of many have not ended: each has an index of its own.
    if (states.length === 1 && states[0] === 'parked') conditions.push("s.state = 'parked'")
    if (!states.some(isSagaEnd)) conditions.push('s.ended_at IS NULL')
  }
  if (before !== undefined) add((it) => `s.id < ${it}::uuid`, before)
  values.push(limit + 1)
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  return {
    text: `SELECT ${summaryColumns} FROM ${runs} ${where} ORDER BY s.id DESC LIMIT $${values.length}`,
    values,
  }
}

type Views = Pick<Sagas, 'find' | 'findByKey' | 'entries' | 'messages' | 'list' | 'counts'>

export function createPostgresSagaViews(run: RunAlone): Views {
  return {
    async find(id) {
      if (!isRunId(id)) return undefined
      const [row] = (await run(findText, [id])).rows
      return row === undefined ? undefined : toRecord(row)
    },
    async findByKey(name, key) {
      const [row] = (await run(findByKeyText, [name, key])).rows
      return row === undefined ? undefined : toRecord(row)
    },
    async entries(id, after, limit) {
      return isRunId(id) ? (await run(entriesText, [id, after, limit])).rows.map(toEntry) : []
    },
    async messages(id, after) {
      return isRunId(id) ? (await run(messagesText, [id, after])).rows.map(toMessage) : []
    },
    async list(filter) {
      if (filter.before !== undefined && !isRunId(filter.before)) return { sagas: [], next: undefined }
      const { text, values } = listStatement(filter)
      const { rows } = await run(text, values)
      const sagas = rows.slice(0, filter.limit).map(toSummary)
      return { sagas, next: rows.length > sagas.length ? sagas.at(-1)?.id : undefined }
    },
    async counts() {
      const { rows } = await run(countsText)
      const [locks] = (await run(locksText)).rows
      const overdueMs = Math.max(0, ...rows.map((row) => row.overdue as number))
      const counts = rows.map(({ overdue, ...row }) => row as SagaCounts)
      return { counts, overdueMs, locks: locks.locks, lockWaits: locks.waits }
    },
  }
}

const standText = `
  SELECT s.state, banyan.saga_length(s.id) AS length
  FROM banyan.saga s WHERE s.id = $1`

const appendText = `
  INSERT INTO banyan.saga_entry (saga_id, at, n, seq, kind, name, body)
  SELECT $1::uuid, ${fromMs('e.at')}, e.n, e.seq, e.kind, e.name, e.body
  FROM unnest($2::float8[], $3::int[], $4::int[], $5::text[], $6::text[], $7::text[]) AS e (at, n, seq, kind, name, body)`

const mendText = `
  UPDATE banyan.saga s SET state = $2, epoch = s.epoch + 1, holder = NULL, changed_at = now.at, note = $3, outcome = $4,
    due_at = CASE WHEN $2 IN ('running', 'undoing') THEN now.at END, ended_at = CASE WHEN $5 THEN now.at END
  FROM (SELECT banyan.now() AS at) AS now WHERE s.id = $1`

const trimText = `
  WITH old AS MATERIALIZED (
    SELECT id FROM banyan.saga WHERE ended_at < banyan.now() - make_interval(secs => $1::float8 / 1000)
    ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED
  ),
  entries AS (DELETE FROM banyan.saga_entry e USING old WHERE e.saga_id = old.id),
  messages AS (DELETE FROM banyan.saga_message m USING old WHERE m.saga_id = old.id),
  correlations AS (DELETE FROM banyan.saga_correlation c USING old WHERE c.saga_id = old.id)
  DELETE FROM banyan.saga s USING old WHERE s.id = old.id`

/** What people do. */
export function createPostgresSagaMending(run: RunAlone, transact: Transact): Pick<Sagas, 'mend' | 'insert' | 'trim'> {
  const read = async (id: string) => toRecord((await run(findText, [id])).rows[0])
  return {
    async mend(id, length, entries, to, said) {
      for (const [place, entry] of entries.entries()) assertEntryText(entry, place)
      if (!isRunId(id)) throw sagaNotFound(id)
      const isDone = await transact(async (own) => {
        await own('SELECT FROM banyan.saga WHERE id = $1 FOR NO KEY UPDATE', [id])
        const [standing] = (await own(standText, [id])).rows as { state: SagaState; length: number }[]
        if (standing === undefined) throw sagaNotFound(id)
        if (!mayMend(standing.state, to)) throw sagaEnded(id, standing.state)
        if (standing.length !== length) return false
        const numbered = entries.map((entry, place) => ({ ...entry, n: length + place + 1 }))
        if (numbered.length > 0) await own(appendText, appendValues(id, numbered))
        const ends = isSagaEnd(to)
        await own(mendText, [id, to, ends ? '' : (said ?? ''), ends ? (said ?? '{}') : null, ends])
        return true
      })
      return isDone ? read(id) : undefined
    },
    async insert(saga: NewSaga, entries, state) {
      assertSagaEntries(entries)
      await transact(async (own) => {
        const [start, ...others] = startStatements([saga])
        const inserted = await own(start?.text as string, start?.values ?? []).catch((error: unknown) => {
          throw sqlState(error) === '23505' ? sagaExists(saga) : error
        })
        if (inserted.rowCount === 0) throw sagaExists(saga)
        for (const { text, values = [] } of others) await own(text, values)
        if (entries.length > 0) await own(appendText, appendValues(saga.id, entries))
        if (state === 'parked')
          await own("UPDATE banyan.saga SET state = 'parked', due_at = NULL WHERE id = $1", [saga.id])
      })
      return read(saga.id)
    },
    async trim(keepMs, limit) {
      return (await run(trimText, [keepMs, limit])).rowCount ?? 0
    },
  }
}

function appendValues(id: string, entries: readonly SagaEntry[]): unknown[] {
  return [
    id,
    column(entries, ({ atMs }) => atMs),
    column(entries, ({ n }) => n),
    column(entries, ({ seq }) => seq),
    column(entries, ({ kind }) => kind),
    column(entries, ({ name }) => name),
    column(entries, ({ body }) => body),
  ]
}
