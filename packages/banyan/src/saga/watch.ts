/**
 * Looks for runs of a service that should go on and do not: each host that runs its sagas does so now and then. A run is stuck when it is parked,
 * or is due or held without an entry for longer than its saga says (`stuckMs`); also when no host has code for it. Each is
 * logged once; how many there are stands in the status and in the metrics; so with flows that are late. Runs that have ended are removed after a week.
 */
import { toOneLine } from '../bus/operator-log.ts'
import { createWaits } from '../bus/waits.ts'
import type { Environment } from '../core/environment/environment.ts'
import type { SagaSummary, Sagas } from '../store/sagas.ts'
import type { Log } from '../telemetry/log.ts'
import { type FlowLateness, FlowWatch } from './flow-watch.ts'
import { noteOf } from './journal.ts'
import type { SagaShape } from './shape.ts'

/** How often is looked, in milliseconds. */
export const sagaWatchMs = 30_000
/** A look over very many runs takes long; then it is made less often, so that at most this part of the time goes into looking. */
const share = 1 / 20
/** Without an entry for so long a run that should go on is stuck, in milliseconds, unless its saga says otherwise. */
export const sagaStuckMs = 300_000
/** Runs that one look reads of those that are stuck, and of those that are parked. */
export const maxStuckRead = 200
/** How long a run that has ended is kept, in milliseconds: a week. */
export const keepEndedMs = 604_800_000
/** Ended runs that are removed at a time, and how often in one look. */
const maxTrimmed = 1_000
const maxTrims = 200
/** Runs that are remembered as logged; the oldest are forgotten first. */
const maxLogged = 10_000

/** Why a run does not go on. */
export type StuckReason = 'parked' | 'no code here' | 'nobody takes it' | 'no entry'

/** A run that does not go on. */
export interface StuckSaga {
  readonly id: string
  readonly name: string
  readonly version: number
  readonly key: string
  readonly why: StuckReason
  /** Since when, in milliseconds since 1970. */
  readonly sinceMs: number
}

/** What the last look has found. */
export interface SagaWatchStatus {
  /** Without those that are parked. At most {@link maxStuckRead}. */
  readonly stuck: number
  readonly parked: number
  /** The oldest of both. */
  readonly oldest: readonly StuckSaga[]
  /** How many instances of each flow are late. */
  readonly flows: readonly FlowLateness[]
  /** By the database's clock; undefined before the first look. */
  readonly lookedMs: number | undefined
}

/** Runs that the status names. */
const maxShown = 20

/** What a watch stands on. */
export interface SagaWatchOptions {
  readonly environment: Environment
  readonly service: string
  readonly sagas: Pick<Sagas, 'list' | 'now' | 'trim'>
  readonly shapes: readonly SagaShape[]
  readonly log: Log
}

/** See the top of the file. */
export interface SagaWatch {
  start(): void
  stop(): Promise<void>
  status(): SagaWatchStatus
  /** Looks now. */
  look(): Promise<readonly StuckSaga[]>
}

/** Makes a watch over the runs of one service; it looks every {@link sagaWatchMs} once it is started. */
export function createSagaWatch(options: SagaWatchOptions): SagaWatch {
  const watch = new Watch(options)
  return {
    start: () => watch.start(),
    stop: () => watch.stop(),
    status: () => watch.status,
    look: () => watch.look(),
  }
}

class Watch {
  status: SagaWatchStatus = { stuck: 0, parked: 0, oldest: [], flows: [], lookedMs: undefined }
  readonly #options: SagaWatchOptions
  readonly #waits: ReturnType<typeof createWaits>
  /** How long runs of a saga and version may be without an entry. */
  readonly #patience: ReadonlyMap<string, number>
  readonly #flows: FlowWatch
  readonly #logged = new Set<string>()
  #stopped = false
  #loop: Promise<void> | undefined
  #lastError = ''

  constructor(options: SagaWatchOptions) {
    this.#options = options
    this.#waits = createWaits(options.environment.timers)
    this.#flows = new FlowWatch(options)
    this.#patience = new Map(options.shapes.map((shape) => [toKind(shape), shape.stuckMs ?? sagaStuckMs]))
  }

