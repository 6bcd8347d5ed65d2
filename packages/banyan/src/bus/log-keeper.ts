/**
 * Looks after the log, now and then: drops what is past its retention, tells who is in the way, and audits what lies on this
 * host's side: the sources it relays and the groups it consumes. Who relays a source looks after it, so the relay's lease is
 * this one's too; two at once, around a take-over, do no harm.
 *
 * Nothing depends on it in the short run. A round that fails is told and the next one comes.
 */
import { auditGroup, type GroupAudit } from './audit-group.ts'
import { type Audited, createAuditRuns } from './audit-runs.ts'
import { auditSource, type SourceAudit } from './audit-source.ts'
import { foreignGroup, parkForeign } from './foreign.ts'
import type { LogReader, Pin } from './keeping.ts'
import type { AuditStatus, KeptGroup, KeptSource, LogKeeperOptions, LogKeeperStatus } from './log-keeper-options.ts'
import { type OperatorLog, silentLog, toOneLine } from './operator-log.ts'
import { createWaits } from './waits.ts'

export type * from './log-keeper-options.ts'

/** Something that looks after the log. */
export interface LogKeeper {
  start(): void
  /** Resolves when the round that runs has ended, or after `withinMs`. */
  stop(withinMs: number): Promise<void>
  /** One round, now. */
  round(): Promise<void>
  status(): LogKeeperStatus
}

/**
 * Makes a keeper of the log; one in each host.
 *
 * @example
 * // `keeping` is the bus's.
 * const keeper = createLogKeeper({
 *   environment,
 *   keeping,
 *   sources: [{ source: 'orders', outbox: store.outbox, isOurs: () => true }],
 *   groups: [],
 *   rules: [{ source: 'orders', type: 'orders.placed.v1', ageMs: 30 * 86_400_000 }],
 * })
 * keeper.start()
 * // Who keeps what from going:
 * keeper.status().pinned // []
 * await keeper.stop(1_000)
 */
export function createLogKeeper(options: LogKeeperOptions): LogKeeper {
  const keeper = new Keeper(options)
  return {
    start: () => keeper.start(),
    stop: (withinMs) => keeper.stop(withinMs),
    round: () => keeper.round(),
    status: () => keeper.status(),
  }
}

class Keeper {
  readonly #options: LogKeeperOptions
  readonly #log: OperatorLog
  readonly #waits: ReturnType<typeof createWaits>
  readonly #auditRows: number
  /** Per group: audited up to here. */
  readonly #audited = new Map<string, number>()
  readonly #sources = new Map<string, AuditStatus<SourceAudit>>()
  readonly #groups = new Map<string, AuditStatus<GroupAudit>>()
  readonly #audits = createAuditRuns()
  readonly #dropped = { segments: 0, events: 0 }
  #pinned: readonly Pin[] = []
  #readers: readonly LogReader[] = []
  #held = 0
  #foreignParked = 0
  #rounds = 0
  #errors = 0
  #lastError: string | undefined
  #stopping = false
  #running: Promise<void> | undefined

