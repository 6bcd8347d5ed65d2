/**
 * One run in memory: the function, and what it has under way.
 *
 * Everything happens in turns. A turn comes when all promises that could settle have been seen (`timers.soon`), so what the
 * function does between two turns depends on nothing but what it was given; a turn gives it one outcome at most. Outcomes go into
 * the journal in the order in which they were given, and a replay gives them in the journal's order: so the function begins the
 * same operations in the same order, branches included.
 *
 * The function goes on before its entries are durable; effects do not: nothing is done outside before everything that led to it
 * is in the journal.
 */
import { type BanyanError, fromErrorDocument, isBanyanError } from '../core/error.ts'
import type { NewSaga, SagaEntry, SagaRecord, TakenSaga } from '../store/sagas.ts'
import { createFace } from './face.ts'
import { History, toTitle } from './history.ts'
import { bodyOf, noteOf, originOf, type SagaNote, type Settled, type SettlingKind } from './journal.ts'
import { type Branch, isClosed, type Operation, type Settlement, type UndoRecord } from './operation.ts'
import { maxParallel, maxSteps } from './options.ts'
import { awaitsElsewhere, nonDeterministic, stopped, tooManySteps, tooParallel } from './refusals.ts'
import { RunEnds } from './run-ends.ts'
import { RunJournal, type RunShared } from './run-journal.ts'
import { type Seeded, Seeds } from './seeded.ts'
import type { SagaShape } from './shape.ts'
import { toText } from './values.ts'

/** How a run left memory, or that it waits there. */
export type RunEnd = 'waiting' | 'ended' | 'parked' | 'lost'

/** Replays a journal and does nothing else: told when the journal is at its end, or of what is wrong. */
export type Observer = (run: SagaRun, fault: BanyanError | undefined) => void

/** What an operation is begun with. */
export interface Begin {
  readonly kind: SettlingKind
  readonly name: string
  readonly branch: Branch
  readonly waits?: string
  readonly present?: (ok: unknown) => unknown
  readonly act?: (op: Operation) => Promise<Settled | Settlement | undefined>
  readonly look?: (op: Operation) => Omit<Settlement, 'op'> | undefined
  readonly dueMs?: number
  /** How it is taken back. */
  readonly undo?: (seq: number) => Pick<UndoRecord, 'forwardKey' | 'undo'>
}

/** How the function has ended. */
export type Over = { readonly value: unknown } | { readonly error: unknown } | { readonly next: unknown }

/** See the top of the file. */
export class SagaRun {
  readonly shape: SagaShape
  readonly shared: RunShared
  readonly journal: RunJournal
  readonly history: History
  /** The run's key as the function knows it: that of the run from which its journal comes, if it comes from one. */
  readonly key: string
  readonly root: Branch = { closed: false, parent: undefined }
  readonly undos: UndoRecord[] = []
  readonly queries: Map<string, () => unknown> = new Map()
  readonly observer: Observer | undefined
  note: SagaNote
  /** Of the last outcome that was given to the function. */
  timeMs: number
  isPast = false
  over: Over | undefined
  /** Nothing is given to the function while one of its transactions commits. */
  isCommitting = false
  readonly outstanding: Map<number, Operation> = new Map()
  readonly #ends: RunEnds
  readonly #seeds: Seeds
  readonly #invoked: string[] = []
  #seq = 0
  #outcomes: Settlement[] = []
  #scheduled = false
  #started = false
  #end = Promise.withResolvers<RunEnd>()

  constructor(shared: RunShared, shape: SagaShape, taken: TakenSaga, observer?: Observer) {
    this.shared = shared
    this.shape = shape
    this.observer = observer
    this.note = noteOf(taken.saga.note)
    const origin = originOf(taken.entries)
    this.key = origin?.key ?? taken.saga.key
    this.timeMs = origin?.startedMs ?? taken.saga.startedMs
    this.#seeds = new Seeds(taken.saga.id, origin)
    this.history = new History(taken.entries)
    this.#ends = new RunEnds(this)
    this.journal = new RunJournal(shared, taken, {
      onLost: () => this.lose(),
      onLetGo: () => this.letGo('waiting'),
      onMail: () => this.#ends.wake(),
    })
  }

  get record(): SagaRecord {
    return this.journal.record
  }
  get id(): string {
    return this.journal.record.id
  }
  get seeded(): Seeded {
    return this.#seeds.at(this.history.given)
  }
  get isUndoing(): boolean {
    return this.#ends.isUndoing
  }

