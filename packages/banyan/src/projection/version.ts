/**
 * One version of a projection in one host: entered in the books, fed while it may be, looked at now and then. What readers see
 * is decided elsewhere (keeper.ts); a version only grows.
 */
import type { Consumer, ConsumerStatus } from '../bus/consumer.ts'
import { isOutage } from '../bus/delivery-policy.ts'
import { toOneLine } from '../bus/operator-log.ts'
import { BanyanError, isBanyanError } from '../core/error.ts'
import { type ProjectionPhase, projectionGroup } from '../store/projections.ts'
import type { StoreTransaction } from '../store/store.ts'
import { type ProjectedEvent, type Projection, sourcesOf } from './define-projection.ts'
import { createFeed, type ProjectionHost } from './feed.ts'
import { assertHistory } from './history.ts'
import { createProgressMeter, type ProjectionProgressReport } from './progress.ts'
import { type ApplyEvents, createApply, orderedBy } from './runs.ts'
import { takeSnapshot } from './snapshot.ts'
import type { ProjectionTarget } from './target.ts'

/** How a version is doing, as this host sees it. */
export interface ProjectionStatus {
  readonly name: string
  readonly version: number
  readonly build: number
  /** `refused`: it cannot be built; `reason` says why. */
  readonly state: ProjectionPhase | 'refused' | 'unknown'
  readonly progress: ProjectionProgressReport | undefined
  readonly reason: string | undefined
}

const stopWithinMs = 10_000

/** See the top of the file. */
export class RunningVersion {
  readonly projection: Projection
  readonly sources: readonly string[]
  readonly #host: ProjectionHost
  readonly #onApplied: (eventIds: readonly string[]) => void
  readonly #types: ReadonlySet<string>
  readonly #applyEvents: ApplyEvents
  readonly #look: () => Promise<ProjectionProgressReport>
  #target: ProjectionTarget<never, unknown> | undefined
  #consumers: readonly Consumer[] = []
  #phase: ProjectionPhase | undefined
  #progress: ProjectionProgressReport | undefined
  #reason: string | undefined

  constructor(host: ProjectionHost, projection: Projection, onApplied: (eventIds: readonly string[]) => void) {
    this.#host = host
    this.projection = projection
    this.sources = sourcesOf(projection)
    this.#onApplied = onApplied
    this.#types = new Set(projection.handlers.map(({ event }) => event.wire))
    this.#applyEvents = createApply(projection)
    const { bus, store, environment } = host
    const meter = createProgressMeter(projection, this.sources, {
      bus,
      projections: store.projections,
      clock: environment.clock,
    })
    this.#look = () => meter.look()
  }

  get target(): ProjectionTarget<never, unknown> | undefined {
    return this.#target
  }
  get phase(): ProjectionPhase | undefined {
    return this.#phase
  }
  get consumers(): readonly Consumer[] {
    return this.#consumers
  }
  get refused(): boolean {
    return this.#reason !== undefined
  }

