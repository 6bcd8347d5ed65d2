/**
 * Replay of parked keys, by whoever holds the assignment. A key's parked events are applied in order, one after the other,
 * while newer events of it go on being parked behind them; so the replay follows them until none is left, and only then does
 * the key flow again. Each event leaves the parked ones in the transaction of its effect. An event that fails again stays, with
 * what is behind it, and ends the replay of its key.
 */

import type { ReplayRequest } from '../store/dead-letters.ts'
import { type Assignment, type DeliveryMark, Fenced, type ParkedEvent } from '../store/inbox.ts'
import { type Attempts, createAttempts } from './attempt.ts'
import type { ResolvedConsumerOptions } from './consumer-options.ts'
import type { ResolvedPolicy } from './delivery-policy.ts'
import type { Judge, Tries } from './judge.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import { createPace, type Pace } from './pace.ts'
import type { ParkedKeys } from './parked-keys.ts'
import type { SessionReport } from './session-report.ts'

/** What replays are made of: parts of their session. */
export interface ReplaysOptions {
  readonly options: ResolvedConsumerOptions
  readonly assignment: Assignment
  readonly policyOf: (type: string) => ResolvedPolicy
  readonly judge: Judge
  readonly parkedKeys: ParkedKeys
  readonly lease: LeaseKeeper
  readonly report: SessionReport
  readonly onFenced: (reason: Fenced) => void
}

/** Parked events of a key that are read at a time. */
const pageSize = 50

export class Replays {
  readonly #of: ReplaysOptions
  readonly #options: ResolvedConsumerOptions
  readonly #attempts: Attempts
  readonly #pace: Pace
  readonly #running = new Map<string, Promise<void>>()
  #lookAtMs = 0
  #looked = false
  #state: 'open' | 'closed' | 'aborted' = 'open'

  constructor(of: ReplaysOptions) {
    this.#of = of
    this.#options = of.options
    const { timers, clock } = of.options.environment
    this.#attempts = createAttempts(timers)
    this.#pace = createPace(clock, timers)
  }

  get running(): number {
    return this.#running.size
  }

  /** Time to look: once at the beginning (a request may have outlived its key), then while keys are parked. */
  isDue(): boolean {
    if (this.#state !== 'open' || (this.#looked && this.#of.parkedKeys.size === 0)) return false
    return this.#options.environment.clock.monotonic() >= this.#lookAtMs
  }

  /** Begins with what is asked for, as far as places are free. */
  async look(): Promise<void> {
    const { inbox, group, source, replayConcurrency, replayPollMs, environment } = this.#options
    this.#lookAtMs = environment.clock.monotonic() + replayPollMs
    const requests = await inbox.replays(group, source, replayConcurrency * 2)
    this.#looked = true
    for (const request of requests)
      if (this.#state === 'open' && this.#running.size < replayConcurrency && !this.#running.has(request.key))
        this.#begin(request)
  }

  /** Begins no further event. */
  close(): void {
    if (this.#state === 'open') this.#state = 'closed'
    this.#pace.close()
  }

  /** Ends what runs, too. */
  abort(reason: unknown): void {
    this.#state = 'aborted'
    this.#pace.close()
    this.#attempts.abort(reason)
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#running.values())
  }

  #begin(request: ReplayRequest): void {
    const run = this.#replayKey(request)
      .catch((error: unknown) => this.#note(error))
      .finally(() => {
        this.#running.delete(request.key)
        this.#lookAtMs = 0
      })
    this.#running.set(request.key, run)
  }

  #isAborted(): boolean {
    return this.#state === 'aborted'
  }

  #note(error: unknown): void {
    if (this.#isAborted()) return
    if (error instanceof Fenced) this.#of.onFenced(error)
    else this.#of.report.note(error)
  }

  async #replayKey(request: ReplayRequest): Promise<void> {
    const { inbox, group, source } = this.#options
    while (this.#state === 'open') {
      const page = await inbox.parkedOf(group, source, request.key, pageSize)
      for (const event of page) if (!(await this.#replay(event, request))) return
      const over = page.length === 0 && (await this.#end(request.key))
      if (over) return
    }
  }

  #end(key: string): Promise<boolean> {
    const { assignment, parkedKeys } = this.#of
    return parkedKeys.leave(key, () => this.#options.inbox.endReplay(assignment, key))
  }

  /** Tries one event until it is applied (true), is not parked any more (true), has failed again, or we end (false). */
  async #replay(event: ParkedEvent, { request, perSecond }: ReplayRequest): Promise<boolean> {
    const tries: Tries = { failures: 0, outages: 0 }
    for (;;) {
      if (!(await this.#pace.next(request, perSecond)) || this.#state !== 'open' || !this.#of.lease.check())
        return false
      try {
        await this.#apply(event, tries.failures + tries.outages + 1)
        this.#of.report.counts.replayed += 1
        return true
      } catch (error) {
        if (this.#isAborted()) return false
        if (await this.#isGone(event)) return true
        if (error instanceof Fenced && !(await this.#of.lease.confirm())) return false
        if (await this.#giveUp(event, tries, error)) return false
      }
    }
  }

  async #apply(parked: ParkedEvent, attempt: number): Promise<void> {
    const { handle, handleBatch, handlerTimeoutMs } = this.#options
    const { eventId: id, source, type, key, offset, envelope } = parked
    const event = { id, source, type, key, offset, envelope }
    const mark = this.#markOf(parked)
    const inBatches = this.#of.policyOf(type).batch !== undefined
    await this.#attempts.run(
      (signal) => (inBatches ? handleBatch([event], attempt, [mark], signal) : handle(event, attempt, mark, signal)),
      handlerTimeoutMs,
    )
  }

  #markOf({ eventId, offset, key }: ParkedEvent): DeliveryMark {
    const { group, source, epoch } = this.#of.assignment
    return { group, source, epoch, eventId, offset, key, replay: true }
  }

  /** Applied although an error says otherwise, or given up by a person meanwhile. */
  async #isGone({ group, source, key, eventId }: ParkedEvent): Promise<boolean> {
    const [head] = await this.#options.inbox.parkedOf(group, source, key, 1)
    return head?.eventId !== eventId
  }

  /** Waits for the next try (false), or parks the event again (true). */
  async #giveUp(event: ParkedEvent, tries: Tries, error: unknown): Promise<boolean> {
    const { judge, report } = this.#of
    const verdict = await judge.judge({ id: event.eventId, type: event.type }, tries, error)
    if (verdict === undefined) {
      await this.#pace.pause(judge.waitMs(event.type, tries))
      return false
    }
    await this.#options.inbox.parkAgain(this.#markOf(event), verdict)
    const { type, key, eventId } = event
    report.warn('replayed event parked again; its key waits', { type, key, event: eventId, ...verdict })
    return true
  }
}
