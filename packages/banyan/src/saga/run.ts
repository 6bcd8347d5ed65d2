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
import { fromErrorDocument } from '../core/error.ts'
import type { SagaEntry, SagaRecord, TakenSaga } from '../store/sagas.ts'
import { Alarm } from './alarm.ts'
import { cut } from './bounds.ts'
import { CallSequence } from './call-sequence.ts'
import { createFace } from './face.ts'
import { History, toTitle } from './history.ts'
import { bodyOf, noteOf, originOf, type SagaNote, type Settled, type Undoing } from './journal.ts'
import type { LiveRun, Observer, Over, RunEnd } from './live-run.ts'
import {
  type Begin,
  type Branch,
  isClosed,
  Operation,
  openBranch,
  type Settlement,
  type UndoRecord,
} from './operation.ts'
import { awaitsElsewhere, branchStopped, stopped } from './refusals.ts'
import { RunEnds } from './run-ends.ts'
import { RunJournal, type RunShared } from './run-journal.ts'
import { never } from './run-shared.ts'
import { type Seeded, Seeds } from './seeded.ts'
import type { SagaShape } from './shape.ts'
import { UnderWay } from './under-way.ts'
import { toText } from './values.ts'

/** See the top of the file. */
export class SagaRun implements LiveRun {
  readonly shape: SagaShape
  readonly shared: RunShared
  readonly journal: RunJournal
  readonly history: History
  /** The run's key as the function knows it: that of the run from which its journal comes, if it comes from one. */
  readonly key: string
  readonly root: Branch = openBranch(undefined)
  readonly undos: UndoRecord[] = []
  /** What was undone since it is in memory. */
  readonly undone: Set<number> = new Set()
  /** Locks that it holds, and the branch that asked for them. */
  readonly locks: Map<string, Branch> = new Map()
  readonly queries: Map<string, () => unknown> = new Map()
  readonly observer: Observer | undefined
  readonly outstanding: Map<number, Operation> = new Map()
  note: SagaNote
  /** Of the last outcome that was given to the function. */
  timeMs: number
  isPast = false
  /** What has no entry may have been begun by an earlier holder; until the first outcome that is new. */
  mayHaveBegun: boolean
  over: Over | undefined
  readonly #ends: RunEnds
  readonly #seeds: Seeds
  readonly #underWay = new UnderWay(this.outstanding)
  readonly #alarm: Alarm
  readonly #undoBySeq = new Map<number, UndoRecord>()
  readonly #sequence: CallSequence
  #notes = 0
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
    this.mayHaveBegun = taken.saga.epoch > 1 || taken.entries.length > 0
    this.history = new History(taken.entries)
    this.#sequence = new CallSequence(this.history, shape.maxSteps)
    this.#ends = new RunEnds(this)
    this.#alarm = new Alarm(shared.host.environment.timers, () => this.schedule())
    this.journal = new RunJournal(shared, taken, {
      onLost: () => this.lose(),
      onLetGo: () => this.letGo('waiting'),
      onMail: () => this.#ends.wake(),
      onFree: () => this.schedule(),
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
  /** Its last write is on its way. */
  get isClosing(): boolean {
    return this.#ends.isClosed
  }
  get isUndoing(): boolean {
    return this.#ends.isUndoing
  }

  /** Goes on until it is let go, has ended, or is lost. */
  advance(): Promise<RunEnd> {
    if (!this.#started) {
      this.#started = true
      const saga = this.faceOf(this.root)
      const input = JSON.parse(this.record.input) as never
      void this.#call(saga as never, input)
    }
    this.schedule()
    return this.#end.promise
  }

  async #call(saga: never, input: never): Promise<void> {
    try {
      this.#finish({ value: await this.shape.run(saga, input) })
    } catch (error) {
      this.#finish({ error })
    }
  }

  /** It is ours again, and nobody has had it in between. */
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
    this.#alarm.set(undefined, this.shared.now)
    this.#end.resolve(end)
  }

