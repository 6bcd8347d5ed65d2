/** Sagas that are started by a saga: ended and undone together with it. */
import { BanyanError } from '../core/error.ts'
import { toCancel } from './journal.ts'
import type { SagaRun } from './run.ts'

/** Asked again until the child is at its end; the parent's attempts and waits say how long. */
const stillEnding = (name: string): BanyanError =>
  new BanyanError('UNAVAILABLE', `the child saga '${name}' is not undone yet`, {
    reason: 'CHILD_NOT_ENDED',
    retryable: true,
    retryAfterMs: 500,
  })

/** Has a child taken back: cancelled while it runs, undone after it has completed. Resolves when that is done. */
export async function undoChild(run: SagaRun, childId: string): Promise<void> {
  const { sagas } = run.shared.host.store
  const child = await sagas.find(childId)
  if (child === undefined || child.state === 'undone') return
  if (child.state === 'completed' || child.state === 'continued') {
    const reason = { code: 'ABORTED', message: 'the parent saga is being undone', reason: 'SAGA_CANCELLED' }
    const atMs = await sagas.now()
    const entry = { seq: 0, kind: 'undoing', name: 'SAGA_CANCELLED', atMs, body: JSON.stringify({ reason }) }
    await sagas.mend(childId, child.length, [entry], 'undoing')
  } else if (child.state === 'running') {
    await sagas.send(childId, toCancel(`undo ${run.id}`, `saga ${run.record.name}`, 'its parent is being undone'))
  }
  throw stillEnding(child.name)
}
