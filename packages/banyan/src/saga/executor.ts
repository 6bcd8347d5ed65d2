/**
 * Advances the runs of one service on one host: takes what is due, as many as there is room for; says that it lives; lets go when it
 * ends. Any number of hosts do the same: whoever takes a run has it, and every write is fenced.
 *
 * A host that cannot say that it lives stops all it does before its lease is over, by its own monotonic clock: so when others take its
 * runs over, nothing of it goes on; and if it was stopped in the middle (SIGSTOP), its writes are refused.
 */
import { equalJitterMs, loopBackoff } from '../bus/backoff.ts'
import { toOneLine } from '../bus/operator-log.ts'
import { createWaits } from '../bus/waits.ts'
import type { NewSaga, SagaStarted, Taken, TakenSaga } from '../store/sagas.ts'
import { createGroupWriter, type GroupWriter } from './group-writer.ts'
import type { SagaHost } from './host.ts'
import { SagaRun } from './run.ts'
import type { RunShared } from './run-journal.ts'
import type { SagaShape } from './shape.ts'

/** How long a host counts as alive without saying so, in milliseconds. */
export const sagaLeaseMs = 10_000
/** Runs at a time, of one service on one host. */
export const maxActive = 256
/** Runs that wait and are kept in memory, so that they go on without a replay; the least recently used go first. */
export const maxCached = 1_000
/** The longest time between two looks, in milliseconds; also how late another host's messages may be seen. */
export const pollMs = 1_000
/** How long runs have to come to a stop at the end of a host, in milliseconds. */
const ownMargin = 0.8

/** How an executor is doing. */
export interface ExecutorStatus {
  readonly active: number
  readonly cached: number
  readonly taken: number
  readonly replayed: number
  readonly lost: number
  readonly commits: number
  readonly writes: number
  readonly state: 'stopped' | 'running' | 'away'
  readonly lastError: string | undefined
}

/** See the top of the file. */
export class SagaExecutor {
  readonly #host: SagaHost
  readonly #shapes: ReadonlyMap<string, SagaShape>
  readonly #shared: RunShared
  readonly #writer: GroupWriter
  readonly #waits: ReturnType<typeof createWaits>
  readonly #beatWaits: ReturnType<typeof createWaits>
  readonly #active = new Map<string, SagaRun>()
  readonly #cached = new Map<string, SagaRun>()
  readonly #maxActive: number
  readonly #counts = { taken: 0, replayed: 0, lost: 0 }
  #offsetMs = 0
  #aliveUntilMs = 0
  #stopping = false
  #loops: Promise<unknown> | undefined
  #lastError: string | undefined
  #unlisten: (() => void)[] = []
  #idle: (() => void) | undefined

  constructor(host: SagaHost, sagas: readonly SagaShape[], options: { readonly maxActive?: number } = {}) {
    this.#host = host
    this.#shapes = new Map(sagas.map((saga) => [toKind(saga), saga]))
    this.#maxActive = options.maxActive ?? maxActive
    const { environment, store, holder } = host
    this.#writer = createGroupWriter({ environment, sagas: store.sagas, holder, mayRepeat: () => this.#isAlive() })
    this.#shared = { host, writer: this.#writer, now: () => environment.clock.monotonic() + this.#offsetMs }
    this.#waits = createWaits(environment.timers)
    this.#beatWaits = createWaits(environment.timers)
  }

  get shared(): RunShared {
    return this.#shared
  }
  shapeOf(name: string, version: number): SagaShape | undefined {
    return this.#shapes.get(toKind({ name, version }))
  }

