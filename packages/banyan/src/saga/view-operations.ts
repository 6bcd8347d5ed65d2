/** The operations of a run, each with what became of it: out of the journal, and out of a replay that does nothing. */
import type { SagaEntry, SagaRecord } from '../store/sagas.ts'
import {
  bodyOf,
  isSettling,
  noteOf,
  pursuitLabel,
  type SagaNote,
  type Settled,
  type SettlingKind,
  type Undoing,
  type Undone,
} from './journal.ts'
import type { Operation, UndoRecord } from './operation.ts'
import type { OperationView, Standing, UndoView } from './view.ts'
import type { Hiding } from './view-hiding.ts'

/** What a replay has found. */
export interface Frontier {
  /** Begun, without an outcome. */
  readonly outstanding: ReadonlyMap<number, Operation>
  readonly undos: readonly UndoRecord[]
}

/** What is shown. */
export interface ToOperations {
  readonly record: SagaRecord
  readonly entries: readonly SagaEntry[]
  readonly frontier: Frontier | undefined
  readonly hiding: Hiding
}

export const toIso = (ms: number): string => new Date(ms).toISOString()

/** In the order of their starts. */
export function toOperations({ record, entries, frontier, hiding }: ToOperations): readonly OperationView[] {
  const settled = new Map(entries.filter(isSettling).map((entry) => [entry.seq, entry]))
  const undone = new Map(entries.filter(({ kind }) => kind === 'undo').map((entry) => [entry.seq, entry]))
  const note = noteOf(record.note)
  const undoing = entries.find(({ kind }) => kind === 'undoing')
  const isUndoing = undoing !== undefined && record.endedMs === undefined
  const begun = undoing === undefined ? undefined : bodyOf<Undoing>(undoing).begun
  const undoOf = (seq: number): UndoView | undefined =>
    toUndo(undone.get(seq), note, seq, isUndoing && mayBeUndone(frontier, seq), hiding)
  const shown = [...settled.values()].map((entry) => withUndo(toSettledView(entry, hiding), undoOf(entry.seq)))
  for (const op of frontier?.outstanding.values() ?? []) {
    if (settled.has(op.seq)) continue
    const view = toOpenView(op, record, note, hiding)
    const isBegun = begun === undefined || begun.includes(op.seq)
    shown.push(withUndo(isBegun ? view : { ...view, ...neverBegun }, undoOf(op.seq)))
  }
  return shown.sort((one, other) => one.seq - other.seq)
}

const neverBegun = {
  stands: 'not done',
  means: 'it had not been begun when everything began to be taken back',
} as const

function withUndo(view: OperationView, undo: UndoView | undefined): OperationView {
  return undo === undefined ? view : { ...view, undo }
}

// Those with an outcome.

const meanings: Readonly<Record<SettlingKind, string>> = {
  step: 'it was done, and this is what it gave',
  tx: 'it was committed together with this entry',
  sleep: 'the time is over',
  wait: 'it came',
  receive: 'it came',
  child: 'the child has completed',
  lock: 'it had the lock',
  unlock: 'it has let the lock go',
  point: 'from here on nothing is undone',
  patch: 'the run came here with this change in its code',
}

function toSettledView({ seq, kind: given, name, atMs, body }: SagaEntry, hiding: Hiding): OperationView {
  const { ok, error, outcome, attempts, calls, tookMs, external } = JSON.parse(body) as Settled
  const kind = given as SettlingKind
  return {
    seq,
    kind,
    name,
    ...standingOf(kind, { ok, outcome, ...(error !== undefined && { error }) }),
    at: toIso(atMs),
    ...(attempts !== undefined && { attempts }),
    ...(tookMs !== undefined && { tookMs }),
    ...(ok !== undefined && { output: hiding.output(kind, name, ok) }),
    ...(error !== undefined && { error: hiding.error(error) }),
    ...(calls !== undefined && { calls: calls.map(hiding.call) }),
    ...(external !== undefined && { external: hiding.output('step', name, external) as typeof external }),
  }
}

