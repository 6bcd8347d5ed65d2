/**
 * Starting runs: one INSERT for many. Those that are there already by name, key and run are looked up by a second statement,
 * whose snapshot is newer than the wait for whoever was starting the same.
 */
import { assertNewSaga, type NewSaga, type SagaStarted, sagaPriorities } from 'banyan/store'
import type { Statement, StatementResult } from '../client/exchange.ts'
import { column, nameOfStart, toStarted } from './postgres-saga-rows.ts'

/** Run ids, their columns, and where those stand among the parameters. */
const given = `unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::int[], $6::smallint[], $7::text[], $8::float8[], $9::uuid[],
  $10::int[], $11::text[], $12::text[], $13::boolean[])
  AS g (id, name, version, key, run, priority, input, timeout_ms, parent_id, parent_seq, traceparent, started_by, correlated)`

const insert = (holder: string, from: string): string => `
  INSERT INTO banyan.saga (id, name, version, key, run, priority, input, deadline_at, parent_id, parent_seq, traceparent,
    started_by, correlated, state, epoch, holder, due_at, started_at, changed_at)
  SELECT g.id, g.name, g.version, g.key, g.run, g.priority, g.input, now.at + make_interval(secs => g.timeout_ms / 1000), g.parent_id,
    g.parent_seq, g.traceparent, g.started_by, g.correlated, 'running',
    ${holder === '' ? '0, NULL, now.at' : `1, ${holder}, NULL`}, now.at, now.at
  FROM (SELECT banyan.now() AS at) AS now, ${from}
  ON CONFLICT (name, key, run) DO NOTHING
  RETURNING id`

const startDue = insert('', given)
const startHeld = insert('$14', given)
const correlate = `
  INSERT INTO banyan.saga_correlation (name, key, saga_id)
  SELECT s.name, g.key, s.id FROM unnest($1::uuid[], $2::text[]) AS g (id, key) JOIN banyan.saga s ON s.id = g.id
  WHERE s.ended_at IS NULL
  ON CONFLICT DO NOTHING`

const existingText = 'SELECT id, name, key, run, input, state FROM banyan.saga_started($1, $2, $3)'

const inOrder = (sagas: readonly NewSaga[]): readonly NewSaga[] =>
  sagas.length < 2 ? sagas : sagas.toSorted((one, other) => (nameOfStart(one) < nameOfStart(other) ? -1 : 1))

function columns(sagas: readonly NewSaga[]): unknown[] {
  return [
    column(sagas, ({ id }) => id),
    column(sagas, ({ name }) => name),
    column(sagas, ({ version }) => version),
    column(sagas, ({ key }) => key),
    column(sagas, ({ run }) => run),
    column(sagas, ({ priority }) => sagaPriorities[priority]),
    column(sagas, ({ input }) => input),
    column(sagas, ({ timeoutMs }) => timeoutMs),
    column(sagas, ({ parent }) => parent?.id),
    column(sagas, ({ parent }) => parent?.seq),
    column(sagas, ({ traceparent }) => traceparent),
    column(sagas, ({ startedBy }) => startedBy),
    column(sagas, ({ correlations }) => correlations.length > 0),
  ]
}

function correlations(sagas: readonly NewSaga[]): readonly Statement[] {
  const pairs = sagas.flatMap(({ id, correlations }) => correlations.map((key) => ({ id, key })))
  if (pairs.length === 0) return []
  return [{ text: correlate, values: [column(pairs, ({ id }) => id), column(pairs, ({ key }) => key)] }]
}

/** The statements of starts; the first answers with the ids of new ones. In one order, so that two who start the same only wait. */
export function startStatements(sagas: readonly NewSaga[], holder?: string): readonly Statement[] {
  for (const saga of sagas) assertNewSaga(saga)
  const ordered = inOrder(sagas)
  const first =
    holder === undefined
      ? { text: startDue, values: columns(ordered) }
      : { text: startHeld, values: [...columns(ordered), holder] }
  return [first, ...correlations(ordered)]
}

/** A start that is a part of a write, in the form that banyan.saga_start_all takes. */
export function toStartRow(saga: NewSaga, place: number): object {
  const { priority, timeoutMs, parent, startedBy, ...given } = saga
  const more = { timeout_ms: timeoutMs, parent_id: parent?.id, parent_seq: parent?.seq, started_by: startedBy }
  return { place, ...given, priority: sagaPriorities[priority], ...more }
}

/** The statement that finds what was there before. */
export function existingStatement(sagas: readonly NewSaga[]): Statement {
  const values = [column(sagas, ({ name }) => name), column(sagas, ({ key }) => key), column(sagas, ({ run }) => run)]
  return { text: existingText, values }
}

/** What came of each start. `look` asks for those that are not new. */
export async function readStarts(
  sagas: readonly NewSaga[],
  inserted: StatementResult,
  look: (statement: Statement) => Promise<StatementResult>,
): Promise<readonly SagaStarted[]> {
  const fresh = new Set(inserted.rows.map((row) => row.id as string))
  const others = sagas.filter(({ id }) => !fresh.has(id.toLowerCase()))
  const before = new Map<string, SagaStarted>()
  if (fresh.size < sagas.length)
    for (const row of (await look(existingStatement(others.length > 0 ? others : sagas))).rows)
      before.set(nameOfStart(row), toStarted(row))
  return sagas.map((saga) => {
    const isNew = fresh.delete(saga.id.toLowerCase())
    if (isNew) return { id: saga.id, isNew, input: saga.input, state: 'running' }
    return before.get(nameOfStart(saga)) as SagaStarted
  })
}
