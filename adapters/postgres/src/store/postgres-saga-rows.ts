/** Runs, entries and messages as rows, and back. Times are timestamps in the tables and milliseconds outside. */
import type {
  NewSaga,
  SagaEntry,
  SagaMessage,
  SagaPriority,
  SagaRecord,
  SagaStarted,
  SagaState,
  SagaSummary,
} from 'banyan/store'
import { sagaPriorities } from 'banyan/store'

/** A time as milliseconds; to be read by {@link toMs}. */
const ms = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::float8`

const standing = (
  length: string,
): string => `s.id, s.name, s.version, s.key, s.run, s.priority, s.parent_id, s.parent_seq, s.traceparent, s.started_by, s.state,
  s.epoch, s.holder, s.mail, s.note, s.next_id,
  ${ms('s.due_at')} AS due_ms, ${ms('s.started_at')} AS started_ms, ${ms('s.deadline_at')} AS deadline_ms,
  ${ms('s.changed_at')} AS changed_ms, ${ms('s.ended_at')} AS ended_ms,
  ${length} AS length`

/** The columns of a summary and of a record; the table is `s`. */
export const summaryColumns: string = standing('banyan.saga_length(s.id)')
/** With the length of the journal from elsewhere. */
export const recordColumnsWith = (length: string): string => `${standing(length)}, s.input, s.outcome`
export const recordColumns: string = recordColumnsWith('banyan.saga_length(s.id)')

export const entryColumns: string = `e.saga_id, e.n, e.seq, e.kind, e.name, e.body, ${ms('e.at')} AS at_ms`
export const messageColumns: string = `m.saga_id, m.n, m.id, m.kind, m.name, m.key, m.body, ${ms('m.at')} AS at_ms`

/** The database's clock. */
export const nowMs: string = ms('banyan.now()')

/** What a parameter in milliseconds is as a timestamp. */
export const fromMs = (parameter: string): string => `to_timestamp(${parameter} / 1000)`

interface SummaryRow {
  readonly id: string
  readonly name: string
  readonly version: number
  readonly key: string
  readonly run: number
  readonly priority: number
  readonly parent_id: string | null
  readonly parent_seq: number | null
  readonly traceparent: string | null
  readonly started_by: string
  readonly state: SagaState
  readonly epoch: number
  readonly holder: string | null
  readonly mail: number
  readonly note: string
  readonly next_id: string | null
  readonly due_ms: number | null
  readonly started_ms: number
  readonly deadline_ms: number | null
  readonly changed_ms: number
  readonly ended_ms: number | null
  readonly length: number
}

interface RecordRow extends SummaryRow {
  readonly input: string
  readonly outcome: string | null
}

const priorities = Object.fromEntries(Object.entries(sagaPriorities).map(([name, number]) => [number, name]))

export function toSummary(row: SummaryRow): SagaSummary {
  const { parent_id: parent, parent_seq: seq } = row
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    key: row.key,
    run: row.run,
    priority: priorities[row.priority] as SagaPriority,
    parent: parent === null || seq === null ? undefined : { id: parent, seq },
    traceparent: row.traceparent ?? undefined,
    startedBy: row.started_by,
    state: row.state,
    epoch: row.epoch,
    holder: row.holder ?? undefined,
    length: row.length,
    mail: row.mail,
    dueMs: toMs(row.due_ms),
    note: row.note,
    startedMs: Math.round(row.started_ms),
    deadlineMs: toMs(row.deadline_ms),
    changedMs: Math.round(row.changed_ms),
    endedMs: toMs(row.ended_ms),
    next: row.next_id ?? undefined,
  }
}

export function toRecord(row: RecordRow): SagaRecord {
  return { ...toSummary(row), input: row.input, outcome: row.outcome ?? undefined }
}

/** Whole milliseconds. */
function toMs(value: number | null): number | undefined {
  return value === null ? undefined : Math.round(value)
}

interface EntryRow extends Omit<SagaEntry, 'atMs'> {
  readonly saga_id: string
  readonly at_ms: number
}

export function toEntry({ n, seq, kind, name, at_ms, body }: EntryRow): SagaEntry {
  return { n, seq, kind, name, atMs: Math.round(at_ms), body }
}

interface MessageRow extends Omit<SagaMessage, 'atMs'> {
  readonly saga_id: string
  readonly at_ms: number
}

export function toMessage({ n, id, kind, name, key, at_ms, body }: MessageRow): SagaMessage {
  return { n, id, kind, name, key, body, atMs: Math.round(at_ms) }
}

/** What was there before a start. */
export function toStarted(row: {
  readonly id: string
  readonly input: string
  readonly state: SagaState
}): SagaStarted {
  return { id: row.id, isNew: false, input: row.input, state: row.state }
}

/** The values of a column for rows that are written together. */
export function column<Row, Value>(rows: readonly Row[], of: (row: Row) => Value): readonly Value[] {
  return rows.map(of)
}

/** By what a start is found again. */
export function nameOfStart({ name, key, run }: Pick<NewSaga, 'name' | 'key' | 'run'>): string {
  return JSON.stringify([name, key, run])
}
