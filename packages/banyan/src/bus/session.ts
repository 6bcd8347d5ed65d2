/**
 * One assignment at work: reads the log after the cursor into lanes, lets their events be delivered, and moves the low-water
 * mark behind them. It ends when it is told to stop or when the assignment is lost; a new assignment is a new session, so
 * nothing of an old epoch is ever carried over.
 */
import { BanyanError } from '../core/error.ts'
import { type Assignment, Fenced } from '../store/inbox.ts'
import { equalJitterMs, loopBackoff } from './backoff.ts'
import type { LoggedEvent } from './bus.ts'
import type { ResolvedConsumerOptions } from './consumer-options.ts'
import { Deliveries } from './deliveries.ts'
import { createPolicies } from './delivery-policy.ts'
import { createIntake, type Intake } from './intake.ts'
import { createJudge, type Verdict } from './judge.ts'
import { createLanes } from './lanes.ts'
import { createLeaseKeeper, type LeaseKeeper } from './lease-keeper.ts'
import { toOneLine } from './operator-log.ts'
import { ParkedKeys } from './parked-keys.ts'
import { createProgress, type Progress } from './progress.ts'
import { Replays } from './replays.ts'
import { type ConsumerCounts, createSessionReport, type SessionReport } from './session-report.ts'
import { createWaits } from './waits.ts'

export class Session {
  readonly #options: ResolvedConsumerOptions
  readonly #assignment: Assignment
  readonly #report: SessionReport
  readonly #lease: LeaseKeeper
  readonly #progress: Progress
  readonly #intake: Intake
  readonly #lanes = createLanes()
  readonly #parkedKeys = new ParkedKeys()
  readonly #deliveries: Deliveries
  readonly #replays: Replays
  readonly #waits: ReturnType<typeof createWaits>
  #pollMs: number
  #fetchFailures = 0
  #starved = false
  #state: 'running' | 'stopping' | 'lost' = 'running'

  constructor(options: ResolvedConsumerOptions, assignment: Assignment, claimedMs: number, counts: ConsumerCounts) {
    this.#options = options
    this.#assignment = assignment
    this.#report = createSessionReport(options.log, assignment, counts)
    this.#waits = createWaits(options.environment.timers)
    this.#progress = createProgress(options, assignment, (error) => this.#report.note(error))
    this.#intake = createIntake(options, assignment, this.#lanes, this.#progress.lowWater, this.#parkedKeys)
    this.#pollMs = options.idlePollMs
    this.#lease = createLeaseKeeper({
      ...options,
      assignment,
      claimedMs,
      onLost: (reason) => this.#lose(reason),
      onError: (error) => this.#report.note(error),
    })
    const policyOf = createPolicies(options)
    const parts = {
      options,
      assignment,
      policyOf,
      judge: createJudge(options, assignment, policyOf, this.#report),
      parkedKeys: this.#parkedKeys,
      lease: this.#lease,
      report: this.#report,
      onFenced: (reason: Fenced) => this.#lose(reason),
    }
    this.#deliveries = new Deliveries({
      ...parts,
      lanes: this.#lanes,
      refuse: (event) => this.#refuse(event),
      onFinished: (offset) => this.#finish(offset),
    })
    this.#replays = new Replays(parts)
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
      running: this.#deliveries.running + this.#replays.running,
    }
  }

  wake(): void {
    this.#waits.wake()
  }

  /** Works until it is stopped or lost; what was applied is behind the mark when it resolves, if that could be written. */
  async run(): Promise<void> {
    while (this.#state === 'running') await this.#turn()
    await this.#settled()
    this.#lease.end()
    if (this.#state === 'stopping') await this.#report.guard(() => this.#writeProgress())
  }

  /** Hands out nothing more; handlers have `withinMs` to finish, then they are aborted. */
  stop(withinMs: number): void {
    if (this.#state !== 'running') return
    this.#state = 'stopping'
    this.#deliveries.close()
    this.#replays.close()
    this.#waits.interrupt()
    const timer = this.#options.environment.timers.after(withinMs, () => {
      this.#abort(new BanyanError('CANCELLED', 'the consumer stops', { outcome: 'unknown' }))
    })
    void this.#settled().then(() => timer.cancel())
  }

  async #settled(): Promise<void> {
    await Promise.all([this.#deliveries.settled(), this.#replays.settled()])
  }

  #abort(reason: unknown): void {
    this.#deliveries.abort(reason)
    this.#replays.abort(reason)
  }

  async #turn(): Promise<void> {
    const more = await this.#report.guard(() => this.#fetch())
    this.#deliveries.dispatch()
    if (this.#replays.isDue()) await this.#report.guard(() => this.#replays.look())
    if (this.#progress.isDue()) await this.#report.guard(() => this.#writeProgress())
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

  async #fetch(): Promise<boolean> {
    const before = { position: this.#intake.position, skipped: this.#intake.skipped }
    await this.#progress.prepare()
    const outcome = await this.#intake.fetch()
    this.#starved = outcome === 'starved'
    this.#report.counts.skipped += this.#intake.skipped - before.skipped
    if (this.#intake.position > before.position) this.#pollMs = this.#options.idlePollMs
    return outcome === 'full'
  }

  /** An event whose mark may be gone may have been applied: that is for a person to say. */
  #refuse(event: LoggedEvent): Verdict | undefined {
    if (!this.#progress.isForgotten(event.id)) return undefined
    const error =
      'OLDER_THAN_MARKS: the event is older than marks are kept (keepMarksMs), so it may have been applied before'
    return { attempts: 0, error }
  }

  #finish(offset: number): void {
    this.#progress.lowWater.finished(offset)
    if (this.#starved && this.#lanes.size <= this.#options.maxBuffered / 2) this.wake()
  }

  async #writeProgress(): Promise<void> {
    if (await this.#progress.write()) return
    this.#lose(new Fenced(`group '${this.#assignment.group}' on '${this.#assignment.source}'`))
  }

  #lose(reason: unknown): void {
    if (this.#state === 'lost') return
    this.#state = 'lost'
    this.#report.warn('consumer lost its assignment', { reason: toOneLine(reason) })
    this.#abort(reason)
    this.#waits.interrupt()
  }
}
