/**
 * Taking back what a run has done: in the reverse order of the starts, one after the other, each with attempts of its own and exactly
 * one recorded outcome. What certainly did not happen is not undone; of what is unknown the probe is asked first. One that fails
 * stops here, for a person: what comes after it may depend on it.
 *
 * Source: Garcia-Molina & Salem, "Sagas" (SIGMOD 1987); the order of starts (rather than ends) for parallel branches as in
 * Cloudflare Workflows.
 */
import { type Attempted, attemptAll, toCalls } from './attempts.ts'
import { cut, toKeptError } from './bounds.ts'
import { undoChild } from './children.ts'
import type { Attempt } from './host.ts'
import type { Undone } from './journal.ts'
import type { LiveRun } from './live-run.ts'
import type { UndoRecord, UndoWork } from './operation.ts'
import type { Probed } from './options.ts'
import { keyOf } from './steps.ts'
import { inTransaction } from './transactions.ts'

/** `parked`: one has failed. `drain`: this host comes to its end. With a time: go on then. */
export type UndoEnd = 'done' | 'parked' | 'drain' | { readonly dueMs: number; readonly what: string }

/**
 * Undoes what these records say, and is not undone yet. `sinceMs` is when it was decided, the same at every replay: keys say it, since
 * participants refuse what is old, and a saga may be undone months after its start.
 */
export async function undoAll(run: LiveRun, records: readonly UndoRecord[], sinceMs: number): Promise<UndoEnd> {
  for (const record of records.toSorted((one, other) => other.seq - one.seq)) {
    if (run.undone.has(record.seq) || run.history.undone.has(record.seq)) continue
    if (run.shared.isDraining()) {
      await run.journal.durable()
      return 'drain'
    }
    const end = await undoOne(run, record, record.sinceMs ?? sinceMs)
    if (end !== 'done') return end
    run.undone.add(record.seq)
  }
  return 'done'
}

/** What is known of an operation that is to be undone. */
function fate({ settled, begun }: UndoRecord): 'done' | 'not done' | 'unknown' {
  if (settled === undefined) return begun ? 'unknown' : 'not done'
  if (settled.error === undefined) return 'done'
  return settled.outcome === 'unknown' ? 'unknown' : 'not done'
}

async function undoOne(run: LiveRun, record: UndoRecord, sinceMs: number): Promise<UndoEnd> {
  const known = fate(record)
  if (known === 'not done') return 'done'
  const { undo } = record
  // Nothing of a transaction without an entry is there.
  if (known === 'unknown' && undo.by === 'tx')
    return note(run, record, { outcome: 'skipped', why: 'it was not committed' })
  if (known === 'unknown' && undo.by === 'step' && undo.probe !== undefined) {
    const { probe } = undo
    const probed = await attempt(run, record, `p${record.seq}`, sinceMs, (one) => run.shared.host.perform(one, probe))
    if (probed.did === 'wait') return { dueMs: probed.dueMs, what: `probe of ${record.name}` }
    const found = probed.did === 'succeed' ? (probed.value as Probed<unknown> | undefined) : undefined
    if (found?.happened === 'no')
      return note(run, record, { outcome: 'skipped', why: 'the probe found that it did not happen' })
    if (found?.happened === 'yes') record.settled = { ok: found.result }
  }
  return takeBack(run, record, sinceMs)
}

async function takeBack(run: LiveRun, record: UndoRecord, sinceMs: number): Promise<UndoEnd> {
  const tried = await attempt(run, record, `u${record.seq}`, sinceMs, (one) => perform(run, record, record.undo, one))
  if (tried.did === 'wait') return { dueMs: tried.dueMs, what: `undo of ${record.name}` }
  if (tried.did === 'succeed') {
    if (record.undo.by === 'tx') return 'done'
    return note(run, record, { outcome: 'undone', attempts: tried.attempts, ...toCalls(tried.calls) })
  }
  run.note = { ...run.note, failed: { seq: record.seq, error: toKeptError(tried.error) } }
  run.park('UNDO_FAILED', `undoing '${record.name}' failed ${tried.attempts} times: ${tried.error.message}`, record.seq)
  return 'parked'
}

async function perform(run: LiveRun, record: UndoRecord, work: UndoWork, one: Attempt): Promise<unknown> {
  const result = record.settled?.ok
  if (work.by === 'child') return undoChild(run, work.childId, record)
  if (work.by === 'step') return run.shared.host.perform(one, (ctx) => work.run(ctx, result))
  const body = JSON.stringify({ outcome: 'undone', attempts: one.attempt } satisfies Undone)
  await inTransaction(
    run,
    one,
    (tx) => work.run(tx, result),
    () => ({ seq: record.seq, kind: 'undo', name: cut(record.name, 200), body }),
  )
  return undefined
}

/** Attempts of an undo or of the probe before it; a long wait is spent as a row. */
async function attempt(
  run: LiveRun,
  record: UndoRecord,
  label: string,
  sinceMs: number,
  work: (attempt: Attempt) => Promise<unknown>,
): Promise<Attempted> {
  const { timeoutMs, retry, isTerminal } = record.undo.options
  await run.journal.durable()
  return attemptAll(run, {
    label,
    name: `undo ${record.name}`,
    retry,
    timeoutMs,
    isTerminal,
    idempotencyKey: keyOf(run, label, sinceMs),
    undoOf: record,
    // An undo is not cancelled.
    stoppable: { stoppedBy: undefined, onStop: undefined },
    mayHaveBegun: false,
    mustEnd: record.undo.by === 'tx' && label.startsWith('u'),
    work,
  })
}

function note(run: LiveRun, record: UndoRecord, body: Undone): 'done' {
  run.addSide('undo', record.seq, record.name, body)
  return 'done'
}
