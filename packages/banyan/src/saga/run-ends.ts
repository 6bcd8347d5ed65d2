/** How a run stops going on: it waits, ends, is undone, or needs a person. */
import { BanyanError, type ErrorDocument, fromUnknown, isBanyanError, toErrorDocument } from '../core/error.ts'
import type { NewSaga, SagaChange } from '../store/sagas.ts'
import { fromCancel, type SagaNote } from './journal.ts'
import type { Operation } from './operation.ts'
import { sagaCancelled, sagaTimedOut } from './refusals.ts'
import type { Over, SagaRun } from './run.ts'
import { undoAll } from './undoing.ts'
import { toText } from './values.ts'

/** Things that a run is said to wait for, at most. */
const maxWaitsShown = 20
const maxMessage = 8_000

/** See the top of the file. */
export class RunEnds {
  readonly #run: SagaRun
  #isUndoing = false
  #isClosed = false
  #wake: (() => void) | undefined

  constructor(run: SagaRun) {
    this.#run = run
  }

  get isUndoing(): boolean {
    return this.#isUndoing
  }
  /** Its last write is on its way. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** A cancellation, or the end of its time, before the point of no return. */
  mustStop(): boolean {
    const { journal, shared } = this.#run
    const cancel = journal.messages.find(({ kind }) => kind === 'cancel')
    const { deadlineMs } = journal.record
    if (cancel !== undefined) {
      const { by, why } = fromCancel(cancel)
      journal.consume([cancel.n])
      this.#beginUndo(sagaCancelled(by, why))
      return true
    }
    if (deadlineMs === undefined || shared.now() < deadlineMs) return false
    this.#beginUndo(sagaTimedOut())
    return true
  }

  /** The function has ended, and nothing of it is under way. */
  close(over: Over): void {
    try {
      if ('next' in over) return this.#continue(over.next)
      if ('error' in over) return this.#fail(over.error)
      const ok = toText(over.value, 'what the saga gave')
      this.#finally({ to: 'completed', outcome: ok === undefined ? '{}' : `{"ok":${ok}}` })
    } catch (error) {
      this.fault(error)
    }
  }

  #fail(error: unknown): void {
    if (!isBanyanError(error)) return this.fault(error)
    if (this.#run.isPast) return this.park('FAILED_PAST_NO_RETURN', error.message)
    this.#beginUndo(error)
  }

  #continue(given: unknown): void {
    const { journal, seeded, shape } = this.#run
    const { id, name, version, key, run, priority, parent, traceparent } = journal.record
    const next: NewSaga = {
      id: seeded.uuid(journal.stamp()),
      name,
      version,
      key,
      run: run + 1,
      input: toText(given, 'the input of the next run') ?? 'null',
      priority,
      timeoutMs: shape.timeoutMs,
      correlations: [],
      parent,
      traceparent,
      startedBy: `saga ${id}`,
    }
    this.#finally({ to: 'continued', outcome: '{}', next })
  }

  #finally(change: SagaChange): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const { journal } = this.#run
    this.#run.abandon()
    journal.flush(change)
    void journal.durable().then(() => {
      journal.drop()
      this.#run.letGo(change.to === 'parked' ? 'parked' : 'ended')
    })
  }

  /** Something that only a person can mend. */
  park(reason: string, message: string, seq?: number): void {
    const { observer, journal, note, shared } = this.#run
    if (this.#isClosed || !journal.isHeld) return
    if (observer !== undefined) return this.observed(new BanyanError('FAILED_PRECONDITION', message, { reason }))
    const { name, key, id } = journal.record
    shared.host.log.error('a saga is parked', { saga: name, key, id, reason, message })
    const parked = { reason, message: message.slice(0, maxMessage), ...(seq === undefined ? {} : { seq }) }
    const said: SagaNote = { ...note, waits: [], parked }
    this.#finally({ to: 'parked', note: JSON.stringify(said) })
  }

  /** A defect of the function (or of ours): nothing is undone by itself. */
  fault(thrown: unknown): void {
    const error = fromUnknown(thrown)
    const { cause } = error as { readonly cause?: unknown }
    const message = cause instanceof Error ? `${cause.name}: ${cause.message}` : error.message
    this.park(error.reason ?? 'DEFECT', message)
  }

  /** A replay that does nothing is at its end. */
  observed(fault: BanyanError | undefined): void {
    this.#isClosed = true
    this.#run.journal.drop()
    this.#run.observer?.(this.#run, fault)
  }

  #beginUndo(error: BanyanError): void {
    const { journal } = this.#run
    const reason = toErrorDocument(error)
    const name = error.reason ?? error.code
    journal.add({ seq: 0, kind: 'undoing', name, body: JSON.stringify({ reason }) })
    journal.flush({ to: 'undoing' })
    this.undo(reason)
  }

  /** The function's part is over: what it has under way is told to stop and awaited, then everything is taken back. */
  undo(reason: ErrorDocument): void {
    const run = this.#run
    if (run.observer !== undefined) return this.observed(undefined)
    if (run.isPast) return this.park('PAST_NO_RETURN', 'it is past its point of no return: nothing of it is undone')
    this.#isUndoing = true
    run.abandon()
    const running = [...run.outstanding.values()].flatMap((op) => op.running ?? [])
    void Promise.all(running)
      .then(() => undoAll(run, run.undos))
      .then((isDone) => {
        if (isDone) this.#finally({ to: 'undone', outcome: JSON.stringify({ error: reason }) })
      })
      .catch((error: unknown) => this.fault(error))
  }

  // Waiting.

  /** Nothing is under way but what comes by itself. */
  wait(all: readonly Operation[]): void {
    const { journal, isPast } = this.#run
    const dues = all.flatMap(({ dueMs }) => dueMs ?? [])
    const { deadlineMs } = journal.record
    if (deadlineMs !== undefined && !isPast) dues.push(deadlineMs)
    const waits = all.map(({ kind, waits: what }) => `${kind} ${what}`)
    this.#letGoUntil(dues.length === 0 ? undefined : Math.min(...dues), waits)
  }

  #letGoUntil(dueMs: number | undefined, waits: readonly string[]): void {
    const { journal, note } = this.#run
    const said: SagaNote = { waits: waits.slice(0, maxWaitsShown), ...(note.retries && { retries: note.retries }) }
    journal.flush({ to: 'wait', dueMs, mail: journal.read, note: JSON.stringify(said) })
  }

  async pauseUntil(dueMs: number, what: string): Promise<void> {
    while (this.#run.shared.now() < dueMs) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      this.#letGoUntil(dueMs, [what])
      await promise
    }
  }

  /** Something has come, or the run is ours again. */
  wake(): void {
    const wake = this.#wake
    this.#wake = undefined
    if (wake === undefined) this.#run.schedule()
    else wake()
  }
}