  start(): void {
    this.#stopped = false
    this.#loop ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#waits.interrupt()
    await this.#loop
    this.#loop = undefined
  }

  async #run(): Promise<void> {
    const { clock } = this.#options.environment
    while (!this.#stopped) {
      const beganMs = clock.monotonic()
      try {
        await this.look()
        await this.#trim()
        this.#lastError = ''
      } catch (error) {
        this.#fail(toOneLine(error))
      }
      const tookMs = clock.monotonic() - beganMs
      if (!this.#stopped) await this.#waits.pause(Math.max(sagaWatchMs, tookMs / share))
    }
  }

  #fail(error: string): void {
    const { log, service } = this.#options
    if (error !== this.#lastError) log.warn('sagas cannot be watched, tries again', { service, error })
    this.#lastError = error
  }

  async #trim(): Promise<void> {
    for (let trims = 0; trims < maxTrims && !this.#stopped; trims++)
      if ((await this.#options.sagas.trim(keepEndedMs, maxTrimmed)) < maxTrimmed) return
  }

  async look(): Promise<readonly StuckSaga[]> {
    const { sagas } = this.#options
    const nowMs = await sagas.now()
    const stuck = await this.#findStuck(nowMs)
    const page = await sagas.list({ states: ['parked'], limit: maxStuckRead })
    const parked = page.sagas.flatMap((run) => this.#toStuck(run, nowMs) ?? [])
    const all = [...stuck, ...parked].sort((one, other) => one.sinceMs - other.sinceMs)
    for (const one of all) this.#say(one, reasonOf(page.sagas, one), nowMs)
    const oldest = all.slice(0, maxShown)
    const flows = await this.#flows.look(nowMs)
    this.status = { stuck: stuck.length, parked: parked.length, oldest, flows, lookedMs: nowMs }
    return all
  }

  /** Those that are held are found by their last entry, which the list does not give: each patience is asked for by itself. */
  async #findStuck(nowMs: number): Promise<readonly StuckSaga[]> {
    const found = new Map<string, StuckSaga>()
    for (const stuckMs of new Set([...this.#patience.values(), sagaStuckMs])) {
      const { sagas: runs } = await this.#options.sagas.list({ stuckMs, limit: maxStuckRead })
      for (const run of runs) {
        const one = this.#patienceOf(run) === stuckMs ? this.#toStuck(run, nowMs) : undefined
        if (one !== undefined && one.why !== 'parked') found.set(run.id, one)
      }
    }
    return [...found.values()]
  }

  #patienceOf(run: SagaSummary): number {
    return this.#patience.get(toKind(run)) ?? sagaStuckMs
  }

  #toStuck(run: SagaSummary, nowMs: number): StuckSaga | undefined {
    const { id, name, version, key, state, holder, changedMs, dueMs = changedMs } = run
    const which = { id, name, version, key }
    if (state === 'parked') return { ...which, why: 'parked', sinceMs: changedMs }
    if (holder !== undefined) return { ...which, why: 'no entry', sinceMs: changedMs }
    if (dueMs > nowMs - this.#patienceOf(run)) return undefined
    return { ...which, why: this.#patience.has(toKind(run)) ? 'nobody takes it' : 'no code here', sinceMs: dueMs }
  }

  #say({ id, name, key, why, sinceMs }: StuckSaga, reason: string | undefined, nowMs: number): void {
    const of = `${id} ${why} ${why === 'parked' ? sinceMs : ''}`
    if (this.#logged.has(of)) return
    this.#logged.add(of)
    if (this.#logged.size > maxLogged) this.#logged.delete(this.#logged.values().next().value as string)
    const { log, service } = this.#options
    const more = reason === undefined ? {} : { reason }
    const seconds = Math.round((nowMs - sinceMs) / 1_000)
    const look = `banyan saga show ${id}`
    log.warn('a saga does not go on', { service, saga: name, key, id, why, ...more, seconds, look })
  }
}

const toKind = ({ name, version }: { readonly name: string; readonly version: number }): string => `${name}@${version}`

function reasonOf(parked: readonly SagaSummary[], { id }: StuckSaga): string | undefined {
  const run = parked.find((one) => one.id === id)
  return run === undefined ? undefined : noteOf(run.note).parked?.reason
}
