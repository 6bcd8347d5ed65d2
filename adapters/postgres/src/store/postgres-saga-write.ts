/**
 * Group writes of runs: one flight, which is one transaction. The first statement locks the runs' rows in the order of their ids
 * (and those of parents that will be told); whatever it had to wait for is seen by the statements behind it, since each takes
 * its own snapshot. So a take-over, a mend or a message is wholly before a write or wholly after it.
 */
import {
  assertSagaWrites,
  isSagaEnd,
  otherEntry,
  type SagaChange,
  type SagaEntry,
  type SagaWrite,
  type SagaWriteOutcome,
} from 'banyan/store'
import type { Statement, StatementResult } from '../client/exchange.ts'
import { column, entryColumns, fromMs, toEntry } from './postgres-saga-rows.ts'
import { type FencedStart, fencedStarts } from './postgres-saga-start.ts'

const lockText = `
  SELECT count(*)::int FROM (
    SELECT FROM banyan.saga WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
  ) AS locked`

const lockFamilyText = `
  SELECT count(*)::int FROM (
    SELECT FROM banyan.saga
    WHERE id = ANY ($1::uuid[] || ARRAY(
      SELECT parent_id FROM banyan.saga WHERE id = ANY ($2::uuid[]) AND parent_id IS NOT NULL))
    ORDER BY id FOR NO KEY UPDATE
  ) AS locked`

// A refusal for mail is known from the row, which is locked: nothing else looks into the mailbox.
const held = `
  WITH held AS MATERIALIZED (
    SELECT g.place, s.id, s.mail, s.name
    FROM unnest($1::uuid[], $2::int[], $3::int[]) WITH ORDINALITY AS g (id, epoch, most, place)
    JOIN banyan.saga s ON s.id = g.id
    WHERE s.epoch = g.epoch AND s.holder = $4 AND (g.most IS NULL OR s.mail <= g.most)
  )`

const written = `
  written AS (
    INSERT INTO banyan.saga_entry (saga_id, at, n, seq, kind, name, body)
    SELECT held.id, ${fromMs('e.at')}, e.n, e.seq, e.kind, e.name, e.body
    FROM unnest($5::int[], $6::float8[], $7::int[], $8::int[], $9::text[], $10::text[], $11::text[])
      AS e (place, at, n, seq, kind, name, body)
    JOIN held ON held.place = e.place
    ON CONFLICT DO NOTHING RETURNING 1
  )`

const changed = `
  changed AS (
    UPDATE banyan.saga s SET
      state = coalesce(c.state, s.state), changed_at = now.at, note = c.note, outcome = c.outcome,
      holder = CASE WHEN c.keeps THEN s.holder END,
      due_at = ${fromMs('c.due')},
      ended_at = CASE WHEN c.ends THEN now.at END,
      next_id = CASE WHEN c.next IS NOT NULL
        THEN (SELECT n.id FROM banyan.saga n WHERE n.name = c.next AND n.key = c.next_key AND n.run = c.next_run) END
    FROM (SELECT banyan.now() AS at) AS now,
      unnest($12::int[], $13::text[], $14::boolean[], $15::boolean[], $16::float8[], $17::int[], $18::text[], $19::text[], $20::text[],
        $21::text[], $22::int[])
        AS c (place, state, keeps, ends, due, most, note, outcome, next, next_key, next_run)
      JOIN held ON held.place = c.place
    WHERE s.id = held.id AND (c.most IS NULL OR held.mail <= c.most)
    RETURNING held.place, s.ended_at, s.parent_id, s.locked
  )`

const entriesText = `${held}, ${written}
  SELECT (SELECT array_agg(place::int) FROM held) AS held, (SELECT count(*)::int FROM written) AS written`

