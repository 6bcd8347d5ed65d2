/**
 * Group writes of runs: one call, which is one transaction (see migration/sagas-writing.ts). It locks the runs' rows in the order
 * of their ids before it looks at anything else, so a take-over, a mend or a message is wholly before a write or wholly after it.
 */
import {
  assertSagaWrites,
  isSagaEnd,
  keepsEntries,
  type NewSaga,
  otherEntry,
  type SagaEntry,
  type SagaWrite,
  type SagaWriteOutcome,
} from 'banyan/store'
import type { Statement, StatementResult } from '../client/exchange.ts'
import { column, entryColumns, toEntry } from './postgres-saga-rows.ts'
import { toStartRow } from './postgres-saga-start.ts'

const writeText = `
  SELECT ok, written, changed, parents, freed FROM banyan.saga_write($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
    $16, $17, $18, $19, $20, $21, $22, $23)`

/** What is refused whole when mail has come. */
function mailOf({ change }: SagaWrite): number | undefined {
  return change !== undefined && !keepsEntries(change) && 'mail' in change ? change.mail : undefined
}

/** The statement of one holder's writes; its answer is for {@link readWrites}. */
export function writeStatement(writes: readonly SagaWrite[]): Statement {
  assertSagaWrites(writes)
  const entries = writes.flatMap((write, place) => write.entries.map((entry) => ({ place: place + 1, entry })))
  const values = [
    writes[0]?.holder,
    column(writes, ({ id }) => id),
    column(writes, ({ epoch }) => epoch),
    column(writes, mailOf),
    column(entries, ({ place }) => place),
    column(entries, ({ entry }) => entry.atMs),
    column(entries, ({ entry }) => entry.n),
    column(entries, ({ entry }) => entry.seq),
    column(entries, ({ entry }) => entry.kind),
    column(entries, ({ entry }) => entry.name),
    column(entries, ({ entry }) => entry.body),
  ]
  return { text: writeText, values: [...values, ...changeColumns(writes), ...asideColumns(writes)] }
}

function changeColumns(writes: readonly SagaWrite[]): readonly unknown[] {
  const changes = writes.flatMap(({ change }, place) => (change === undefined ? [] : [{ place: place + 1, change }]))
  if (changes.length === 0) return Array(7).fill(null)
  return [
    column(changes, ({ place }) => place),
    column(changes, ({ change }) => (change.to === 'wait' ? undefined : change.to)),
    column(changes, ({ change }) => (change.to === 'wait' ? change.dueMs : undefined)),
    column(changes, ({ change }) => (keepsEntries(change) && 'mail' in change ? change.mail : undefined)),
    column(changes, ({ change }) => ('note' in change ? change.note : '')),
    column(changes, ({ change }) => ('outcome' in change ? change.outcome : undefined)),
    column(changes, ({ change }) => {
      const next = 'next' in change ? change.next : undefined
      return next === undefined ? undefined : JSON.stringify([next.name, next.key, next.run])
    }),
  ]
}

/** What few writes have: starts, correlations, consumed messages. */
function asideColumns(writes: readonly SagaWrite[]): readonly unknown[] {
  const starts = writes.flatMap((write, place) => startsOf(write).map((saga) => toStartRow(saga, place + 1)))
  return [
    starts.length === 0 ? null : JSON.stringify(starts),
    ...places(writes, ({ correlations = [] }) => correlations),
    ...places(writes, ({ consumed = [] }) => consumed),
  ]
}

function places(writes: readonly SagaWrite[], of: (write: SagaWrite) => readonly unknown[]): readonly unknown[] {
  const all = writes.flatMap((write, place) => of(write).map((value) => ({ place: place + 1, value })))
  return all.length === 0 ? [null, null] : [column(all, ({ place }) => place), column(all, ({ value }) => value)]
}

/** The runs that begin with a write. */
function startsOf({ starts = [], change }: SagaWrite): readonly NewSaga[] {
  return change !== undefined && 'next' in change && change.next !== undefined ? [...starts, change.next] : starts
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
  readonly ok: readonly boolean[]
  readonly written: number
  readonly changed: readonly number[] | null
  readonly parents: readonly string[] | null
  readonly freed: boolean | null
}

/** Reads the answer; `look` asks about what was refused or stood there already. */
export async function readWrites(
  writes: readonly SagaWrite[],
  result: StatementResult | undefined,
  look: (statement: Statement) => Promise<StatementResult>,
): Promise<Written> {
  const answer = (result as StatementResult).rows[0] as Answer
  const held = new Set(answer.ok.flatMap((ok, place) => (ok ? [place + 1] : [])))
  const changed = new Set(answer.changed)
  const refused = writes.filter((_, index) => !held.has(index + 1))
  const verdicts = refused.length === 0 ? new Map() : await judgeRefused(refused, look)
  const outcomes = writes.map((write, index): SagaWriteOutcome => {
    if (!held.has(index + 1)) return verdicts.get(write.id) ?? 'fenced'
    return write.change === undefined || changed.has(index + 1) ? 'written' : 'mail'
  })
  const done = writes.filter((_, index) => outcomes[index] === 'written' || held.has(index + 1))
  const started = done.flatMap((write) => startsOf(write).map(({ id }) => id))
  const ended = writes.filter(
    ({ change }, index) => changed.has(index + 1) && change !== undefined && isSagaEnd(change.to),
  )
  const due = [...started, ...(answer.parents ?? [])]
  return { outcomes, due, ended: ended.map(({ id }) => id), freed: answer.freed === true }
}

const standingText = `
  SELECT s.id, s.epoch, s.holder, s.state, s.outcome, s.mail,
    banyan.saga_length(s.id) AS length
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