  /** Goes on until it is let go, has ended, or is lost. */
  advance(): Promise<RunEnd> {
    if (!this.#started) {
      this.#started = true
      const saga = createFace(this, this.root)
      const input = JSON.parse(this.record.input) as never
      Promise.resolve()
        .then(() => this.shape.run(saga as never, input))
        .then(
          (value) => this.#finish({ value }),
          (error: unknown) => this.#finish({ error }),
        )
    }
    this.schedule()
    return this.#end.promise
  }

  /** It is ours again, and nobody has written meanwhile. */
  resume(taken: TakenSaga): Promise<RunEnd> {
    this.journal.hold(taken)
    this.#end = Promise.withResolvers()
    this.#ends.wake()
    return this.#end.promise
  }

  /** Something may have come for it. */
  async poke(): Promise<void> {
    if (!this.journal.isHeld || this.journal.isLettingGo) return
    await this.journal.readMail()
    this.schedule()
  }

  /** Not ours any more, or this host ends: nothing of it is done or written from now on. */
  lose(): void {
    this.journal.drop()
    this.abandon()
    this.letGo('lost')
  }

  letGo(end: RunEnd): void {
    this.#end.resolve(end)
  }

  /** The function is never heard again. */
  abandon(): void {
    this.root.closed = true
    for (const op of this.outstanding.values()) op.controller.abort(stopped())
  }

  // What the function does.

  /** Begins an operation; one of a closed branch never settles. */
  invoke(begin: Begin): Promise<unknown> {
    if (isClosed(begin.branch) || this.over !== undefined) return never
    const seq = this.#nextSeq(begin.kind, begin.name)
    if (seq === undefined) return never
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const { kind, name, branch, present, act, look, dueMs, waits = name } = begin
    const controller = new AbortController()
    const active = act !== undefined
    const now = { active, running: undefined, dueMs, look }
    this.outstanding.set(seq, { seq, kind, name, branch, resolve, reject, present, act, waits, controller, ...now })
    const undo = begin.undo?.(seq)
    // While there is history left it may have begun before.
    const begun = this.history.isLeft
    if (undo !== undefined) this.undos.push({ ...undo, seq, kind, name, branch, settled: undefined, begun, calls: [] })
    this.schedule()
    return promise
  }

  /** The number of the next operation; undefined when there may be none, and then the run is at its end. */
  #nextSeq(kind: SettlingKind, name: string): number | undefined {
    const limit = this.shape.maxSteps ?? maxSteps
    if (this.#seq >= limit) return void this.#ends.fault(tooManySteps(limit))
    if (this.outstanding.size >= maxParallel) return void this.#ends.fault(tooParallel())
    this.#seq += 1
    this.#invoked.push(toTitle(kind, name))
    const known = this.history.of(this.#seq)
    if (known === undefined || (known.kind === kind && known.name === name)) return this.#seq
    const was = toTitle(known.kind, known.name)
    return void this.#differs(`operation ${this.#seq} was ${was} and is ${toTitle(kind, name)} now`)
  }

  /** See `Saga.patched`: takes a number only where there is, or will be, an entry for it. */
  patched(name: string, branch: Branch): boolean {
    const known = this.history.of(this.#seq + 1)
    if (known === undefined ? this.history.isLeft : known.kind !== 'patch' || known.name !== name) return false
    void this.invoke({ kind: 'patch', name, branch, look: () => ({ body: {} }) })
    return true
  }

  /** An entry that settles nothing. */
  addSide(kind: string, seq: number, name: string, body: object): void {
    this.journal.add({ seq, kind, name, body: JSON.stringify(body) })
    this.schedule()
  }
  /** The run's child, to be started with the next write. */
  addStart(saga: NewSaga): void {
    this.journal.addStart(saga)
  }

  // Turns.

  /** A turn, when all that can run has run. */
  schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.shared.host.environment.timers.soon(() => {
      this.#scheduled = false
      this.#turn()
    })
  }

  #turn(): void {
    if (!this.journal.isHeld || this.journal.isLettingGo || this.isCommitting) return
    if (this.#ends.isUndoing) return this.journal.flush()
    if (this.#ends.isClosed) return
    const entry = this.history.next
    if (entry !== undefined) return this.#replay(entry)
    if (this.observer !== undefined) return this.#ends.observed(undefined)
    this.#live()
  }

  #replay(entry: SagaEntry): void {
    if (entry.kind === 'undoing') {
      this.history.step()
      this.timeMs = entry.atMs
      return this.#ends.undo(bodyOf<{ reason: never }>(entry).reason)
    }
    const op = this.outstanding.get(entry.seq)
    if (op === undefined) {
      const what = this.over === undefined ? 'has not begun it' : 'has ended'
      return this.#differs(`the journal goes on with ${toTitle(entry.kind, entry.name)}, the function ${what}`)
    }
    this.history.step()
    this.#give(op, entry)
    this.schedule()
  }

  #live(): void {
    if (!this.isPast && this.#ends.mustStop()) return
    const settlement = this.#outcomes.shift() ?? (this.over === undefined ? this.#look() : undefined)
    if (settlement !== undefined) {
      this.#deliver(settlement)
      return this.schedule()
    }
    const all = [...this.outstanding.values()]
    if (this.over !== undefined)
      return all.some(({ running }) => running !== undefined) ? undefined : this.#ends.close(this.over)
    this.journal.flush()
    const active = all.filter((op) => op.active)
    for (const op of active) op.running ??= this.#act(op)
    if (active.length > 0) return
    if (all.length === 0) return this.#ends.fault(awaitsElsewhere())
    this.#ends.wait(all)
  }

  /** The first passive operation that can settle. */
  #look(): Settlement | undefined {
    for (const op of this.outstanding.values()) {
      if (op.active || isClosed(op.branch)) continue
      const found = op.look?.(op)
      if (found !== undefined) return { op, ...found }
    }
    return undefined
  }