  /** The function is never heard again. */
  abandon(): void {
    this.root.closed = true
    this.#alarm.set(undefined, this.shared.now)
    if (this.outstanding.size > 0) this.#underWay.stop(stopped())
  }

  // What the function does.

  faceOf(branch: Branch): object {
    return createFace(this, branch)
  }

  /** Begins an operation; one of a closed branch never settles. */
  invoke(begin: Begin): Promise<unknown> {
    if (isClosed(begin.branch) || this.over !== undefined) return never()
    const { kind, name, branch } = begin
    const seq = this.#sequence.next(kind, name, this.outstanding.size)
    if (typeof seq !== 'number') {
      this.fault(seq)
      return never()
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const op = new Operation(seq, begin, resolve, reject)
    op.mayHaveBegun = this.mayHaveBegun
    this.outstanding.set(seq, op)
    if (begin.undo !== undefined) {
      const begun = this.mayHaveBegun
      const record = { ...begin.undo(seq), seq, kind, name, branch, settled: undefined, begun, calls: [] }
      this.undos.push(record)
      this.#undoBySeq.set(seq, record)
    }
    this.schedule()
    return promise
  }

  /**
   * See `Saga.patched`: takes a number only where there is, or will be, an entry for it. Where an earlier holder may have begun what
   * follows, the change is not for this run: what it began has its number, and its key.
   */
  patched(id: string, branch: Branch): boolean {
    const name = cut(id, 200)
    const known = this.history.of(this.#sequence.last + 1)
    const isNew = known === undefined && !this.mayHaveBegun
    if (!isNew && (known?.kind !== 'patch' || known.name !== name)) return false
    void this.invoke({ kind: 'patch', name, branch, look: () => ({ body: {} }) })
    return true
  }

  /** One more key by which events find it; in a replay it has it already. */
  addCorrelation(key: string): void {
    if (!this.history.isLeft) this.journal.addCorrelation(key)
  }

  /** An entry that settles nothing. */
  addSide(kind: string, seq: number, name: string, body: object): void {
    this.journal.add(seq, kind, name, JSON.stringify(body))
    this.schedule()
  }

  /** A line for people; those that the journal has already are not written again. */
  addNote(name: string, facts: object): void {
    this.#notes += 1
    if (this.#notes <= this.history.notes) return
    const text = toText(facts, `what '${name}' says`) ?? '{}'
    this.journal.add(0, 'note', name, text)
    this.schedule()
  }

  /** These branches hear of it at whatever they wait for; what they have under way is aborted. */
  stopBranches(branches: readonly Branch[], why: 'failed' | 'lost'): void {
    for (const branch of branches) branch.stopped = true
    this.#underWay.stop(branchStopped(why), branches)
    this.schedule()
  }

  // Turns.

  /** A turn, when all that can run has run. */
  schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.shared.turns.want(this)
  }

  /** For {@link Turns}; never throws. */
  turn(): void {
    this.#scheduled = false
    try {
      this.#turn()
    } catch (error) {
      this.fault(error)
    }
  }

  #turn(): void {
    const { journal } = this
    if (!journal.isHeld || journal.isLettingGo || journal.isCommitting) return
    if (this.#ends.isUndoing) return journal.flush()
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
      return this.#ends.undo(bodyOf<Undoing>(entry), entry.atMs)
    }
    const op = this.outstanding.get(entry.seq)
    if (op === undefined) {
      const what = this.over === undefined ? 'has not begun it' : 'has ended'
      const next = toTitle(entry.kind, entry.name)
      return this.fault(this.#sequence.differs(`the journal goes on with ${next}, the function ${what}`))
    }
    this.history.step()
    this.#give(op, entry.atMs, bodyOf<Settled>(entry))
    this.schedule()
  }

  #live(): void {
    if (!this.isPast && this.#ends.mustStop()) return
    const settlement = this.#outcomes.shift() ?? (this.over === undefined ? this.#underWay.look(this.note) : undefined)
    if (settlement !== undefined) {
      this.#deliver(settlement)
      return this.schedule()
    }
    if (this.over !== undefined) return this.#underWay.isBusy ? undefined : this.#ends.close(this.over)
    this.journal.flush()
    if (this.outstanding.size === 0) return this.fault(awaitsElsewhere())
    if (this.#begin()) return this.#alarm.set(this.#nextDueMs(), this.shared.now)
    this.#ends.wait([...this.outstanding.values()], this.#nextDueMs())
  }

  /** Begins what is to be done; true when something is under way, or this host ends. */
  #begin(): boolean {
    const isDraining = this.shared.isDraining()
    const isBusy = this.#underWay.begin(isDraining ? undefined : (op) => this.#act(op))
    if (isDraining && !isBusy) void this.journal.durable().then(() => this.lose())
    return isBusy || isDraining
  }

  #nextDueMs(): number | undefined {
    return this.#underWay.nextDueMs(this.isPast ? undefined : this.record.deadlineMs)
  }

  async #act(op: Operation): Promise<void> {
    if (!this.journal.isDurable) await this.journal.durable()
    if (isClosed(op.branch)) {
      op.running = undefined
      return
    }
    const record = this.undoOf(op.seq)
    if (record !== undefined) record.begun = true
    try {
      const acted = await (op.act as NonNullable<Operation['act']>)(op)
      if (acted === undefined) op.active = false
      else {
        op.isEnding = true
        this.#outcomes.push('op' in acted ? acted : { op, body: acted })
      }
    } catch (error) {
      if (this.journal.isHeld) this.fault(error)
    }
    op.running = undefined
    if (this.#ends.isUndoing) return this.settleLate()
    // The function has been waiting since the last turn, so this may be one, unless something else has just happened.
    if (!this.#scheduled) this.turn()
  }

  /** What was done has to be known when it is undone, though the function does not hear of it. */
  settleLate(): void {
    this.root.closed = true
    for (const late of this.#outcomes.splice(0)) this.#deliver(late)
  }

  undoOf(seq: number): UndoRecord | undefined {
    return this.#undoBySeq.get(seq)
  }
  /** It was taken back already. */
  forgetUndo(record: UndoRecord): void {
    const index = this.undos.indexOf(record)
    if (index >= 0) this.undos.splice(index, 1)
    this.#undoBySeq.delete(record.seq)
  }

  #deliver({ op, body, text, consumed, written }: Settlement): void {
    if (!this.outstanding.has(op.seq)) return
    if (consumed !== undefined) this.journal.consume(consumed)
    const { seq, kind, name } = op
    if (written !== undefined) this.#give(op, written.atMs, bodyOf<Settled>(written))
    else this.#give(op, this.journal.add(seq, kind, name, text ?? JSON.stringify(body)), body)
    this.mayHaveBegun = false
  }

  /** Gives an outcome to the function. */
  #give(op: Operation, atMs: number, body: Settled): void {
    this.timeMs = atMs
    this.outstanding.delete(op.seq)
    const record = this.undoOf(op.seq)
    if (record !== undefined) {
      record.settled = body
      record.calls = body.calls ?? []
    }
    if (op.kind === 'point' && body.error === undefined) this.isPast = true
    if (isClosed(op.branch)) return
    if (body.error !== undefined) return op.reject(fromErrorDocument(body.error))
    const { present } = op.begin
    op.resolve(present === undefined ? body.ok : present(body.ok))
  }

  #finish(over: Over): void {
    if (this.root.closed || this.over !== undefined) return
    this.over = over
    this.schedule()
  }
  /** Ends this run; the next one begins with an input of its own. */
  continueAs(next: unknown): Promise<never> {
    this.#finish({ next })
    return never()
  }

  /** Only a person can mend it. */
  park(reason: string, message: string, seq?: number): void {
    this.#ends.park(reason, message, seq)
  }
  /** The same for something that was thrown by mistake. */
  fault(error: unknown): void {
    this.#ends.fault(error)
  }
}
