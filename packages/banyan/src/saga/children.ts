/** Sagas that are started by a saga: waited for, and ended and undone together with it. */
import { BanyanError, type ErrorDocument } from '../core/error.ts'
import type { NewSaga, SagaRecord } from '../store/sagas.ts'
import { toKeptError } from './bounds.ts'
import { toCancel } from './journal.ts'
import type { LiveRun } from './live-run.ts'
import type { Acted, Branch, Operation, UndoRecord } from './operation.ts'
import { stepTimeoutMs, undoRetry } from './options.ts'
import { childFailed, childForgotten, childNeedsHelp, stillEnding } from './refusals.ts'
import { untilAnswered } from './run-shared.ts'
import type { SagaShape } from './shape.ts'
import { toNewSaga } from './start.ts'

/** Keys of children longer than this are made from the run's id instead. */
const maxChildKey = 255
/** Attempts of undoing a child: it may take as long as its own undos do. */
const maxChildUndo = 1_000

/** See `Saga.child`. */
export function child(run: LiveRun, branch: Branch, saga: SagaShape, input: unknown): Promise<unknown> {
  const id = run.seeded.uuid(run.timeMs)
  return run.invoke({
    kind: 'child',
    name: saga.name,
    branch,
    waits: () => `saga '${saga.name}' ${id}`,
    present: (ok) => (ok as { readonly outcome: { readonly ok?: unknown } }).outcome.ok,
    async act(op) {
      run.journal.addStart(toStart(run, saga, input, id, op.seq))
      run.journal.flush()
      return undefined
    },
    look: () => toEnd(run, saga.name, id),
    onStop: (op) => stopChild(run, op, id),
    undo: (seq) => ({
      forwardKey: `${run.id}.${seq}`,
      undo: {
        by: 'child',
        childId: id,
        options: {
          timeoutMs: stepTimeoutMs,
          retry: { ...undoRetry, maxAttempts: maxChildUndo },
          isTerminal: (error) => (error as { reason?: unknown } | null)?.reason === childForgotten,
        },
      },
    }),
  })
}

function toStart(run: LiveRun, saga: SagaShape, input: unknown, id: string, seq: number): NewSaga {
  const start = toNewSaga(saga, input, { id, startedBy: `saga ${run.id}`, traceparent: run.record.traceparent })
  const key = `${run.record.key}/${saga.name}/${seq}`
  return { ...start, key: key.length <= maxChildKey ? key : `${run.id}/${seq}`, parent: { id: run.id, seq } }
}

function toEnd(run: LiveRun, name: string, id: string) {
  const { messages } = run.journal
  const message = messages.find(({ kind, id: of, key }) => kind === 'child' && (of === id || isLater(run, key, id)))
  if (message === undefined) return undefined
  const outcome = JSON.parse(message.body) as { readonly ok?: unknown; readonly error?: ErrorDocument }
  const body =
    outcome.error === undefined
      ? { ok: { id, outcome } }
      : { error: toKeptError(childFailed(name, outcome.error)), outcome: 'refused' as const }
  return { body, consumed: [message.n] }
}

/** The last of the runs of an endless child tells, under the number of the operation that has begun the first. */
function isLater(run: LiveRun, key: string, id: string): boolean {
  const record = run.undoOf(Number(key))
  return record?.undo.by === 'child' && record.undo.childId === id
}

/** The branch that waits for it was stopped: so is the child. */
async function stopChild(run: LiveRun, op: Operation, id: string): Promise<Acted> {
  const { sagas } = run.shared.host.store
  const cancel = toCancel(`stop ${run.id}.${op.seq}`, `saga ${run.record.name}`, 'its branch was stopped')
  await untilAnswered(run.shared, () => sagas.send(id, cancel))
  return { error: toKeptError(op.stoppedBy as BanyanError), outcome: 'unknown' }
}

/** The run that stands for a child: the last, when it has continued. */
async function newestOf(run: LiveRun, childId: string): Promise<SagaRecord | undefined> {
  const { sagas } = run.shared.host.store
  let found = await sagas.find(childId)
  while (found?.next !== undefined) found = await sagas.find(found.next)
  return found
}

/** Has a child taken back: cancelled while it runs, undone after it has completed. Resolves when that is done. */
export async function undoChild(run: LiveRun, childId: string, { settled }: UndoRecord): Promise<void> {
  const { sagas } = run.shared.host.store
  const child = await newestOf(run, childId)
  if (child?.state === 'undone') return
  if (child === undefined) {
    if (settled === undefined) return
    throw new BanyanError('NOT_FOUND', `the journal of the child saga ${childId} is not kept any more`, {
      reason: childForgotten,
    })
  }
  const by = `saga ${run.record.name}`
  if (child.state === 'completed') {
    const reason = { code: 'ABORTED', message: 'the parent saga is being undone', reason: 'SAGA_CANCELLED' }
    const entry = { seq: 0, kind: 'undoing', name: 'SAGA_CANCELLED', atMs: await sagas.now() }
    await sagas.mend(child.id, child.length, [{ ...entry, body: JSON.stringify({ reason }) }], 'undoing')
  } else if (child.state === 'running') {
    await sagas.send(child.id, toCancel(`undo ${run.id}`, by, 'its parent is being undone'))
  } else if (child.state === 'parked') throw childNeedsHelp(child.name, child.key)
  throw stillEnding(child.name)
}