const changesText = `${held}, ${written}, ${changed}
  SELECT (SELECT array_agg(place::int) FROM held) AS held, (SELECT count(*)::int FROM written) AS written,
    (SELECT array_agg(place::int) FROM changed) AS changed,
    (SELECT array_agg(parent_id) FROM changed WHERE ended_at IS NOT NULL AND parent_id IS NOT NULL) AS parents,
    (SELECT bool_or(locked) FROM changed WHERE ended_at IS NOT NULL) AS freed`

/** Fields of a run that writes: id, epoch and the mail it may not have more than. */
const writer = (first: number, extra: string, names: string): string => `
  FROM unnest($${first}::uuid[], $${first + 1}::int[], $${first + 2}::int[], ${extra}) AS g (id, epoch, most, ${names})
  JOIN banyan.saga s ON s.id = g.id AND s.epoch = g.epoch AND s.holder = $${first + 3} AND (g.most IS NULL OR s.mail <= g.most)`

// The grant of a lock loses its id too: the same lock may be granted again.
const consumeText = `
  UPDATE banyan.saga_message m SET body = NULL, id = CASE WHEN m.kind = 'lock' THEN m.id || '#' || m.n ELSE m.id END
  ${writer(1, '$5::int[]', 'n')}
  WHERE m.saga_id = s.id AND m.n = g.n AND m.body IS NOT NULL`

const correlateText = `
  INSERT INTO banyan.saga_correlation (name, key, saga_id) SELECT s.name, g.key, s.id
  ${writer(1, '$5::text[]', 'key')}
  ON CONFLICT DO NOTHING`

const correlatedText = `
  UPDATE banyan.saga t SET correlated = true
  ${writer(1, '$5::text[]', 'key')}
  WHERE t.id = s.id AND NOT t.correlated`

/** A write with its place in the group, from 1 on. */
interface Placed {
  readonly place: number
  readonly write: SagaWrite
}

/** Only this kind is refused whole when mail has come; a wait is written, and goes on. */
function mailOf({ change }: SagaWrite): number | undefined {
  return change !== undefined && change.to !== 'wait' && 'mail' in change ? change.mail : undefined
}

/** A flight of one holder's writes; its last answer is for {@link readWrites}. */
export function writeStatements(writes: readonly SagaWrite[]): readonly Statement[] {
  assertSagaWrites(writes)
  const all = writes.map((write, index): Placed => ({ place: index + 1, write }))
  const ending = writes.filter(({ change }) => change !== undefined && isSagaEnd(change.to))
  const ids = column(writes, ({ id }) => id)
  const lock: Statement =
    ending.length === 0
      ? { text: lockText, values: [ids] }
      : { text: lockFamilyText, values: [ids, column(ending, ({ id }) => id)] }
  return [lock, ...asides(writes), mainStatement(all)]
}

function mainStatement(all: readonly Placed[]): Statement {
  const entries = all.flatMap(({ place, write }) => write.entries.map((entry) => ({ place, entry })))
  const changes = all.flatMap(({ place, write: { change } }) => (change === undefined ? [] : [{ place, change }]))
  const values = [
    column(all, ({ write }) => write.id),
    column(all, ({ write }) => write.epoch),
    column(all, ({ write }) => mailOf(write)),
    all[0]?.write.holder,
    column(entries, ({ place }) => place),
    column(entries, ({ entry }) => entry.atMs),
    column(entries, ({ entry }) => entry.n),
    column(entries, ({ entry }) => entry.seq),
    column(entries, ({ entry }) => entry.kind),
    column(entries, ({ entry }) => entry.name),
    column(entries, ({ entry }) => entry.body),
  ]
  if (changes.length === 0) return { text: entriesText, values }
  return { text: changesText, values: [...values, ...changeColumns(changes)] }
}

