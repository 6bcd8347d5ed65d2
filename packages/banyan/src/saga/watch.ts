/**
 * Looks for runs of a service that should go on and do not: each host that runs its sagas does so now and then. A run is stuck when it is parked,
 * or is due or held without an entry for longer than its saga says (`stuckMs`); also when no host has code for it. Each is
 * logged once; how many there are stands in the status and in the metrics. Runs that have ended are removed after a week.
 */
import { toOneLine } from '../bus/operator-log.ts'
import { createWaits } from '../bus/waits.ts'
import type { Environment } from '../core/environment/environment.ts'
import type { SagaSummary, Sagas } from '../store/sagas.ts'
import type { Log } from '../telemetry/log.ts'
import { noteOf } from './journal.ts'
import type { SagaShape } from './shape.ts'

/** How often is looked, in milliseconds. */
export const sagaWatchMs = 30_000
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

export function createSagaWatch({ environment, service, sagas, shapes, log }: SagaWatchOptions): SagaWatch {
  const waits = createWaits(environment.timers)
  const logged = new Set<string>()
  const patience = new Map(shapes.map(({ name, version, stuckMs }) => [`${name}@${version}`, stuckMs ?? sagaStuckMs]))
  const shortest = Math.min(sagaStuckMs, ...patience.values())
  let status: SagaWatchStatus = { stuck: 0, parked: 0, oldest: [], lookedMs: undefined }
  let stopped = false
  let loop: Promise<void> | undefined

  function toStuck(run: SagaSummary, nowMs: number): StuckSaga | undefined {
    const { id, name, version, key, state, holder } = run
    const of = `${name}@${version}`
    const sinceMs = holder === undefined ? (run.dueMs ?? run.changedMs) : run.changedMs
    const which = { id, name, version, key, sinceMs }
    if (state === 'parked') return { ...which, why: 'parked' }
    if (holder === undefined && sinceMs > nowMs - (patience.get(of) ?? sagaStuckMs)) return undefined
    if (holder !== undefined) return { ...which, why: 'no entry' }
    return { ...which, why: patience.has(of) ? 'nobody takes it' : 'no code here' }
  }

  /** Those that are held are found by their last entry, which the list does not give: each patience is asked for by itself. */
  async function findStuck(nowMs: number): Promise<readonly StuckSaga[]> {
    const found = new Map<string, StuckSaga>()
    for (const stuckMs of new Set([shortest, ...patience.values(), sagaStuckMs])) {
      const { sagas: runs } = await sagas.list({ stuckMs, limit: maxStuckRead })
      for (const run of runs) {
        if ((patience.get(`${run.name}@${run.version}`) ?? sagaStuckMs) !== stuckMs) continue
        const one = toStuck(run, nowMs)
        if (one !== undefined) found.set(run.id, one)
      }
    }
    return [...found.values()]
  }

  async function look(): Promise<readonly StuckSaga[]> {
    const nowMs = await sagas.now()
    const stuck = await findStuck(nowMs)
    const page = await sagas.list({ states: ['parked'], limit: maxStuckRead })
    const parked = page.sagas.flatMap((run) => toStuck(run, nowMs) ?? [])
    const all = [...stuck.filter(({ why }) => why !== 'parked'), ...parked].sort((a, b) => a.sinceMs - b.sinceMs)
    for (const one of all)
      say(
        one,
        page.sagas.find(({ id }) => id === one.id),
        nowMs,
      )
    const oldest = all.slice(0, maxShown)
    status = { stuck: all.length - parked.length, parked: parked.length, oldest, lookedMs: nowMs }
    return all
  }

  function say({ id, name, key, why, sinceMs }: StuckSaga, run: SagaSummary | undefined, nowMs: number): void {
    const of = `${id} ${why} ${why === 'parked' ? sinceMs : ''}`
    if (logged.has(of)) return
    logged.add(of)
    if (logged.size > maxLogged) logged.delete(logged.values().next().value as string)
    const reason = run === undefined ? undefined : noteOf(run.note).parked?.reason
    const more = reason === undefined ? {} : { reason }
    const seconds = Math.round((nowMs - sinceMs) / 1_000)
    log.warn('a saga does not go on', {
      service,
      saga: name,
      key,
      id,
      why,
      ...more,
      seconds,
      look: `banyan saga show ${id}`,
    })
  }

  async function trim(): Promise<void> {
    for (let trims = 0; trims < maxTrims && !stopped; trims++)
      if ((await sagas.trim(keepEndedMs, maxTrimmed)) < maxTrimmed) return
  }

  async function run(): Promise<void> {
    let lastError = ''
    while (!stopped) {
      try {
        await look()
        await trim()
        lastError = ''
      } catch (error) {
        const said = toOneLine(error)
        if (said !== lastError) log.warn('sagas cannot be watched, tries again', { service, error: said })
        lastError = said
      }
      if (!stopped) await waits.pause(sagaWatchMs)
    }
  }

  return {
    start() {
      stopped = false
      loop ??= run()
    },
    async stop() {
      stopped = true
      waits.interrupt()
      await loop
      loop = undefined
    },
    status: () => status,
    look,
  }
}