  async #act(op: Operation): Promise<void> {
    await this.journal.durable()
    if (isClosed(op.branch)) {
      op.running = undefined
      return
    }
    const record = this.undoOf(op.seq)
    if (record !== undefined) record.begun = true
    try {
      const settled = await (op.act as NonNullable<Operation['act']>)(op)
      if (settled === undefined) op.active = false
      else this.#outcomes.push('op' in settled ? settled : { op, body: settled })
    } catch (error) {
      if (this.journal.isHeld) this.#ends.fault(error)
    }
    op.running = undefined
    this.isCommitting = false
    // What was done has to be known when it is undone.
    if (this.#ends.isUndoing) for (const late of this.#outcomes.splice(0)) this.#deliver(late)
    // The function has been waiting since the last turn, so this may be one, unless something else has just happened.
    if (!this.#scheduled) this.#turn()
  }

  undoOf(seq: number): UndoRecord | undefined {
    return this.undos.find((record) => record.seq === seq)
  }

  #deliver({ op, body, consumed, written }: Settlement): void {
    if (!this.outstanding.has(op.seq)) return
    if (consumed !== undefined) this.journal.consume(consumed)
    const { seq, kind, name } = op
    this.#give(op, written ?? this.journal.add({ seq, kind, name, body: toText(body, `what '${name}' gave`) ?? '{}' }))
  }

  /** Gives an outcome to the function. */
  #give(op: Operation, entry: Pick<SagaEntry, 'atMs' | 'body'>): void {
    const body = bodyOf<Settled>(entry)
    this.timeMs = entry.atMs
    this.outstanding.delete(op.seq)
    const record = this.undoOf(op.seq)
    if (record !== undefined) {
      record.settled = body
      record.calls = body.calls ?? []
    }
    if (op.kind === 'point') this.isPast = true
    if (isClosed(op.branch)) return
    if (body.error !== undefined) op.reject(fromErrorDocument(body.error))
    else op.resolve(op.present === undefined ? body.ok : op.present(body.ok))
  }

  #finish(over: Over): void {
    if (this.root.closed || this.over !== undefined) return
    this.over = over
    this.schedule()
  }
  /** Ends this run; the next one begins with an input of its own. */
  continueAs(next: unknown): Promise<never> {
    this.#finish({ next })
    return never
  }

  /** Only a person can mend it. */
  park(reason: string, message: string, seq?: number): void {
    this.#ends.park(reason, message, seq)
  }
  /** Until the time has come, as a row if it is long; for undos. */
  pauseUntil(dueMs: number, what: string): Promise<void> {
    return this.#ends.pauseUntil(dueMs, what)
  }

  #differs(what: string): void {
    const code = this.#invoked.map((one, index) => `${index + 1} ${one}`)
    this.#ends.fault(nonDeterministic(this.history.lines(), code, what))
  }
}

/** True for errors that a saga fails with; whatever else its function throws is a defect. */
export function isFailure(error: unknown): error is BanyanError {
  return isBanyanError(error)
}

const never: Promise<never> = new Promise(() => {})