function changeColumns(changes: readonly { readonly place: number; readonly change: SagaChange }[]): unknown[] {
  const next = ({ change }: { readonly change: SagaChange }) => ('next' in change ? change.next : undefined)
  return [
    column(changes, ({ place }) => place),
    column(changes, ({ change }) => (change.to === 'wait' ? undefined : change.to)),
    column(changes, ({ change }) => change.to === 'running' || change.to === 'undoing'),
    column(changes, ({ change }) => isSagaEnd(change.to)),
    column(changes, ({ change }) => (change.to === 'wait' ? change.dueMs : undefined)),
    column(changes, ({ change }) => (change.to === 'wait' ? change.mail : undefined)),
    column(changes, ({ change }) => ('note' in change ? change.note : '')),
    column(changes, ({ change }) => ('outcome' in change ? change.outcome : undefined)),
    column(changes, (one) => next(one)?.name),
    column(changes, (one) => next(one)?.key),
    column(changes, (one) => next(one)?.run),
  ]
}

/** What few writes have: starts, correlations, consumed messages. Each is fenced by itself, ahead of what lets the run go. */
function asides(writes: readonly SagaWrite[]): readonly Statement[] {
  const holder = writes[0]?.holder as string
  const statements: Statement[] = []
  const starts = writes.flatMap(toStarts)
  if (starts.length > 0) statements.push(...fencedStarts(starts, holder))
  const keys = writes.flatMap((write) => (write.correlations ?? []).map((value) => ({ write, value })))
  if (keys.length > 0) statements.push(...[correlateText, correlatedText].map((text) => aside(text, keys, holder)))
  const read = writes.flatMap((write) => (write.consumed ?? []).map((value) => ({ write, value })))
  if (read.length > 0) statements.push(aside(consumeText, read, holder))
  return statements
}

function aside(
  text: string,
  rows: readonly { readonly write: SagaWrite; readonly value: unknown }[],
  holder: string,
): Statement {
  const ids = column(rows, ({ write }) => write.id)
  const epochs = column(rows, ({ write }) => write.epoch)
  const most = column(rows, ({ write }) => mailOf(write))
  return { text, values: [ids, epochs, most, holder, column(rows, ({ value }) => value)] }
}

function toStarts(write: SagaWrite): readonly FencedStart[] {
  const { id: writer, epoch, starts = [], change } = write
  const next = change !== undefined && 'next' in change && change.next !== undefined ? [change.next] : []
  return [...starts, ...next].map((saga) => ({ saga, writer, epoch, mail: mailOf(write) }))
}

/** What came of a group. */
export interface Written {
  readonly outcomes: readonly SagaWriteOutcome[]
  /** Runs that are due now, as far as it is known. */
  readonly due: readonly string[]
  readonly ended: readonly string[]
  /** Somebody unknown became due as well. */
  readonly freed: boolean
}

interface Answer {
  readonly held: readonly number[] | null
  readonly written: number
  readonly changed?: readonly number[] | null
  readonly parents?: readonly string[] | null
  readonly freed?: boolean | null
}

/** Reads the last answer of the flight; `look` asks about what was refused or stood there already. */
export async function readWrites(
  writes: readonly SagaWrite[],
  result: StatementResult | undefined,
  look: (statement: Statement) => Promise<StatementResult>,
): Promise<Written> {
  const answer = result?.rows[0] as Answer
  const held = new Set(answer.held)
  const changed = new Set(answer.changed)
  const given = writes.reduce((sum, write, index) => sum + (held.has(index + 1) ? write.entries.length : 0), 0)
  if (answer.written < given)
    await assertSame(
      writes.filter((_, index) => held.has(index + 1)),
      look,
    )
  const refused = writes.filter((_, index) => !held.has(index + 1))
  const verdicts = refused.length === 0 ? new Map() : await judgeRefused(refused, look)
  const outcomes = writes.map((write, index): SagaWriteOutcome => {
    if (!held.has(index + 1)) return verdicts.get(write.id) ?? 'fenced'
    return write.change === undefined || changed.has(index + 1) ? 'written' : 'mail'
  })
  const done = writes.filter((_, index) => outcomes[index] === 'written' || held.has(index + 1))
  const started = done.flatMap((write) => toStarts(write).map(({ saga }) => saga.id))
  const ended = writes.filter(
    ({ change }, index) => changed.has(index + 1) && change !== undefined && isSagaEnd(change.to),
  )
  const due = [...started, ...(answer.parents ?? [])]
  return { outcomes, due, ended: ended.map(({ id }) => id), freed: answer.freed === true }
}

