/**
 * The consumer: applies the events of one source for one group, each once, in order per key, different keys in parallel.
 *
 * The right to do so is an assignment in the consumer's own database, with an epoch that every effect's transaction checks. So
 * a host that was paused, lost its assignment and wakes can still run handlers, but none of them can commit.
 */

import type { Assignment } from '../store/inbox.ts'
import { equalJitterMs, loopBackoff } from './backoff.ts'
import {
  type ConsumerOptions,
  type Prelude,
  type ResolvedConsumerOptions,
  resolveConsumerOptions,
} from './consumer-options.ts'
import { toOneLine } from './operator-log.ts'
import { Session } from './session.ts'
import type { ConsumerCounts } from './session-report.ts'
import { createWaits } from './waits.ts'

/** How a consumer is doing. */
export interface ConsumerStatus extends Readonly<ConsumerCounts> {
  readonly group: string
  /** The service whose events it reads. */
  readonly source: string
  /** `waiting`: another host has the assignment, or it cannot be asked for; `lastError` says why. */
  readonly state: 'stopped' | 'waiting' | 'assigned'
  readonly epoch: number | undefined
  /** Everything up to this offset is done; compare with `bus.end(source)` for the lag. */
  readonly cursor: number
  /** Read up to this offset. */
  readonly position: number
  readonly buffered: number
  readonly running: number
}

/** A running consumer. */
export interface Consumer {
  start(): void
  /** Look now. A hint. */
  wake(): void
  /**
   * Reads and hands out nothing more, lets running handlers finish for `withinMs` (default 10 000), then aborts them, writes
   * the low-water mark and lets the assignment go.
   */
  stop(options?: { readonly withinMs?: number }): Promise<void>
  status(): ConsumerStatus
}

/** How long to wait before asking again for an assignment that somebody else holds. */
const heldRetryMs = 1_000
/** What a stop has after its handlers: for the last advance and the release. */
const afterHandlersMs = 5_000

/**
 * Makes a consumer; any number may run for the same group and source, and one of them works.
 *
 * @example
 * const consumer = createConsumer({
 *   environment, group: 'orders', source: 'payments', inbox: store.inbox, bus, holder: environment.random.uuidv7(),
 *   subscriptions: new Set(['payments.captured.v1']),
 *   handle: (event, attempt, delivery, signal) => store.transact(async (tx) => { tx.publish(event) }, { delivery, signal }),
 * })
 * consumer.start()
 * await consumer.stop()
 */
export function createConsumer(options: ConsumerOptions): Consumer {
  const loop = new ConsumerLoop(resolveConsumerOptions(options))
  return {
    start: () => loop.start(),
    wake: () => loop.wake(),
    stop: (how = {}) => loop.stop(how.withinMs ?? 10_000),
    status: () => loop.status(),
  }
}

