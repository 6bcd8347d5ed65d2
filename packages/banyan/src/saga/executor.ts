/**
 * Advances the runs of one service on one host: takes what is due, as many as there is room for; says that it lives; lets go when it
 * ends. Any number of hosts do the same: whoever takes a run has it, and every write is fenced.
 *
 * A host that cannot say that it lives stops all it does before its lease is over, by its own monotonic clock: so when others take its
 * runs over, nothing of it goes on; and if it was stopped in the middle (SIGSTOP), its writes are refused.
 */
import { equalJitterMs, loopBackoff } from '../bus/backoff.ts'
import { toOneLine } from '../bus/operator-log.ts'
import { sleep } from '../core/environment/timers.ts'
import { BanyanError } from '../core/error.ts'
import type { Beat, NewSaga, SagaStarted, Taken, TakenSaga } from '../store/sagas.ts'
import { createGroupWriter, type GroupWriter } from './group-writer.ts'
import type { SagaHost } from './host.ts'
import { inTime } from './in-time.ts'
import { Lease, sagaLeaseMs } from './lease.ts'
import { Recovery } from './recovery.ts'
import { maxActive, Room } from './room.ts'
import { SagaRun } from './run.ts'
import type { RunShared } from './run-journal.ts'
import type { SagaShape } from './shape.ts'
import { toTaken } from './start.ts'
import { Turns } from './turns.ts'
import { Wake } from './wake.ts'

export { sagaLeaseMs } from './lease.ts'
export { maxActive } from './room.ts'

/** Runs that wait and are kept in memory, so that they go on without a replay; the least recently used go first. */
export const maxCached = 1_000
/** The longest time between two looks, in milliseconds; also how late another host's messages may be seen. */
export const pollMs = 1_000

/** How an executor is doing. */
export interface ExecutorStatus {
  readonly active: number
  readonly cached: number
  readonly taken: number
  readonly replayed: number
  readonly lost: number
  /** Runs that stopped here for a person; of them, because an undo failed. */
  readonly parkedHere: number
  readonly undoFailures: number
  readonly commits: number
  readonly writes: number
  readonly state: 'stopped' | 'running' | 'away'
  readonly lastError: string | undefined
}

/** Bounds that may be set. */
export interface ExecutorOptions {
  readonly maxActive?: number
  readonly maxCached?: number
}

/** See the top of the file. */
export class SagaExecutor {
  readonly #host: SagaHost
  readonly #shapes: ReadonlyMap<string, SagaShape>
  readonly #shared: RunShared
  readonly #writer: GroupWriter
  readonly #lease: Lease
  readonly #wake: Wake
  readonly #active = new Map<string, SagaRun>()
  readonly #cached = new Map<string, SagaRun>()
  readonly #room: Room
  readonly #recovery: Recovery
  readonly #maxCached: number
  readonly #counts = { taken: 0, replayed: 0, lost: 0, parkedHere: 0, undoFailures: 0 }
  #offsetMs: number | undefined
  /** When what is due is looked for again. */
  #idleUntilMs = 0
  #stopping = false
  #loop: Promise<unknown> | undefined
  #lastError: string | undefined
  #unlisten: (() => void)[] = []
  #idle: (() => void) | undefined

