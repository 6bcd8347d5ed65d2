/**
 * The deliveries of a session: the head of each lane goes to the handler, at most so many at a time, and what becomes of a
 * failure is decided here: once more after a wait, or parked. The inbox has the last word on what is done, and the lease on
 * whether it is still ours to do.
 */
import { AlreadyApplied, type Assignment, type DeliveryMark, Fenced } from '../store/inbox.ts'
import { type Attempts, createAttempts } from './attempt.ts'
import { fullJitterMs } from './backoff.ts'
import type { LoggedEvent } from './bus.ts'
import type { ResolvedConsumerOptions } from './consumer-options.ts'
import type { Lane, Lanes } from './lanes.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import { toOneLine } from './operator-log.ts'
import type { SessionReport } from './session-report.ts'

/** What deliveries are made of: parts of their session. */
export interface DeliveriesOptions {
  readonly options: ResolvedConsumerOptions
  readonly assignment: Assignment
  readonly lanes: Lanes
  /** Keys of the group that are parked; those that are parked here are added. */
  readonly parkedKeys: Set<string>
  readonly lease: LeaseKeeper
  readonly report: SessionReport
  /** The event at this offset is applied, marked before, or parked; its lane has moved on. */
  readonly onFinished: (offset: number) => void
  readonly onFenced: (reason: Fenced) => void
}

export class Deliveries {
  readonly #of: DeliveriesOptions
  readonly #options: ResolvedConsumerOptions
  readonly #attempts: Attempts
  readonly #running = new Set<Promise<void>>()
  readonly #retries = new Set<{ cancel(): void }>()
  /** Once handlers are aborted their failures are none. */
  #state: 'open' | 'closed' | 'aborted' = 'open'

  constructor(of: DeliveriesOptions) {
    this.#of = of
    this.#options = of.options
    this.#attempts = createAttempts(of.options.environment.timers)
  }

  get running(): number {
    return this.#running.size
  }

  /** Hands out what may go now; goes on by itself as handlers finish and waits end. */
  dispatch(): void {
    const { lanes, lease } = this.#of
    while (this.#state === 'open' && this.#running.size < this.#options.concurrency) {
      const lane = lanes.take()
      if (lane === undefined || !lease.check()) return
      const run = this.#deliver(lane)
      this.#running.add(run)
      void run.then(() => {
        this.#running.delete(run)
        this.dispatch()
      })
    }
  }

  /** Hands out nothing more. */
  close(): void {
    if (this.#state === 'open') this.#state = 'closed'
    for (const timer of this.#retries) timer.cancel()
    this.#retries.clear()
  }

  /** Ends what runs, too. */
  abort(reason: unknown): void {
    this.#state = 'aborted'
    this.#attempts.abort(reason)
    this.close()
  }

  /** Resolves when what runs now has ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running)
  }

  /** Never rejects. */
  async #deliver(lane: Lane): Promise<void> {
    const event = lane.events[0] as LoggedEvent
    try {
      await this.#apply(lane, event)
      this.#finish(lane, event)
    } catch (error) {
      if (error instanceof AlreadyApplied && (await this.#isSettled(event))) this.#finish(lane, event)
      else if (this.#state !== 'aborted') await this.#fail(lane, event, error)
    }
  }

  async #apply(lane: Lane, event: LoggedEvent): Promise<void> {
    const { handle, handlerTimeoutMs } = this.#options
    const mark = this.#markOf(event)
    if (this.#of.parkedKeys.has(lane.key)) lane.verdict ??= { attempts: 0, error: '' }
    if (lane.verdict !== undefined) return this.#park(lane, event, mark)
    const attempt = lane.failures + lane.outages + 1
    await this.#attempts.run((signal) => handle(event, attempt, mark, signal), handlerTimeoutMs)
    this.#of.report.counts.applied += 1
  }

  #markOf(event: LoggedEvent): DeliveryMark {
    const { group, source, epoch } = this.#of.assignment
    return { group, source, epoch, eventId: event.id, offset: event.offset, key: event.key }
  }

  async #park(lane: Lane, event: LoggedEvent, mark: DeliveryMark): Promise<void> {
    const { report, parkedKeys } = this.#of
    const { type, envelope } = event
    const { attempts, error } = lane.verdict as NonNullable<Lane['verdict']>
    await this.#options.inbox.park(mark, { type, envelope, attempts, error })
    parkedKeys.add(lane.key)
    report.counts.parked += 1
    if (error !== '')
      report.warn('event parked; its key waits', { type, key: lane.key, event: event.id, attempts, error })
  }

  #finish(lane: Lane, event: LoggedEvent): void {
    this.#of.lanes.done(lane)
    this.#of.onFinished(event.offset)
  }

  /**
   * Is it done, as an error says? Errors are known by their reason, and a contract may use the same word, so the inbox has the
   * last say. It also says whether done means parked: the answer to a park may have been lost, and then its key is parked too.
   */
  async #isSettled(event: LoggedEvent): Promise<boolean> {
    const { report, parkedKeys } = this.#of
    const { inbox, group, source } = this.#options
    const settled = await report.guard(async () => {
      if (!(await inbox.marked(group, [event.id])).has(event.id)) return false
      if ((await inbox.parkedKeys(group, source)).has(event.key)) parkedKeys.add(event.key)
      report.counts.skipped += 1
      return true
    })
    return settled === true
  }

  async #fail(lane: Lane, event: LoggedEvent, error: unknown): Promise<void> {
    if (error instanceof Fenced && !(await this.#of.lease.confirm())) return
    if (lane.verdict !== undefined) this.#retryParking(lane, error)
    else await this.#judge(lane, event, error)
  }

  /** Counts the failure and decides: try again after a wait, or park. */
  async #judge(lane: Lane, event: LoggedEvent, error: unknown): Promise<void> {
    const { retry, isTerminal } = this.#options
    this.#of.report.counts.failed += 1
    const text = toOneLine(error)
    try {
      await this.#count(lane, event, error, text)
    } catch (failure) {
      if (failure instanceof Fenced) return this.#of.onFenced(failure)
      this.#of.report.note(failure)
      lane.outages += 1
    }
    const attempts = lane.failures + lane.outages
    const over = lane.failures >= retry.maxAttempts || lane.outages >= retry.maxOutageAttempts
    if (over || isTerminal(error)) lane.verdict = { attempts, error: text }
    if (lane.verdict === undefined) this.#retryLater(lane, attempts)
    else this.#of.lanes.again(lane)
  }

  async #count(lane: Lane, event: LoggedEvent, error: unknown, text: string): Promise<void> {
    if (this.#options.isOutage(error)) lane.outages += 1
    else lane.failures = await this.#options.inbox.failed(this.#of.assignment, event.id, text)
  }

  #retryParking(lane: Lane, error: unknown): void {
    this.#of.report.note(error)
    lane.outages += 1
    this.#retryLater(lane, lane.outages)
  }

  /** Puts the lane back after the wait for so many failures; its place is free meanwhile. */
  #retryLater(lane: Lane, failures: number): void {
    if (this.#state !== 'open') return
    const { environment, retry } = this.#options
    const timer = environment.timers.after(fullJitterMs(retry, failures, environment.random), () => {
      this.#retries.delete(timer)
      this.#of.lanes.again(lane)
      this.dispatch()
    })
    this.#retries.add(timer)
  }
}