class ConsumerLoop {
  readonly #options: ResolvedConsumerOptions
  readonly #waits: ReturnType<typeof createWaits>
  readonly #counts: ConsumerCounts = {
    applied: 0,
    skipped: 0,
    failed: 0,
    parked: 0,
    replayed: 0,
    errors: 0,
    lastError: undefined,
  }
  #running: Promise<void> | undefined
  #unsubscribe: () => void = () => undefined
  #stopping = false
  #withinMs = 0
  #assignment: Assignment | undefined
  #session: Session | Prelude | undefined
  /** To be given back before the next claim, so that no epoch is used for two sessions. */
  #unreleased: Assignment | undefined
  #failures = 0

  constructor(options: ResolvedConsumerOptions) {
    this.#options = options
    this.#waits = createWaits(options.environment.timers)
  }

  start(): void {
    if (this.#running !== undefined) return
    this.#unsubscribe = this.#options.bus.onAppend((source) => {
      if (source === this.#options.source) this.wake()
    })
    this.#running = this.#run()
  }

  wake(): void {
    if (this.#session instanceof Session) this.#session.wake()
  }

  async stop(withinMs: number): Promise<void> {
    if (this.#running === undefined) return
    this.#stopping = true
    this.#withinMs = withinMs
    this.#unsubscribe()
    this.#session?.stop(withinMs)
    this.#waits.interrupt()
    const late = Promise.withResolvers<void>()
    const timer = this.#options.environment.timers.after(withinMs + afterHandlersMs, late.resolve)
    await Promise.race([this.#running, late.promise])
    timer.cancel()
  }

  status(): ConsumerStatus {
    const idle = {
      cursor: this.#assignment?.cursor ?? 0,
      position: this.#assignment?.cursor ?? 0,
      buffered: 0,
      running: 0,
    }
    const busy = this.#session === undefined ? 'waiting' : 'assigned'
    const { group, source } = this.#options
    return {
      group,
      source,
      ...this.#counts,
      ...(this.#session?.progress ?? idle),
      state: this.#running === undefined ? 'stopped' : busy,
      epoch: this.#session === undefined ? undefined : this.#assignment?.epoch,
    }
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const claimedMs = this.#options.environment.clock.monotonic()
      const assignment = await this.#claim()
      if (assignment !== undefined) await this.#work(assignment, claimedMs)
      if (!this.#stopping) await this.#rest()
    }
    this.#running = undefined
  }

  async #claim(): Promise<Assignment | undefined> {
    const { inbox, bus, group, source, holder, leaseMs, startAt } = this.#options
    try {
      if (this.#unreleased !== undefined) await inbox.release(this.#unreleased)
      this.#unreleased = undefined
      const from = startAt === 'now' ? await bus.end(source) : 0
      const assignment = await inbox.claim(group, source, holder, leaseMs, from)
      this.#failures = 0
      return assignment
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  /** One session; afterwards the assignment is given back, so that the next claim, also our own, has a new epoch. */
  async #work(assignment: Assignment, claimedMs: number): Promise<void> {
    this.#assignment = assignment
    const begun = await this.#begin(assignment, claimedMs)
    if (begun !== undefined)
      await this.#runPart(new Session(this.#options, begun.assignment, begun.claimedMs, this.#counts))
    this.#unreleased = assignment
    try {
      await this.#options.inbox.release(assignment)
      this.#unreleased = undefined
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Lets the prelude work, if there is one, and keeps the assignment for the session; undefined when there is to be none. */
  async #begin(
    assignment: Assignment,
    claimedMs: number,
  ): Promise<{ readonly assignment: Assignment; readonly claimedMs: number } | undefined> {
    const prelude = this.#options.prelude?.({ assignment, claimedMs, counts: this.#counts, options: this.#options })
    if (prelude === undefined) return { assignment, claimedMs }
    if (!(await this.#runPart(prelude)) || this.#stopping) return undefined
    const keptMs = this.#options.environment.clock.monotonic()
    const kept = await this.#claim()
    // Another host may have had it meanwhile: what the prelude knows is no longer true then.
    return kept?.epoch === assignment.epoch ? { assignment: kept, claimedMs: keptMs } : undefined
  }

  async #runPart(part: Session | Prelude): Promise<boolean> {
    this.#session = part
    if (this.#stopping) part.stop(this.#withinMs)
    const goOn = await part.run()
    this.#assignment = { ...(this.#assignment as Assignment), cursor: part.progress.cursor }
    this.#session = undefined
    return goOn === true
  }

  async #rest(): Promise<void> {
    const { environment, leaseMs } = this.#options
    if (this.#failures > 0) return this.#waits.pause(equalJitterMs(loopBackoff, this.#failures, environment.random))
    await this.#waits.pause((0.5 + environment.random.next()) * Math.min(heldRetryMs, leaseMs / 4))
  }

  #fail(error: unknown): void {
    const text = toOneLine(error)
    const { group, source, log } = this.#options
    if (this.#failures === 0)
      log.warn('consumer cannot get its assignment, tries again', { group, source, error: text })
    this.#failures += 1
    this.#counts.errors += 1
    this.#counts.lastError = text
  }
}