const standingText = `
  SELECT s.id, s.epoch, s.holder, s.state, s.outcome, s.mail,
    coalesce((SELECT max(e.n) FROM banyan.saga_entry e WHERE e.saga_id = s.id), 0) AS length
  FROM banyan.saga s WHERE s.id = ANY ($1::uuid[])`

interface Standing {
  readonly id: string
  readonly epoch: number
  readonly holder: string | null
  readonly state: string
  readonly outcome: string | null
  readonly mail: number
  readonly length: number
}

/** Why they were refused: another has the run, mail has come, or they were written before and the answer was lost. */
async function judgeRefused(
  writes: readonly SagaWrite[],
  look: (statement: Statement) => Promise<StatementResult>,
): Promise<Map<string, SagaWriteOutcome>> {
  const { rows } = await look({ text: standingText, values: [column(writes, ({ id }) => id)] })
  const standings = new Map((rows as Standing[]).map((row) => [row.id, row]))
  const verdicts = new Map<string, SagaWriteOutcome>()
  for (const write of writes) {
    const row = standings.get(write.id.toLowerCase())
    verdicts.set(write.id, row === undefined ? 'fenced' : judge(row, write))
  }
  const before = writes.filter(({ id }) => verdicts.get(id) === 'written')
  if (before.length > 0) await assertSame(before, look)
  return verdicts
}

function judge(row: Standing, { epoch, holder, entries, change }: SagaWrite): SagaWriteOutcome {
  if (row.epoch !== epoch || change === undefined) return 'fenced'
  const last = entries.at(-1)?.n
  if (row.holder !== null) {
    if (row.holder !== holder) return 'fenced'
    return last !== undefined && last <= row.length ? 'written' : 'mail'
  }
  // Held by nobody under our own epoch: what let it go was the last thing written under it.
  if (last !== undefined && last !== row.length) return 'fenced'
  const isOurs = isSagaEnd(change.to)
    ? row.state === change.to && row.outcome === (change as { readonly outcome: string }).outcome
    : change.to === 'wait'
      ? row.state === 'running' || row.state === 'undoing'
      : change.to === 'parked' && row.state === 'parked'
  return isOurs ? 'written' : 'fenced'
}

const sameText = `
  SELECT ${entryColumns} FROM unnest($1::uuid[], $2::int[], $3::int[]) AS g (id, first, last)
  JOIN banyan.saga_entry e ON e.saga_id = g.id AND e.n BETWEEN g.first AND g.last`

/** A repetition says the same; anything else must not be taken for written. */
async function assertSame(
  writes: readonly SagaWrite[],
  look: (statement: Statement) => Promise<StatementResult>,
): Promise<void> {
  const asked = writes.filter(({ entries }) => entries.length > 0)
  if (asked.length === 0) return
  const values = [
    column(asked, ({ id }) => id),
    column(asked, ({ entries }) => entries[0]?.n),
    column(asked, ({ entries }) => entries.at(-1)?.n),
  ]
  const kept = new Map<string, SagaEntry>()
  for (const row of (await look({ text: sameText, values })).rows) kept.set(`${row.saga_id} ${row.n}`, toEntry(row))
  for (const { id, entries } of asked)
    for (const { n, seq, kind, body } of entries) {
      const entry = kept.get(`${id.toLowerCase()} ${n}`)
      if (entry?.seq !== seq || entry.kind !== kind || entry.body !== body) throw otherEntry(id, n)
    }
}