  constructor(host: SagaHost, sagas: readonly SagaShape[], options: ExecutorOptions = {}) {
    this.#host = host
    this.#shapes = new Map(sagas.map((saga) => [toKind(saga), saga]))
    this.#room = new Room(sagas, options.maxActive ?? maxActive)
    this.#maxCached = options.maxCached ?? maxCached
    const { environment, store, holder } = host
    const mayAct = (): boolean => this.#lease.isAlive
    this.#writer = createGroupWriter({ environment, sagas: store.sagas, holder, mayRepeat: mayAct })
    this.#shared = {
      host,
      writer: this.#writer,
      turns: new Turns(environment.timers),
      now: () =>
        this.#offsetMs === undefined ? environment.clock.now() : environment.clock.monotonic() + this.#offsetMs,
      mayAct,
      isDraining: () => this.#stopping,
      newestOf: (name) => this.#newestOf(name),
    }
    this.#wake = new Wake(environment.timers)
    this.#recovery = new Recovery(host, {
      mayLetGo: (id) => this.#mayGoOn() && !this.#active.has(id),
      onFault: (error) => this.#fail(error),
    })
    this.#lease = new Lease({
      environment,
      sagas: store.sagas,
      holder,
      held: () => new Map([...this.#active].map(([id, run]) => [id, run.journal.read])),
      holds: () => this.#active.size > 0,
      onBeat: (beat, asked) => this.#heard(beat, asked),
      onAway: () => this.#loseAll(),
      onFault: (error) => this.#fail(error),
    })
  }

  get shared(): RunShared {
    return this.#shared
  }
  shapeOf(name: string, version: number): SagaShape | undefined {
    return this.#shapes.get(toKind({ name, version }))
  }
  #newestOf(name: string): SagaShape | undefined {
    const found = [...this.#shapes.values()].filter((shape) => shape.name === name)
    return found.toSorted((one, other) => other.version - one.version)[0]
  }

  status(): ExecutorStatus {
    const { commits, writes } = this.#writer.counts
    const state = this.#loop === undefined ? 'stopped' : this.#lease.isAway ? 'away' : 'running'
    const [active, cached] = [this.#active.size, this.#cached.size]
    return { active, cached, ...this.#counts, commits, writes, state, lastError: this.#lastError }
  }

  start(): void {
    if (this.#loop !== undefined || this.#shapes.size === 0) return
    this.#stopping = false
    this.#unlisten = [
      this.#host.store.sagas.onDue((ids) => {
        for (const id of ids) this.#poke(id)
        // Of those that are held here there is nothing to take, as a rule; polling is behind it.
        if (
          this.#host.store.sagas.isLocal === true ||
          !ids.every((id) => this.#active.has(id) || this.#room.beginning.has(id))
        )
          this.#wake.wake()
      }),
    ]
    this.#lease.start()
    this.#loop = this.#takes()
  }

  /** Takes nothing more; what runs has `withinMs` for the step it is at. Then everything is let go. */
  async stop(withinMs: number): Promise<void> {
    if (this.#loop === undefined) return
    this.#stopping = true
    this.#wake.wake()
    for (const unlisten of this.#unlisten) unlisten()
    for (const run of this.#active.values()) run.schedule()
    await this.#drain(withinMs)
    for (const run of [...this.#active.values()]) run.lose()
    await this.#lease.stop()
    await this.#loop
    this.#loop = undefined
    for (const run of this.#cached.values()) run.abandon()
    this.#cached.clear()
    const { store, holder, environment } = this.#host
    const released = inTime(environment.timers, sagaLeaseMs, store.sagas.release(holder))
    await released.catch((error: unknown) => this.#fail(error))
  }

  async #drain(withinMs: number): Promise<void> {
    if (this.#active.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#idle = resolve
    const timer = this.#host.environment.timers.after(withinMs, resolve)
    await promise
    timer.cancel()
  }

  /** Starts a run: held here at once when there is room. */
  async begin(saga: NewSaga): Promise<SagaStarted> {
    const shape = this.shapeOf(saga.name, saga.version)
    const isHeld = shape !== undefined && this.#mayGoOn() && this.#room.hasFor(shape)
    if (!isHeld) {
      const started = await this.#writer.start(saga, false)
      if (started.isNew) this.#wake.wake()
      return started
    }
    this.#room.beginning.set(saga.id, shape)
    try {
      const started = await this.#writer.start(saga, true)
      if (started.id === saga.id) await this.#began(saga, started.isNew)
      return started
    } finally {
      this.#room.beginning.delete(saga.id)
    }
  }

  #mayGoOn(): boolean {
    return !this.#stopping && this.#lease.isAlive
  }

  async #began(saga: NewSaga, isNew: boolean): Promise<void> {
    // An answer that was lost: it may have been taken over since.
    const found = isNew ? undefined : await this.#host.store.sagas.find(saga.id)
    const isOurs = isNew || (found?.holder === this.#host.holder && found.epoch === 1)
    if (isOurs && this.#mayGoOn() && !this.#active.has(saga.id))
      this.#advance(toTaken(saga, this.#host.holder, Math.floor(this.#shared.now())))
  }

  #poke(id: string): void {
    const run = this.#active.get(id)
    if (run !== undefined) void run.poke().catch((error: unknown) => this.#fail(error))
  }

  #heard({ reaped, mail, lost, nowMs }: Beat, asked: ReadonlyMap<string, number>): void {
    this.#setClock(nowMs)
    for (const id of mail) this.#poke(id)
    for (const id of lost) {
      const run = this.#active.get(id)
      // What was let go since, or taken again, is not what was asked about.
      if (run === undefined || !asked.has(id) || run.journal.isLettingGo || run.isClosing) continue
      void this.#recheck(run)
    }
    if (reaped > 0) this.#wake.wake()
  }

  /** The store says that it is not ours; what it says now counts, since much may have happened in between. */
  async #recheck(run: SagaRun): Promise<void> {
    const { epoch } = run.record
    const found = await this.#host.store.sagas.find(run.id).catch(() => undefined)
    if (found === undefined || !run.journal.isHeld || run.record.epoch !== epoch) return
    if (found.epoch !== epoch) run.lose()
  }

  /** Others may have taken everything over. */
  #loseAll(): void {
    for (const run of [...this.#active.values()]) run.lose()
    this.#wake.wake()
  }

  async #takes(): Promise<void> {
    const { environment, store } = this.#host
    const isLocal = store.sagas.isLocal === true
    let isSure = true
    for (let failures = 0; !this.#stopping; ) {
      if (this.#room.isFull) {
        await this.#wake.idle(isLocal ? undefined : pollMs)
        continue
      }
      try {
        if (!(await (isLocal ? this.#lease.beat() : this.#lease.ensure()))) throw notAlive()
        if (!isSure) await this.#recovery.findForgotten((id) => this.#isKnown(id))
        isSure = false
        // What is let go from here on may be due before the next look that this one will say.
        this.#idleUntilMs = Number.POSITIVE_INFINITY
        const found = await this.#take()
        isSure = true
        failures = 0
        if (found.taken.length > 0 && found.more) continue
        const nextMs = found.nextInMs === undefined ? undefined : Math.max(1, found.nextInMs)
        const idleMs = isLocal ? nextMs : Math.min(pollMs, nextMs ?? pollMs)
        this.#idleUntilMs = idleMs === undefined ? Number.POSITIVE_INFINITY : this.#shared.now() + idleMs
        await this.#wake.idle(idleMs)
      } catch (error) {
        this.#fail(error)
        failures += 1
        await sleep(environment.timers, this.#stopping ? 0 : equalJitterMs(loopBackoff, failures, environment.random))
      }
    }
  }

  async #take(): Promise<Taken> {
    const { store, holder, environment } = this.#host
    const room = this.#room.toRequest()
    if (room === undefined) return { taken: [], more: false, nextInMs: undefined, nowMs: this.#shared.now() }
    const known = new Map([...this.#cached].map(([id, run]) => [id, run.journal.length]))
    const taking = store.sagas.take({ holder, ...room, known })
    const found = await inTime(environment.timers, sagaLeaseMs / 2, taking)
    this.#setClock(found.nowMs)
    // Too late: what was taken is let go.
    if (this.#stopping) return found
    if (!this.#lease.isAlive) {
      if (found.taken.length > 0) this.#lease.giveUp()
      return found
    }
    for (const taken of found.taken) {
      this.#counts.taken += 1
      this.#advance(taken)
    }
    return found
  }

  /** The database's clock, as of its answers: each is a little old, so the latest of them is the best. */
  #setClock(nowMs: number): void {
    const offsetMs = nowMs - this.#host.environment.clock.monotonic()
    const before = this.#offsetMs
    if (before === undefined || offsetMs > before || offsetMs < before - maxAnswerMs) this.#offsetMs = offsetMs
  }

  #advance(taken: TakenSaga): void {
    const { id, epoch } = taken.saga
    const cached = this.#cached.get(id)
    this.#cached.delete(id)
    if (cached === undefined) return this.#open(taken)
    // Nobody has had it in between, so it stands as it is in memory.
    const isSame = cached.journal.length === taken.saga.length && cached.record.epoch === epoch - 1
    if (isSame) return this.#hold(cached, cached.resume(taken))
    cached.abandon()
    void this.#recovery.letGo(id, epoch)
  }

  #open(taken: TakenSaga): void {
    const shape = this.shapeOf(taken.saga.name, taken.saga.version)
    // Nothing else is asked for.
    if (shape === undefined) return
    if (taken.saga.length > 0) this.#counts.replayed += 1
    const run = new SagaRun(this.#shared, shape, taken)
    this.#hold(run, run.advance())
  }

  #hold(run: SagaRun, end: Promise<string>): void {
    this.#active.set(run.id, run)
    this.#room.enter(run.shape)
    this.#lease.wake()
    void end.then((how) => this.#left(run, how))
  }

  #left(run: SagaRun, how: string): void {
    if (this.#active.get(run.id) === run) this.#active.delete(run.id)
    const wasFull = this.#room.leave(run.shape)
    if (how !== 'lost') this.#recovery.isWell(run.id)
    if (how === 'waiting' && !this.#stopping) {
      this.#cache(run)
      if ((run.journal.dueMs ?? Number.POSITIVE_INFINITY) < this.#idleUntilMs) this.#wake.wake()
    }
    if (how === 'parked') {
      this.#counts.parkedHere += 1
      if (run.note.failed !== undefined) this.#counts.undoFailures += 1
    }
    if (how === 'lost') {
      this.#counts.lost += 1
      if (this.#mayGoOn()) void this.#recovery.letGo(run.id, run.record.epoch)
      else if (!this.#stopping && !this.#lease.isAway) this.#lease.giveUp()
    }
    if (this.#active.size === 0) this.#idle?.()
    if (wasFull) this.#wake.wake()
  }

  /** It is advanced here or about to be: what it comes to is heard of here, unless it is let go or lost. */
  isHere(id: string): boolean {
    return this.#active.has(id) || this.#room.beginning.has(id)
  }
  #isKnown(id: string): boolean {
    if (this.isHere(id)) return true
    this.#cached.get(id)?.abandon()
    this.#cached.delete(id)
    return false
  }

  #cache(run: SagaRun): void {
    this.#cached.set(run.id, run)
    if (this.#cached.size <= this.#maxCached) return
    const [oldest] = this.#cached.keys()
    this.#cached.get(oldest as string)?.abandon()
    this.#cached.delete(oldest as string)
  }

  #fail(error: unknown): void {
    const said = toOneLine(error)
    if (said !== this.#lastError) this.#host.log.warn('sagas cannot be looked after, tries again', { error: said })
    this.#lastError = said
  }
}

/** How much older than another an answer's time may be, in milliseconds; beyond it, the database's clock was set. */
const maxAnswerMs = 250

const notAlive = (): BanyanError =>
  new BanyanError('UNAVAILABLE', 'the database cannot be told that this host lives', { retryable: true })

function toKind({ name, version }: { readonly name: string; readonly version: number }): string {
  return `${name}@${version}`
}