  status(): ProjectionStatus {
    const { name, version, build = 1 } = this.projection
    const state = this.refused ? 'refused' : (this.#phase ?? 'unknown')
    return { name, version, build, state, progress: this.#progress, reason: this.#reason }
  }
  feeds(): readonly ConsumerStatus[] {
    return this.#consumers.map((consumer) => consumer.status())
  }

  async #open(): Promise<ProjectionTarget<never, unknown>> {
    const { store, service } = this.#host
    this.#target ??= await this.projection.target.open({ service, store })
    return this.#target
  }

  /** Inside a transaction that publishes: applies what this version handles, when it is kept inline. */
  async applyInline(tx: StoreTransaction, events: readonly ProjectedEvent[]): Promise<void> {
    const { projection } = this
    if (projection.mode !== 'inline' || this.#phase === 'dropped') return
    const own = events.filter(({ type }) => this.#types.has(type))
    if (own.length === 0) return
    const { store, service } = this.#host
    const inline = { source: service, eventIds: own.map(({ id }) => id), keys: orderedBy(projection, own) }
    if (!(await store.projections.applyInline(tx, projection, inline))) return
    const target = await this.#open()
    const step = { source: service, lane: '', epoch: 0, offset: 0 }
    await target.apply(projection, step, tx, (inner) => this.#applyEvents(own, inner))
  }

  /** Opens its target and enters it in the books, once; what the books say now. */
  async register(): Promise<ProjectionPhase> {
    const { projection } = this
    const { store } = this.#host
    const target = await this.#open()
    const record = await store.projections.register(projection, projection.target.kind, (tx) =>
      target.prepare(projection, tx, (inner) => create(projection, inner)),
    )
    this.#phase = record.phase
    return record.phase
  }

  /** One look: whether the log has what it needs, whether it is to be fed, how far it is. */
  async turn(): Promise<ProjectionProgressReport | undefined> {
    if ((await this.register()) === 'dropped') {
      await this.stop(stopWithinMs)
      return undefined
    }
    this.#progress = await this.#look()
    if (!(await this.#hasHistory(this.#progress))) return undefined
    this.#feed()
    return this.#progress
  }

  #title(): string {
    const { name, version, build = 1 } = this.projection
    return `'${name}' version ${version}${build === 1 ? '' : ` (build ${build})`}`
  }

  async #hasHistory(progress: ProjectionProgressReport): Promise<boolean> {
    const { history } = this.projection
    if (this.#phase !== 'building' || history === 'available') return true
    try {
      for (const { source, done } of progress.sources) await assertHistory(this.#host.bus, this.#title(), source, done)
      this.#reason = undefined
      return true
    } catch (error) {
      if (!isBanyanError(error) || error.reason !== 'HISTORY_TRIMMED') throw error
      if (await this.#beginWithSnapshot()) return true
      await this.#refuse(toOneLine(error))
      return false
    }
  }

  /** Fills the version from its producer's state, unless it has begun already. */
  async #beginWithSnapshot(): Promise<boolean> {
    const { projection } = this
    const { store, log } = this.#host
    if (projection.snapshot === undefined || (await store.projections.progress(projection)).length > 0) return false
    log.info('a projection begins with a snapshot', { group: projectionGroup(projection) })
    await takeSnapshot(this.#host, projection, await this.#open())
    this.#reason = undefined
    return true
  }

  async #refuse(reason: string): Promise<void> {
    if (this.#reason !== reason)
      this.#host.log.warn('a projection cannot be built', { group: projectionGroup(this.projection), reason })
    this.#reason = reason
    await this.stop(stopWithinMs)
  }

  #feed(): void {
    if (this.#consumers.length > 0 || this.#target === undefined) return
    this.#consumers = createFeed(this.#host, this.projection, this.#target, this.#onApplied)
    for (const consumer of this.#consumers) consumer.start()
  }

  async stop(withinMs: number): Promise<void> {
    const consumers = this.#consumers
    this.#consumers = []
    await Promise.all(consumers.map((consumer) => consumer.stop({ withinMs })))
  }

  async close(): Promise<void> {
    await this.#target?.close()
  }

  /** It was dropped: stops, and gives up what it has open. */
  async end(): Promise<void> {
    await this.stop(stopWithinMs)
    await this.close()
  }
}

/** Runs what makes the tables; what is wrong with them is told by the projection's name. */
async function create(projection: Projection, tx: unknown): Promise<void> {
  try {
    await runCreate(projection, tx)
  } catch (error) {
    if (isOutage(error)) throw error
    const { message, cause } = error as Error
    const why = cause instanceof Error ? cause.message : message
    throw new BanyanError(
      'FAILED_PRECONDITION',
      `projection '${projection.name}' version ${projection.version} cannot be created: ${why}`,
      { reason: 'PROJECTION_NOT_CREATED', cause: error },
    )
  }
}

async function runCreate({ create: given }: Projection, tx: unknown): Promise<void> {
  if (given === undefined) return
  if (typeof given === 'function') return void (await given(tx as never))
  const { sql } = tx as { sql(text: TemplateStringsArray): Promise<unknown> }
  for (const text of given) await sql(Object.assign([text], { raw: [text] }))
}