  constructor(options: LogKeeperOptions) {
    this.#options = options
    this.#log = options.log ?? silentLog
    this.#waits = createWaits(options.environment.timers)
    this.#auditRows = options.auditRows ?? 5_000
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async stop(withinMs: number): Promise<void> {
    this.#stopping = true
    this.#waits.interrupt()
    const late = Promise.withResolvers<void>()
    const timer = this.#options.environment.timers.after(withinMs, late.resolve)
    await Promise.race([this.#running, late.promise])
    timer.cancel()
  }

  status(): LogKeeperStatus {
    return {
      rounds: this.#rounds,
      dropped: { ...this.#dropped },
      pinned: this.#pinned,
      held: this.#held,
      foreignParked: this.#foreignParked,
      readers: this.#readers,
      sources: Object.fromEntries(this.#sources),
      groups: Object.fromEntries(this.#groups),
      audits: this.#audits.all(),
      errors: this.#errors,
      lastError: this.#lastError,
    }
  }

  async #run(): Promise<void> {
    const { environment, everyMs = 60_000 } = this.#options
    while (!this.#stopping) {
      // Spread, so that hosts that started together do not come together.
      await this.#waits.pause((0.5 + environment.random.next()) * everyMs)
      if (!this.#stopping) await this.round()
    }
  }

  async round(): Promise<void> {
    this.#lastError = undefined
    const ours = this.#options.sources.filter((source) => source.isOurs())
    // Before retention: what goes must have been parked.
    for (const source of ours)
      await this.#guard(`messages of others in '${source.source}'`, () => this.#parkForeign(source))
    await this.#guard('retention', () => this.#retain(ours.map(({ source }) => source)))
    for (const source of this.#options.sources)
      if (ours.includes(source))
        await this.#audit(`audit of '${source.source}'`, source, () => this.#auditSource(source))
      else this.#audits.forget({ source: source.source })
    for (const group of this.#options.groups)
      await this.#audit(`audit of group '${group.group}' on '${group.source}'`, group, () => this.#auditGroup(group))
    this.#rounds += 1
  }

  async #audit(what: string, audited: Audited, work: () => Promise<void>): Promise<void> {
    const error = await this.#guard(what, work)
    if (error !== undefined) this.#audits.failed(audited, error)
  }

  async #retain(sources: readonly string[]): Promise<void> {
    const { keeping, rules = [], fallback = {}, types, readerTtlMs } = this.#options
    const ttl = readerTtlMs === undefined ? {} : { readerTtlMs }
    const options = { rules, fallback, sources, ...(types === undefined ? {} : { types }), ...ttl }
    const report = await keeping.retain(options)
    this.#dropped.segments += report.segments
    this.#dropped.events += report.events
    this.#held = report.held
    for (const pin of report.pinned)
      if (!this.#pinned.some(({ source, group }) => source === pin.source && group === pin.group))
        this.#log.warn('events past their retention wait for a reader', { ...pin })
    this.#pinned = report.pinned
    this.#readers = (await keeping.readers()).filter(({ source }) => sources.includes(source))
  }

  async #auditSource(source: KeptSource): Promise<void> {
    const audit = await auditSource({ ...source, keeping: this.#options.keeping }, this.#auditRows)
    const { missing, duplicated, inverted } = audit ?? { missing: 0, duplicated: 0, inverted: 0 }
    this.#audits.done({ source: source.source }, { missing, duplicated, inverted }, this.#nowMs())
    if (audit === undefined) return
    const isFaulty = missing > 0 || duplicated > 0 || inverted > 0
    this.#note(this.#sources, source.source, audit, isFaulty)
    if (isFaulty) this.#log.warn('the log is not what its source committed', { source: source.source, ...audit })
  }

  async #parkForeign({ source, foreign }: KeptSource): Promise<void> {
    if (foreign === undefined) return
    const parked = await parkForeign({ ...foreign, source, keeping: this.#options.keeping })
    this.#foreignParked += parked
    if (parked === 0) return
    const message = 'messages in the log are no events of their source; they are parked'
    this.#log.warn(message, { source, group: foreignGroup, parked })
  }

  async #auditGroup(group: KeptGroup): Promise<void> {
    const name = `${group.group} ${group.source}`
    const lowWater = group.lowWater()
    const from = this.#audited.get(name)
    if (lowWater === undefined) {
      this.#audits.forget(group)
      return void this.#audited.delete(name)
    }
    // What was passed before this host began may have been passed under other subscriptions.
    if (from === undefined || from > lowWater) return void this.#audited.set(name, lowWater)
    const after = Math.max(from, lowWater - this.#auditRows)
    const audit = await auditGroup({ ...group, keeping: this.#options.keeping }, after, lowWater, this.#auditRows)
    this.#audited.set(name, audit.to)
    this.#audits.done(group, { unmarked: audit.unmarked }, this.#nowMs())
    this.#note(this.#groups, name, audit, audit.unmarked > 0)
    if (audit.unmarked > 0)
      this.#log.warn('a group has passed events without applying them', {
        source: group.source,
        group: group.group,
        ...audit,
      })
  }

  #note<Audit>(audits: Map<string, AuditStatus<Audit>>, name: string, last: Audit, isFaulty: boolean): void {
    audits.set(name, { last, faulty: (audits.get(name)?.faulty ?? 0) + (isFaulty ? 1 : 0) })
  }

  #nowMs(): number {
    return this.#options.environment.clock.now()
  }

  /** The error, when it failed. */
  async #guard(what: string, work: () => Promise<void>): Promise<string | undefined> {
    try {
      await work()
      return undefined
    } catch (thrown) {
      const error = toOneLine(thrown)
      this.#errors += 1
      this.#lastError = `${what}: ${error}`
      this.#log.warn('looking after the log failed, tries again with the next round', { what, error })
      return error
    }
  }
}
