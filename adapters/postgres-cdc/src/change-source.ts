/**
 * `createChangeSource`: the changes of another PostgreSQL database as events of a service.
 *
 * The position is committed with the events, in the service's own database, and the server hears of it only afterwards. So a
 * crash at any moment repeats nothing and loses nothing. Any number of copies may run; one reads, under a lease.
 */
import { type BanyanError, fromUnknown, isBanyanError, sleep } from 'banyan/core'
import { emptyProgress, type Progress } from './apply/progress.ts'
import { isRefusal } from './errors.ts'
import { prepare, runAttempt, withSource } from './lifecycle/attempt.ts'
import { underLease } from './lifecycle/lease.ts'
import { type ChangeSourceState, type ChangeSourceStatus, readStatus } from './lifecycle/status.ts'
import { type ChangeSourceOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { noteFault } from './state/faults.ts'
import { changeSourceMigrations } from './state/schema.ts'
import { SourceStateTable } from './state/source-state.ts'

/** A source of changes. */
export interface ChangeSource {
  /**
   * Applies the adapter's migrations to the service's database, looks at the source, and begins to work in the background.
   * Rejects with what is wrong with the source (reason `CDC_…`, with a hint); a source that is merely away is waited for.
   */
  start(): Promise<void>
  /** Finishes the transaction under way and lets the next reader in. */
  stop(): Promise<void>
  readonly state: ChangeSourceState
  status(): Promise<ChangeSourceStatus>
  /** Resolves when it ends: with the refusal that ended it, or undefined after `stop`. Never rejects. */
  readonly ended: Promise<BanyanError | undefined>
}

/** Times between attempts after an outage: doubled from the first up to the last, each with jitter of a half. */
const firstBackoffMs = 100
const lastBackoffMs = 10_000

/**
 * Makes a source; nothing happens before `start`.
 *
 * Guarantees: the events of one change, and of changes of one row, come in the order of the source's commits; each change is
 * published exactly once, whatever crashes; rows that were there before come first, as `read`, with no change missing or
 * doubled between them and the stream. Errors: INVALID_ARGUMENT `CDC_OPTIONS`.
 *
 * @example
 * const source = createChangeSource({
 *   name: 'crm', url: 'postgresql://cdc:…@crm.example/crm', tables: ['customer'],
 *   into: store, system: 'shop', service: 'customers',
 *   toEvent: (change, publish) => {
 *     if (change.op === 'truncate') throw new Error('nobody truncates customers')
 *     const id = String(change.key['id'])
 *     if (change.op === 'delete') publish(Customers.events.removed, { id })
 *     else publish(Customers.events.changed, { id, name: String(change.new['name']) })
 *   },
 * })
 * await source.start()
 */
export function createChangeSource(options: ChangeSourceOptions): ChangeSource {
  return createSource(resolveOptions(options))
}

/** The same from options that are complete. */
export function createSource(options: ResolvedOptions): ChangeSource {
  return new Source(options)
}

class Source implements ChangeSource {
  readonly #options: ResolvedOptions
  readonly #table: SourceStateTable
  readonly #progress: Progress = emptyProgress()
  readonly #stop = new AbortController()
  readonly #ended = Promise.withResolvers<BanyanError | undefined>()
  #started: Promise<void> | undefined
  #state: ChangeSourceState = 'idle'
  #lastError: Error | undefined

  constructor(options: ResolvedOptions) {
    this.#options = options
    this.#table = new SourceStateTable(options.into, options.name, options.slot)
  }

  get state(): ChangeSourceState {
    return this.#state
  }

  get ended(): Promise<BanyanError | undefined> {
    return this.#ended.promise
  }

  start(): Promise<void> {
    this.#started ??= this.#begin()
    return this.#started
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    if (this.#started === undefined) this.#end(undefined)
    await this.#ended.promise
  }

  status(): Promise<ChangeSourceStatus> {
    return readStatus(this.#options, this.#table, this.#progress, { state: this.#state, lastError: this.#lastError })
  }

  async #begin(): Promise<void> {
    this.#state = 'connecting'
    try {
      await this.#options.into.migrate(changeSourceMigrations)
      await this.#look()
    } catch (error) {
      this.#end(fromUnknown(error))
      throw error
    }
    void this.#run()
  }

  /** What is wrong with the source is said at once; that it is away is not wrong. */
  async #look(): Promise<void> {
    const look = withSource(this.#options, this.#stop.signal, (connection, sql) =>
      prepare(this.#options, connection, sql),
    )
    await look.catch((error) => {
      if (isRefusal(error)) throw error
      this.#note(error)
    })
  }

  async #run(): Promise<void> {
    const { random } = this.#options.environment
    let failures = 0
    while (!this.#stop.signal.aborted) {
      const before = this.#progress.commits
      try {
        await this.#attempt()
        failures = 0
      } catch (error) {
        if (isRefusal(error) && !this.#stop.signal.aborted) return this.#refused(error)
        if (this.#stop.signal.aborted) break
        this.#note(error)
        failures = this.#progress.commits > before ? 1 : failures + 1
        const ceilingMs = Math.min(lastBackoffMs, firstBackoffMs * 2 ** Math.min(failures - 1, 20))
        await this.#pause(ceilingMs * (0.5 + random.next() / 2))
      }
    }
    this.#end(undefined)
  }

  async #attempt(): Promise<void> {
    const { leaseMs, environment, name, holder } = this.#options
    const claimedMs = environment.clock.monotonic()
    const state = await this.#table.acquire(holder, leaseMs)
    if (state === undefined) {
      this.#state = 'waiting'
      return this.#pause(Math.min(2_000, leaseMs / 5))
    }
    this.#state = 'connecting'
    this.#progress.state = state
    const context = {
      options: this.#options,
      table: this.#table,
      progress: this.#progress,
      onPhase: (phase: 'snapshot' | 'streaming') => {
        this.#state = phase
      },
    }
    const lease = { name, table: this.#table, environment, leaseMs, epoch: state.epoch, claimedMs }
    try {
      await underLease(lease, this.#stop.signal, (signal) => runAttempt(context, state, signal))
    } catch (error) {
      if (isRefusal(error) || this.#stop.signal.aborted) await this.#release(state.epoch)
      throw error
    }
    if (this.#stop.signal.aborted) await this.#release(state.epoch)
  }

  /** A lease that cannot be given back runs out. */
  async #release(epoch: bigint): Promise<void> {
    await this.#table.release(epoch).catch(() => {})
  }

  #pause(ms: number): Promise<void> {
    return sleep(this.#options.environment.timers, ms, this.#stop.signal).catch(() => {})
  }

  /** Where it stopped is written down first, so that a person may pass over it. */
  async #refused(error: BanyanError): Promise<void> {
    const { into, name } = this.#options
    await noteFault(into, name, error).catch((failed) => this.#options.log(`source ${name}: ${String(failed)}`))
    this.#end(error)
  }

  #note(error: unknown): void {
    this.#lastError = isBanyanError(error) ? error : fromUnknown(error)
    this.#state = 'retrying'
    this.#options.log(`source ${this.#options.name}: ${this.#lastError.message}; trying again`)
  }

  #end(error: BanyanError | undefined): void {
    this.#state = error === undefined ? 'stopped' : 'failed'
    this.#lastError = error ?? this.#lastError
    if (error !== undefined)
      this.#options.log(`source ${this.#options.name} stopped: ${error.message} ${error.hint ?? ''}`)
    this.#ended.resolve(error)
  }
}
