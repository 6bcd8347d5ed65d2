/**
 * One assignment at work: reads the log after the cursor, hands events to their lanes, lanes to the handler, and moves the
 * low-water mark behind them. It ends when it is told to stop or when the assignment is lost; a new assignment is a new
 * session, so nothing of an old epoch is ever carried over.
 */
import { BanyanError } from '../core/error.ts'
import { AlreadyApplied, type Assignment, type DeliveryMark, Fenced } from '../store/inbox.ts'
import { type Attempts, createAttempts } from './attempt.ts'
import { equalJitterMs, fullJitterMs, loopBackoff } from './backoff.ts'
import type { LoggedEvent } from './bus.ts'
import type { ResolvedConsumerOptions } from './consumer-options.ts'
import { createIntake, type Intake } from './intake.ts'
import { createLanes, type Lane } from './lanes.ts'
import { createLeaseKeeper, type LeaseKeeper } from './lease-keeper.ts'
import { toOneLine } from './operator-log.ts'
import { createProgress, type Progress } from './progress.ts'
import { createWaits } from './waits.ts'

/** What has been done, over all sessions of a consumer. */
export interface ConsumerCounts {
  applied: number
  /** Marked before, or of a type without subscription. */
  skipped: number
  /** Failed attempts of handlers. */
  failed: number
  /** Events parked, those that wait behind one included. */
  parked: number
  /** Failures of our own work: reading, renewing, advancing. */
  errors: number
  lastError: string | undefined
}

export class Session {
  readonly #options: ResolvedConsumerOptions
  readonly #assignment: Assignment
  readonly #counts: ConsumerCounts
  readonly #lease: LeaseKeeper
  readonly #attempts: Attempts
  readonly #progress: Progress
  readonly #intake: Intake
  readonly #lanes = createLanes()
  readonly #waits: ReturnType<typeof createWaits>
  readonly #running = new Set<Promise<void>>()
  readonly #retries = new Set<{ cancel(): void }>()
  #pollMs: number
  #fetchFailures = 0
  #starved = false
  /** Handlers were aborted because the time to stop was over; their failures are none. */
  #aborted = false
  #state: 'running' | 'stopping' | 'lost' = 'running'

