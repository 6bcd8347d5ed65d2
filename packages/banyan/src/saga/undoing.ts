/**
 * Taking back what a run has done: in the reverse order of the starts, one after the other, each with attempts of its own and exactly
 * one recorded outcome. What certainly did not happen is not undone; of what is unknown the probe is asked first. One that fails
 * stops here, for a person: what comes after it may depend on it.
 *
 * Source: Garcia-Molina & Salem, "Sagas" (SIGMOD 1987); the order of starts (rather than ends) for parallel branches as in
 * Cloudflare Workflows.
 */
import { toErrorDocument } from '../core/error.ts'
import { type Attempted, attemptAll } from './attempts.ts'
import { undoChild } from './children.ts'
import type { Undone } from './journal.ts'
import type { UndoRecord, UndoWork } from './operation.ts'
import type { Probed } from './options.ts'
import type { SagaRun } from './run.ts'
import { inTransaction, keyOf } from './steps.ts'

/** Undoes what these records say, and is not undone yet; false when the run was parked on the way. */
export async function undoAll(run: SagaRun, records: readonly UndoRecord[]): Promise<boolean> {
  for (const record of records.toSorted((one, other) => other.seq - one.seq)) {
    if (run.history.undone.has(record.seq)) continue
    if (!(await undoOne(run, record))) return false
  }
  return true
}

/** What is known of an operation that is to be undone. */
function fate({ settled, begun }: UndoRecord): 'done' | 'not done' | 'unknown' {
  if (settled === undefined) return begun ? 'unknown' : 'not done'
  if (settled.error === undefined) return 'done'
  return settled.outcome === 'unknown' ? 'unknown' : 'not done'
}

async function undoOne(run: SagaRun, record: UndoRecord): Promise<boolean> {
  const known = fate(record)
  if (known === 'not done') return true
  const { undo } = record
  let result = record.settled?.ok
  if (known === 'unknown' && undo.by === 'step' && undo.probe !== undefined) {
    const probed = await probe(run, record, undo.probe)
    if (probed?.happened === 'no')
      return note(run, record, { outcome: 'skipped', why: 'the probe found that it did not happen' })
    if (probed?.happened === 'yes') {
      result = probed.result
      record.settled = { ok: result }
    }
  }
  // Nothing of a transaction without an entry is there.
  if (known === 'unknown' && undo.by === 'tx')
    return note(run, record, { outcome: 'skipped', why: 'it was not committed' })
  return attempt(run, record, result)
}

async function probe(
  run: SagaRun,
  record: UndoRecord,
  ask: (ctx: object) => unknown,
): Promise<Probed<unknown> | undefined> {
  const probed = await patiently(run, record, `p${record.seq}`, async (attempt) =>
    run.shared.host.perform(attempt, ask),
  )
  if (probed.did !== 'succeed') return undefined
  return probed.value as Probed<unknown>
}

async function attempt(run: SagaRun, record: UndoRecord, result: unknown): Promise<boolean> {
  const tried = await patiently(run, record, `u${record.seq}`, (one) => perform(run, record, record.undo, result, one))
  if (tried.did === 'succeed') {
    if (record.undo.by === 'tx') return true
    const { attempts, calls } = tried
    return note(run, record, { outcome: 'undone', attempts, ...(calls.length > 0 && { calls }) })
  }
  run.note = { ...run.note, failed: { seq: record.seq, error: toErrorDocument(tried.error) } }
  run.park('UNDO_FAILED', `undoing '${record.name}' failed ${tried.attempts} times: ${tried.error.message}`, record.seq)
  return false
}

async function perform(
  run: SagaRun,
  record: UndoRecord,
  work: UndoWork,
  result: unknown,
  one: Parameters<SagaRun['shared']['host']['perform']>[0],
): Promise<unknown> {
  if (work.by === 'child') return undoChild(run, work.childId)
  if (work.by === 'step') return run.shared.host.perform(one, (ctx) => work.run(ctx, result))
  await inTransaction(
    run,
    one,
    (tx) => work.run(tx, result),
    () => ({ ...place(record), body: JSON.stringify({ outcome: 'undone', attempts: one.attempt } satisfies Undone) }),
  )
  return undefined
}

const place = ({ seq, name }: UndoRecord) => ({ seq, kind: 'undo', name })

/** Attempts, with long waits between them as rows. */
async function patiently(
  run: SagaRun,
  record: UndoRecord,
  label: string,
  once: (attempt: Parameters<SagaRun['shared']['host']['perform']>[0]) => Promise<unknown>,
): Promise<Exclude<Attempted, { readonly did: 'wait' }>> {
  const { timeoutMs, retry, isTerminal } = record.undo.options
  for (;;) {
    await run.journal.durable()
    const tried = await attemptAll(run, {
      label,
      name: `undo ${record.name}`,
      seq: record.seq,
      retry,
      timeoutMs,
      isTerminal,
      idempotencyKey: keyOf(run, label, run.record.startedMs),
      undoOf: record,
      signal: never.signal,
      mayHaveBegun: false,
      once,
    })
    if (tried.did !== 'wait') return tried
    await run.pauseUntil(tried.dueMs, `undo of ${record.name}`)
  }
}

/** An undo is not cancelled. */
const never = new AbortController()

function note(run: SagaRun, record: UndoRecord, body: Undone): true {
  run.addSide('undo', record.seq, record.name, body)
  return true
}