  status(): ExecutorStatus {
    const { commits, writes } = this.#writer.counts
    const state = this.#loops === undefined ? 'stopped' : this.#isAlive() ? 'running' : 'away'
    const [active, cached] = [this.#active.size, this.#cached.size]
    return { active, cached, ...this.#counts, commits, writes, state, lastError: this.#lastError }
  }

  start(): void {
    if (this.#loops !== undefined || this.#shapes.size === 0) return
    this.#stopping = false
    const { sagas } = this.#host.store
    this.#unlisten = [
      sagas.onDue((ids) => {
        for (const id of ids)
          void this.#active
            .get(id)
            ?.poke()
            .catch(() => undefined)
        this.#waits.wake()
      }),
    ]
    this.#loops = Promise.all([this.#beats(), this.#takes()])
  }

  /** Takes nothing more; what runs has `withinMs` for the step it is at. Then everything is let go. */
  async stop(withinMs: number): Promise<void> {
    if (this.#loops === undefined) return
    this.#stopping = true
    this.#waits.interrupt()
    for (const unlisten of this.#unlisten) unlisten()
    await this.#drain(withinMs)
    for (const run of this.#active.values()) run.lose()
    this.#beatWaits.interrupt()
    await this.#loops
    this.#loops = undefined
    this.#cached.clear()
    await this.#host.store.sagas.release(this.#host.holder).catch((error: unknown) => this.#fail(error))
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
    const isHeld =
      !this.#stopping &&
      this.#isAlive() &&
      this.#active.size < this.#maxActive &&
      this.shapeOf(saga.name, saga.version) !== undefined
    const started = await this.#writer.start(saga, isHeld)
    if (isHeld && started.isNew) this.#advance(this.#toTaken(saga))
    else if (started.isNew) this.#waits.wake()
    return started
  }

  #toTaken({ timeoutMs, correlations: _, ...saga }: NewSaga): TakenSaga {
    const nowMs = Math.floor(this.#shared.now())
    return {
      saga: {
        ...saga,
        state: 'running',
        epoch: 1,
        holder: this.#host.holder,
        length: 0,
        mail: 0,
        dueMs: undefined,
        note: '',
        startedMs: nowMs,
        deadlineMs: timeoutMs === undefined ? undefined : nowMs + timeoutMs,
        changedMs: nowMs,
        endedMs: undefined,
        outcome: undefined,
        next: undefined,
      },
      entries: [],
      messages: [],
    }
  }

  #isAlive(): boolean {
    return this.#host.environment.clock.monotonic() < this.#aliveUntilMs
  }

  async #beats(): Promise<void> {
    const { environment, store, holder } = this.#host
    for (let failures = 0; !this.#stopping || this.#active.size > 0; ) {
      const beganMs = environment.clock.monotonic()
      try {
        const held = new Map([...this.#active].map(([id, run]) => [id, run.journal.read]))
        const { reaped, mail, nowMs } = await store.sagas.beat(holder, sagaLeaseMs, held)
        this.#setClock(nowMs)
        this.#aliveUntilMs = beganMs + sagaLeaseMs * ownMargin
        failures = 0
        for (const id of mail)
          void this.#active
            .get(id)
            ?.poke()
            .catch(() => undefined)
        if (reaped > 0) this.#waits.wake()
        if (!this.#stopping) await this.#beatWaits.pause(sagaLeaseMs / 3)
        else if (this.#active.size > 0) await this.#beatWaits.pause(sagaLeaseMs / 3)
      } catch (error) {
        this.#fail(error)
        failures += 1
        if (!this.#isAlive()) this.#loseAll()
        if (this.#stopping) return
        await this.#beatWaits.pause(Math.min(sagaLeaseMs / 6, equalJitterMs(loopBackoff, failures, environment.random)))
      }
    }
  }

  /** Others may have taken everything over. */
  #loseAll(): void {
    for (const run of this.#active.values()) run.lose()
    this.#cached.clear()
  }

  async #takes(): Promise<void> {
    const { environment } = this.#host
    for (let failures = 0; !this.#stopping; ) {
      const room = this.#maxActive - this.#active.size
      if (room <= 0 || !this.#isAlive()) {
        await this.#waits.idle(pollMs)
        continue
      }
      try {
        const found = await this.#take(room)
        failures = 0
        if (found.taken.length > 0 && found.more) continue
        await this.#waits.idle(Math.max(1, Math.min(pollMs, found.nextInMs ?? pollMs)))
      } catch (error) {
        this.#fail(error)
        failures += 1
        await this.#waits.pause(equalJitterMs(loopBackoff, failures, environment.random))
      }
    }
  }

  async #take(limit: number): Promise<Taken> {
    const { store, holder } = this.#host
    const known = new Map([...this.#cached].map(([id, run]) => [id, run.journal.length]))
    const kinds = [...this.#shapes.values()].map(({ name, version }) => ({ name, version }))
    const found = await store.sagas.take({ holder, kinds, limit, known })
    this.#setClock(found.nowMs)
    for (const taken of found.taken) {
      this.#counts.taken += 1
      this.#advance(taken)
    }
    return found
  }

  #setClock(nowMs: number): void {
    this.#offsetMs = nowMs - this.#host.environment.clock.monotonic()
  }

  #advance(taken: TakenSaga): void {
    const { id } = taken.saga
    const cached = this.#cached.get(id)
    this.#cached.delete(id)
    if (cached !== undefined && cached.journal.length === taken.saga.length && taken.entries.length === 0) {
      this.#active.set(id, cached)
      return void this.#follow(cached, cached.resume(taken))
    }
    if (cached !== undefined) return void this.#reload(taken)
    this.#open(taken)
  }

  #open(taken: TakenSaga): void {
    const { id, name, version } = taken.saga
    const shape = this.shapeOf(name, version)
    // Nothing else is asked for.
    if (shape === undefined) return
    if (taken.entries.length > 0) this.#counts.replayed += 1
    const run = new SagaRun(this.#shared, shape, taken)
    this.#active.set(id, run)
    void this.#follow(run, run.advance())
  }

  /** Somebody else has written meanwhile: what is in memory is worth nothing, and the whole journal is needed. */
  async #reload({ saga }: TakenSaga): Promise<void> {
    const { sagas } = this.#host.store
    const { id } = saga
    try {
      const [entries, messages] = await Promise.all([
        sagas.entries(id, 0, Number.MAX_SAFE_INTEGER),
        sagas.messages(id, 0),
      ])
      if (!this.#stopping) this.#open({ saga, entries, messages })
    } catch (error) {
      // It stays ours without going on; the next beat of this host's end lets it go.
      this.#fail(error)
      await this.#waits.pause(pollMs)
      if (!this.#stopping) await this.#reload({ saga, entries: [], messages: [] })
    }
  }

  async #follow(run: SagaRun, end: Promise<string>): Promise<void> {
    const how = await end
    if (this.#active.get(run.id) === run) this.#active.delete(run.id)
    if (how === 'waiting' && !this.#stopping) this.#cache(run)
    if (how === 'lost') this.#counts.lost += 1
    if (this.#active.size === 0) this.#idle?.()
    if (this.#active.size === this.#maxActive - 1) this.#waits.wake()
  }

  #cache(run: SagaRun): void {
    this.#cached.set(run.id, run)
    if (this.#cached.size <= maxCached) return
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

function toKind({ name, version }: { readonly name: string; readonly version: number }): string {
  return `${name}@${version}`
}