  constructor(options: ResolvedConsumerOptions, assignment: Assignment, claimedMs: number, counts: ConsumerCounts) {
    this.#options = options
    this.#assignment = assignment
    this.#counts = counts
    this.#attempts = createAttempts(options.environment.timers)
    this.#waits = createWaits(options.environment.timers)
    this.#progress = createProgress(options, assignment)
    this.#intake = createIntake(options, assignment, this.#lanes, this.#progress.lowWater)
    this.#pollMs = options.idlePollMs
    this.#lease = createLeaseKeeper({
      ...options,
      assignment,
      claimedMs,
      onLost: (reason) => this.#lose(reason),
      onError: (error) => this.#note(error),
    })
  }

  /** Where it stands, for status. */
  get progress(): {
    readonly cursor: number
    readonly position: number
    readonly buffered: number
    readonly running: number
  } {
    return {
      cursor: this.#progress.lowWater.mark(),
      position: this.#intake.position,
      buffered: this.#lanes.size,
      running: this.#running.size,
    }
  }

  wake(): void {
    this.#waits.wake()
  }

  /** Works until it is stopped or lost; what was applied is behind the mark when it resolves, if that could be written. */
  async run(): Promise<void> {
    while (this.#state === 'running') await this.#turn()
    await Promise.allSettled(this.#running)
    this.#lease.end()
    if (this.#state === 'stopping') await this.#guard(() => this.#writeProgress())
  }

  /** Hands out nothing more; handlers have `withinMs` to finish, then they are aborted. */
  stop(withinMs: number): void {
    if (this.#state !== 'running') return
    this.#state = 'stopping'
    this.#end()
    const timer = this.#options.environment.timers.after(withinMs, () => {
      this.#aborted = true
      this.#attempts.abort(new BanyanError('CANCELLED', 'the consumer stops', { outcome: 'unknown' }))
    })
    void Promise.allSettled(this.#running).then(() => timer.cancel())
  }

  async #turn(): Promise<void> {
    const more = await this.#guard(() => this.#fetch())
    this.#dispatch()
    if (this.#progress.isDue()) await this.#guard(() => this.#writeProgress())
    if (this.#state !== 'running' || more === true) return
    if (more === undefined) {
      this.#fetchFailures += 1
      await this.#waits.pause(equalJitterMs(loopBackoff, this.#fetchFailures, this.#options.environment.random))
      return
    }
    this.#fetchFailures = 0
    const unwritten = this.#progress.isBehind() || this.#lanes.size > 0
    await this.#waits.idle(unwritten ? Math.min(this.#pollMs, this.#options.advanceEveryMs) : this.#pollMs)
    this.#pollMs = Math.min(this.#pollMs * 2, this.#options.idlePollMs * 4)
  }

  /** Runs work of our own; undefined when it failed. */
  async #guard<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work()
    } catch (error) {
      this.#note(error)
      return undefined
    }
  }

  #note(error: unknown): void {
    const text = toOneLine(error)
    if (text !== this.#counts.lastError) this.#warn('consumer failed, tries again', { error: text })
    this.#counts.errors += 1
    this.#counts.lastError = text
  }

  async #fetch(): Promise<boolean> {
    const before = { position: this.#intake.position, skipped: this.#intake.skipped }
    const outcome = await this.#intake.fetch()
    this.#starved = outcome === 'starved'
    this.#counts.skipped += this.#intake.skipped - before.skipped
    if (this.#intake.position > before.position) this.#pollMs = this.#options.idlePollMs
    return outcome === 'full'
  }

  #dispatch(): void {
    while (this.#state === 'running' && this.#running.size < this.#options.concurrency) {
      const lane = this.#lanes.take()
      if (lane === undefined || !this.#lease.check()) return
      const run = this.#deliver(lane)
      this.#running.add(run)
      void run.then(() => {
        this.#running.delete(run)
        this.#dispatch()
      })
    }
  }

  /** Never rejects. */
  async #deliver(lane: Lane): Promise<void> {
    const event = lane.events[0] as LoggedEvent
    try {
      await this.#apply(lane, event)
      this.#finish(lane, event)
    } catch (error) {
      if (error instanceof AlreadyApplied && (await this.#isSettled(event))) {
        this.#finish(lane, event)
      } else if (this.#state !== 'lost' && !this.#aborted) await this.#fail(lane, event, error)
    }
  }

  /**
   * Is it done, as an error says? Errors are known by their reason, and a contract may use the same word, so the inbox has the
   * last say. It also says whether done means parked: the answer to a park may have been lost, and then its key is parked too.
   */
  async #isSettled(event: LoggedEvent): Promise<boolean> {
    const { inbox, group, source } = this.#options
    const settled = await this.#guard(async () => {
      if (!(await inbox.marked(group, [event.id])).has(event.id)) return false
      if ((await inbox.parkedKeys(group, source)).has(event.key)) this.#intake.parkedKeys.add(event.key)
      this.#counts.skipped += 1
      return true
    })
    return settled === true
  }

  async #fail(lane: Lane, event: LoggedEvent, error: unknown): Promise<void> {
    if (error instanceof Fenced && !(await this.#lease.confirm())) return
    if (lane.verdict !== undefined) this.#retryParking(lane, error)
    else await this.#judge(lane, event, error)
  }

  async #apply(lane: Lane, event: LoggedEvent): Promise<void> {
    const { handle, handlerTimeoutMs } = this.#options
    const mark = this.#markOf(event)
    if (this.#intake.parkedKeys.has(lane.key)) lane.verdict ??= { attempts: 0, error: '' }
    if (lane.verdict !== undefined) return this.#park(lane, event, mark)
    const attempt = lane.failures + lane.outages + 1
    await this.#attempts.run((signal) => handle(event, attempt, mark, signal), handlerTimeoutMs)
    this.#counts.applied += 1
  }

  #markOf(event: LoggedEvent): DeliveryMark {
    const { group, source, epoch } = this.#assignment
    return { group, source, epoch, eventId: event.id, offset: event.offset, key: event.key }
  }

  async #park(lane: Lane, event: LoggedEvent, mark: DeliveryMark): Promise<void> {
    const { type, envelope } = event
    const { attempts, error } = lane.verdict as NonNullable<Lane['verdict']>
    await this.#options.inbox.park(mark, { type, envelope, attempts, error })
    this.#intake.parkedKeys.add(lane.key)
    this.#counts.parked += 1
    if (error !== '')
      this.#warn('event parked; its key waits', { type, key: lane.key, event: event.id, attempts, error })
  }

  #finish(lane: Lane, event: LoggedEvent): void {
    this.#progress.lowWater.finished(event.offset)
    this.#lanes.done(lane)
    if (this.#starved && this.#lanes.size <= this.#options.maxBuffered / 2) this.wake()
  }

  /** Counts the failure and decides: try again after a wait, or park. */
  async #judge(lane: Lane, event: LoggedEvent, error: unknown): Promise<void> {
    const { retry, isTerminal } = this.#options
    this.#counts.failed += 1
    const text = toOneLine(error)
    try {
      await this.#count(lane, event, error, text)
    } catch (failure) {
      if (failure instanceof Fenced) return this.#lose(failure)
      this.#note(failure)
      lane.outages += 1
    }
    const attempts = lane.failures + lane.outages
    const over = lane.failures >= retry.maxAttempts || lane.outages >= retry.maxOutageAttempts
    if (over || isTerminal(error)) lane.verdict = { attempts, error: text }
    if (lane.verdict === undefined) this.#retryLater(lane, attempts)
    else this.#lanes.again(lane)
  }

  async #count(lane: Lane, event: LoggedEvent, error: unknown, text: string): Promise<void> {
    if (this.#options.isOutage(error)) lane.outages += 1
    else lane.failures = await this.#options.inbox.failed(this.#assignment, event.id, text)
  }

  #retryParking(lane: Lane, error: unknown): void {
    this.#note(error)
    lane.outages += 1
    this.#retryLater(lane, lane.outages)
  }

  /** Puts the lane back after the wait for so many failures; its place is free meanwhile. */
  #retryLater(lane: Lane, failures: number): void {
    if (this.#state !== 'running') return
    const { environment, retry } = this.#options
    const timer = environment.timers.after(fullJitterMs(retry, failures, environment.random), () => {
      this.#retries.delete(timer)
      this.#lanes.again(lane)
      this.#dispatch()
    })
    this.#retries.add(timer)
  }

  async #writeProgress(): Promise<void> {
    if (await this.#progress.write()) return
    this.#lose(new Fenced(`group '${this.#assignment.group}' on '${this.#assignment.source}'`))
  }

  #lose(reason: unknown): void {
    if (this.#state === 'lost') return
    this.#state = 'lost'
    this.#warn('consumer lost its assignment', { reason: toOneLine(reason) })
    this.#attempts.abort(reason)
    this.#end()
  }

  #end(): void {
    for (const timer of this.#retries) timer.cancel()
    this.#retries.clear()
    this.#waits.interrupt()
  }

  #warn(message: string, fields: Readonly<Record<string, unknown>>): void {
    const { group, source } = this.#assignment
    this.#options.log.warn(message, { group, source, ...fields })
  }
}
