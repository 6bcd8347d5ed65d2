/** How a run stops going on: it waits, ends, is undone, or needs a person. */
import { BanyanError, fromUnknown, isBanyanError } from '../core/error.ts'
import type { SagaChange } from '../store/sagas.ts'
import { hurry } from './attempts.ts'
import { cut, maxErrorMessage, toKeptError } from './bounds.ts'
import { bodyOf, fromCancel, type SagaNote, type Settled, type Undoing } from './journal.ts'
import type { LiveRun, Over } from './live-run.ts'
import type { Operation } from './operation.ts'
import { isDefect, sagaCancelled, sagaTimedOut } from './refusals.ts'
import { toNextRun } from './start.ts'
import { undoAll } from './undoing.ts'
import { toText } from './values.ts'

/** Things that a run is said to wait for, at most. */
const maxWaitsShown = 20
/** Characters of a thing that it waits for. */
const maxWaitShown = 500

/** See the top of the file. */
export class RunEnds {
  readonly #run: LiveRun
  #isUndoing = false
  #isClosed = false
  #wake: (() => void) | undefined

  constructor(run: LiveRun) {
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
    const { deadlineMs } = journal.record
    const cancel = journal.messages.length === 0 ? undefined : journal.messages.find(({ kind }) => kind === 'cancel')
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
      const outcome = ok === undefined ? '{}' : `{"ok":${ok}}`
      // A cancellation that was accepted before the end is heard.
      const { isPast, journal } = this.#run
      this.#finally({ to: 'completed', outcome, ...(isPast ? {} : { mail: journal.read }) })
    } catch (error) {
      this.fault(error)
    }
  }

  #fail(error: unknown): void {
    if (!isBanyanError(error) || isDefect(error)) return this.fault(error)
    if (this.#run.isPast) return this.park('FAILED_PAST_NO_RETURN', error.message)
    this.#beginUndo(error)
  }

  #continue(given: unknown): void {
    const run = this.#run
    const { record } = run.journal
    // An endless saga comes to new code here.
    const shape = run.shared.newestOf(record.name) ?? run.shape
    const id = run.seeded.uuid(run.journal.stamp())
    this.#finally({ to: 'continued', outcome: '{}', next: toNextRun(shape, record, given, id) })
  }

  #finally(change: SagaChange): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const { journal } = this.#run
    this.#run.abandon()
    journal.flush(change)
    void journal.durable().then(() => {
      if (journal.isRefused) {
        this.#isClosed = false
        return this.#run.schedule()
      }
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
    const parked = { reason, message: cut(message, maxErrorMessage), ...(seq === undefined ? {} : { seq }) }
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
    if (this.#isClosed) return
    this.#isClosed = true
    this.#run.journal.drop()
    this.#run.observer?.(this.#run, fault)
  }

  #beginUndo(error: BanyanError): void {
    const { journal } = this.#run
    const reason = toKeptError(error)
    this.#noteUndone()
    const begun = this.#run.undos.filter((one) => one.settled === undefined && one.begun).map(({ seq }) => seq)
    const body = JSON.stringify({ reason, begun } satisfies Undoing)
    const atMs = journal.add(0, 'undoing', cut(error.reason ?? error.code, 200), body)
    // What has ended already is known, though the function never hears of it.
    this.#run.settleLate()
    journal.flush({ to: 'undoing' })
    this.undo({ reason }, atMs)
  }

  /** Of what rests between two attempts it is known what those before came to. */
  #noteUndone(): void {
    const { note, outstanding, undos } = this.#run
    for (const record of undos) {
      const op = outstanding.get(record.seq)
      if (op === undefined || op.running !== undefined || op.isEnding || op.mayHaveBegun) continue
      if (note.retries?.[String(record.seq)]?.outcome === 'none') record.begun = false
    }
  }

  /** The function's part is over: what it has under way is told to stop and awaited, then everything is taken back. */
  undo({ reason, begun }: Undoing, sinceMs: number): void {
    const run = this.#run
    for (const record of run.undos) {
      if (begun !== undefined && record.settled === undefined) record.begun = begun.includes(record.seq)
      // It ended while the run was being undone already, and the function never heard of it.
      const entry = run.history.of(record.seq)
      if (entry !== undefined) record.settled ??= bodyOf<Settled>(entry)
    }
    if (run.observer !== undefined) return this.observed(undefined)
    if (run.isPast) return this.park('PAST_NO_RETURN', 'it is past its point of no return: nothing of it is undone')
    this.#isUndoing = true
    run.abandon()
    void this.#undoAll(sinceMs).then(
      (isDone) => {
        if (isDone) this.#finally({ to: 'undone', outcome: JSON.stringify({ error: reason }) })
      },
      (error: unknown) => this.fault(error),
    )
  }

  async #undoAll(sinceMs: number): Promise<boolean> {
    const run = this.#run
    await Promise.all([...run.outstanding.values()].flatMap((op) => op.running ?? []))
    for (;;) {
      const did = await undoAll(run, run.undos, sinceMs)
      if (did === 'drain') run.lose()
      if (typeof did === 'string') return did === 'done'
      await this.#pauseUntil(did.dueMs, did.what)
    }
  }

  // Waiting.

  /** Nothing is under way but what comes by itself. */
  wait(all: readonly Operation[], dueMs: number | undefined): void {
    this.#letGoUntil(
      dueMs,
      all.slice(0, maxWaitsShown).map((op) => cut(`${op.kind} ${op.waits}`, maxWaitShown)),
    )
  }

  #letGoUntil(dueMs: number | undefined, waits: readonly string[]): void {
    const { journal, note } = this.#run
    const said: SagaNote = { waits, ...(note.retries && { retries: note.retries }) }
    journal.flush({ to: 'wait', dueMs, mail: journal.read, note: JSON.stringify(said) })
  }

  /** Until the time has come, as a row, or a child has ended: what waits for that is tried at once. */
  async #pauseUntil(dueMs: number, what: string): Promise<void> {
    while (this.#run.shared.now() < dueMs && !this.#hearOfChildren()) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      this.#letGoUntil(dueMs, [what])
      await promise
    }
  }

  #hearOfChildren(): boolean {
    const { journal } = this.#run
    const ended = journal.messages.filter(({ kind }) => kind === 'child')
    if (ended.length === 0) return false
    journal.consume(ended.map(({ n }) => n))
    for (const { key } of ended) hurry(this.#run, `u${key}`)
    return true
  }

  /** Something has come, or the run is ours again. */
  wake(): void {
    const wake = this.#wake
    this.#wake = undefined
    if (wake === undefined) this.#run.schedule()
    else wake()
  }
}
