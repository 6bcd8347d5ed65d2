/**
 * The deliveries of a session: the head of each lane goes to the handler, at most so many at a time, alone or in a batch. What
 * becomes of a failure the judge decides; a batch that failed is taken apart, so that one poison event cannot hold the others.
 * The inbox has the last word on what is done, and the lease on whether it is still ours to do.
 */
import { AlreadyApplied, type Assignment, type DeliveryMark, Fenced } from '../store/inbox.ts'
import { type Attempts, createAttempts } from './attempt.ts'
import { type Batches, createBatches, type Share } from './batches.ts'
import type { LoggedEvent } from './bus.ts'
import type { ResolvedConsumerOptions } from './consumer-options.ts'
import type { ResolvedPolicy } from './delivery-policy.ts'
import type { Judge, Verdict } from './judge.ts'
import type { Lane, Lanes } from './lanes.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import type { ParkedKeys } from './parked-keys.ts'
import type { SessionReport } from './session-report.ts'

/** What deliveries are made of: parts of their session. */
export interface DeliveriesOptions {
  readonly options: ResolvedConsumerOptions
  readonly assignment: Assignment
  readonly policyOf: (type: string) => ResolvedPolicy
  readonly judge: Judge
  readonly lanes: Lanes
  /** Keys of the group that are parked; those that are parked here are added. */
  readonly parkedKeys: ParkedKeys
  /** Why an event is to be parked without being tried; undefined for others. */
  readonly refuse: (event: LoggedEvent) => Verdict | undefined
  readonly lease: LeaseKeeper
  readonly report: SessionReport
  /** The event at this offset is applied, marked before, or parked; its lane has moved on. */
  readonly onFinished: (offset: number) => void
  readonly onFenced: (reason: Fenced) => void
}

const behind: Verdict = { attempts: 0, error: '' }

export class Deliveries {
  readonly #of: DeliveriesOptions
  readonly #options: ResolvedConsumerOptions
  readonly #attempts: Attempts
  readonly #batches: Batches
  readonly #running = new Set<Promise<void>>()
  readonly #retries = new Set<{ cancel(): void }>()
  /** Once handlers are aborted their failures are none. */
  #state: 'open' | 'closed' | 'aborted' = 'open'