function standingOf(
  kind: SettlingKind,
  { ok, error, outcome }: Pick<Settled, 'ok' | 'error'> & { readonly outcome: Settled['outcome'] | undefined },
): { readonly stands: Standing; readonly means: string } {
  const isWait = kind === 'wait' || kind === 'receive'
  if (error === undefined)
    return { stands: 'done', means: isWait && ok === undefined ? 'nothing came in time' : meanings[kind] }
  if (outcome === 'unknown')
    return { stands: 'unknown', means: 'it failed without an answer that can be relied on: it may have happened' }
  const means = outcome === 'refused' ? 'it was refused: nothing happened' : 'it failed before anything happened'
  return { stands: 'not done', means }
}

// Those without.

const pursuing = 'nobody knows whether it was carried out: it is asked about until then'

function toOpenView(op: Operation, record: SagaRecord, note: SagaNote, hiding: Hiding): OperationView {
  const { seq, kind, name, waits, dueMs } = op
  const retry = note.retries?.[String(seq)]
  const pursued = note.retries?.[pursuitLabel(seq)]
  const isPassive = op.act === undefined || kind === 'lock' || kind === 'child'
  return {
    seq,
    kind,
    name,
    ...openStanding(kind, record, retry !== undefined),
    ...(isPassive && { waitsFor: waits }),
    ...(isPassive && dueMs !== undefined && { until: toIso(dueMs) }),
    ...(retry !== undefined && {
      attempts: retry.attempts,
      retry: { attempts: retry.attempts, at: toIso(retry.dueMs), error: hiding.text((pursued ?? retry).error) },
    }),
    ...(pursued !== undefined && { means: pursuing, until: toIso(pursued.dueMs) }),
  }
}

/** Of an operation that the function has begun, and that has no entry. */
function openStanding(
  kind: SettlingKind,
  { state, holder, epoch, endedMs }: SagaRecord,
  hasFailed: boolean,
): { readonly stands: Standing; readonly means: string } {
  if (kind === 'tx') return { stands: 'not done', means: 'it is not committed: its rows and its entry come together' }
  if (kind === 'child') return { stands: 'unknown', means: 'the child has not told its end; look at it' }
  if (kind !== 'step') return { stands: 'not done', means: 'it has not come yet' }
  if (endedMs !== undefined) return { stands: 'unknown', means: 'the run ended while it was under way' }
  if (holder !== undefined) return { stands: 'unknown', means: `it is under way at ${holder}, or about to be` }
  if (hasFailed) return { stands: 'unknown', means: 'an attempt failed; it is made again under the same key' }
  if (epoch === 0) return { stands: 'not done', means: 'nobody has taken the run up yet' }
  const next = state === 'parked' ? 'nobody goes on with it' : 'it is made again under the same key'
  return { stands: 'unknown', means: `it may have been begun by a host that is gone or was refused; ${next}` }
}

// Taking back.

/** True when there is an undo for it, and something to undo. */
function mayBeUndone(frontier: Frontier | undefined, seq: number): boolean {
  const record = frontier?.undos.find((one) => one.seq === seq)
  if (record === undefined) return false
  if (record.settled === undefined) return record.begun
  return record.settled.error === undefined || record.settled.outcome === 'unknown'
}

function toUndo(
  entry: SagaEntry | undefined,
  { failed, retries }: SagaNote,
  seq: number,
  isToDo: boolean,
  hiding: Hiding,
): UndoView | undefined {
  if (entry !== undefined) {
    const { outcome, why, error, attempts } = bodyOf<Undone>(entry)
    return {
      stands: outcome,
      ...(why !== undefined && { why }),
      ...(attempts !== undefined && { attempts }),
      ...(error !== undefined && { error: hiding.error(error) }),
      at: toIso(entry.atMs),
    }
  }
  if (failed?.seq === seq) return { stands: 'failed', error: hiding.error(failed.error) }
  if (!isToDo) return undefined
  const tried = retries?.[`u${seq}`]
  if (tried === undefined) return { stands: 'to do' }
  return { stands: 'to do', attempts: tried.attempts, error: hiding.text(tried.error) }
}