  constructor(of: DeliveriesOptions) {
    this.#of = of
    this.#options = of.options
    const { timers } = of.options.environment
    this.#attempts = createAttempts(timers)
    this.#batches = createBatches(
      timers,
      (event) => of.refuse(event) === undefined,
      () => this.dispatch(),
    )
  }

  get running(): number {
    return this.#running.size
  }

  /** Hands out what may go now; goes on by itself as handlers finish and waits end. */
  dispatch(): void {
    while (this.#state === 'open' && this.#running.size < this.#options.concurrency) {
      const next = this.#next()
      if (next === undefined || !this.#of.lease.check()) return
      const run = next()
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
    this.#batches.close()
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

  /** What goes next: a batch whose wait is over, a lane's head, or a batch of what is there. */
  #next(): (() => Promise<void>) | undefined {
    const due = this.#batches.due()
    if (due !== undefined) return () => this.#deliverBatch(due)
    for (let lane = this.#of.lanes.take(); lane !== undefined; lane = this.#of.lanes.take()) {
      const single = lane
      const batch = this.#batchOf(lane)
      if (batch === undefined) return () => this.#deliver(single)
      const full = this.#batches.add(lane, batch)
      if (full !== undefined) return () => this.#deliverBatch(full)
    }
    const ready = this.#batches.ready()
    return ready === undefined ? undefined : () => this.#deliverBatch(ready)
  }

  /** How the head of the lane goes in a batch; undefined when it goes alone. */
  #batchOf(lane: Lane): ResolvedPolicy['batch'] {
    const event = lane.events[0] as LoggedEvent
    const { batch } = this.#of.policyOf(event.type)
    if (batch === undefined || lane.alone > 0 || lane.failures + lane.outages > 0) return undefined
    const toPark =
      lane.verdict !== undefined || this.#of.parkedKeys.has(lane.key) || this.#of.refuse(event) !== undefined
    return toPark ? undefined : batch
  }

  /** Never rejects. */
  async #deliverBatch(shares: readonly Share[]): Promise<void> {
    const { handleBatch, handlerTimeoutMs } = this.#options
    const events = shares.flatMap((share) => share.events)
    const marks = events.map((event) => this.#markOf(event))
    try {
      await this.#attempts.run((signal) => handleBatch(events, 1, marks, signal), handlerTimeoutMs)
      this.#of.report.counts.applied += events.length
      for (const share of shares) this.#finish(share.lane, share.events)
    } catch (error) {
      if (this.#state === 'aborted') return
      if (error instanceof Fenced && !(await this.#of.lease.confirm())) return
      for (const { lane, events: own } of shares) {
        lane.alone = own.length
        this.#of.lanes.again(lane)
      }
    }
  }

  /** Never rejects. */
  async #deliver(lane: Lane): Promise<void> {
    const event = lane.events[0] as LoggedEvent
    try {
      await this.#apply(lane, event)
      this.#finish(lane, [event])
    } catch (error) {
      if (error instanceof AlreadyApplied && (await this.#isSettled(event))) this.#finish(lane, [event])
      else if (this.#state !== 'aborted') await this.#fail(lane, event, error)
    }
  }

  async #apply(lane: Lane, event: LoggedEvent): Promise<void> {
    if (await this.#parked(lane, event)) return
    const { handle, handleBatch, handlerTimeoutMs } = this.#options
    const mark = this.#markOf(event)
    const attempt = lane.failures + lane.outages + 1
    const inBatches = this.#of.policyOf(event.type).batch !== undefined
    await this.#attempts.run(
      (signal) => (inBatches ? handleBatch([event], attempt, [mark], signal) : handle(event, attempt, mark, signal)),
      handlerTimeoutMs,
    )
    this.#of.report.counts.applied += 1
  }

  #markOf(event: LoggedEvent): DeliveryMark {
    const { group, source, epoch } = this.#of.assignment
    return { group, source, epoch, eventId: event.id, offset: event.offset, key: event.key }
  }

  /** Parks the event if it is to be parked; false when it is to be applied. */
  async #parked(lane: Lane, event: LoggedEvent): Promise<boolean> {
    const { parkedKeys, refuse } = this.#of
    lane.parking = true
    if (lane.verdict === undefined && parkedKeys.has(lane.key))
      if (await parkedKeys.behind(lane.key, () => this.#park(event, behind))) return true
    const verdict = lane.verdict ?? refuse(event)
    if (verdict !== undefined) await parkedKeys.first(lane.key, () => this.#park(event, verdict))
    lane.parking = false
    return verdict !== undefined
  }

  async #park(event: LoggedEvent, { attempts, error }: Verdict): Promise<void> {
    const { report } = this.#of
    const { type, envelope, key, id } = event
    await this.#options.inbox.park(this.#markOf(event), { type, envelope, attempts, error })
    report.counts.parked += 1
    if (error !== '') report.warn('event parked; its key waits', { type, key, event: id, attempts, error })
  }

  #finish(lane: Lane, events: readonly LoggedEvent[]): void {
    this.#of.lanes.done(lane, events.length)
    for (const event of events) this.#of.onFinished(event.offset)
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
      if ((await inbox.parkedOf(group, source, event.key, 1)).length > 0) parkedKeys.add(event.key)
      report.counts.skipped += 1
      return true
    })
    return settled === true
  }

  async #fail(lane: Lane, event: LoggedEvent, error: unknown): Promise<void> {
    if (error instanceof Fenced && !(await this.#of.lease.confirm())) return
    if (lane.parking) return this.#retryParking(lane, event, error)
    try {
      lane.verdict = await this.#of.judge.judge(event, lane, error)
    } catch (failure) {
      return this.#of.onFenced(failure as Fenced)
    }
    if (lane.verdict === undefined) this.#retryLater(lane, event)
    else this.#of.lanes.again(lane)
  }

  #retryParking(lane: Lane, event: LoggedEvent, error: unknown): void {
    this.#of.report.note(error)
    lane.outages += 1
    this.#retryLater(lane, event)
  }

  /** Puts the lane back after the wait for so many failures; its place is free meanwhile. */
  #retryLater(lane: Lane, event: LoggedEvent): void {
    if (this.#state !== 'open') return
    const timer = this.#options.environment.timers.after(this.#of.judge.waitMs(event.type, lane), () => {
      this.#retries.delete(timer)
      this.#of.lanes.again(lane)
      this.dispatch()
    })
    this.#retries.add(timer)
  }
}
