/**
 * Runs one schedule on one host. Any number of hosts run the same one: whoever has the assignment works, the others wait for it, and
 * every effect is fenced by its epoch. Times come from the database's clock; the host's own only measures how long to sleep, and
 * never for long, so that a clock that was put right is noticed.
 */
import { createAttempts } from '../bus/attempt.ts'
import { equalJitterMs, fullJitterMs, loopBackoff } from '../bus/backoff.ts'
import { defaultRetry, isOutage } from '../bus/delivery-policy.ts'
import { createLeaseKeeper } from '../bus/lease-keeper.ts'
import { toOneLine } from '../bus/operator-log.ts'
import { createWaits } from '../bus/waits.ts'
import { type Assignment, Fenced } from '../store/inbox.ts'
import type { Store } from '../store/store.ts'
import { cancelled } from './refusals.ts'
import { compileOccurrence } from './run-occurrence.ts'
import { choose } from './schedule/choice.ts'
import { type ScheduleShape, toTimetable } from './schedule/define-schedule.ts'
import { occurrenceId, scheduleGroup, scheduleSource } from './schedule/schedule-group.ts'
import type { ScheduleStatus } from './schedule/schedule-status.ts'
import { afterRunMs, heldRetryMs, keepMarksMs, leaseMs, maxSleepMs, trimEveryMs } from './schedule/schedule-times.ts'
import type { Timetable } from './schedule/timetable.ts'
import type { ServiceRuntime } from './service-runtime.ts'

/** A schedule that is kept. */
export interface ScheduleRunner {
  start(): void
  /** No further run; the present one has `withinMs`, then its signal is aborted. */
  stop(withinMs: number): Promise<void>
  status(): ScheduleStatus
}

/** Creates the runner of one schedule; nothing runs until started. */
export function createScheduleRunner(
  service: ServiceRuntime,
  store: Store,
  schedule: ScheduleShape,
  holder: string,
): ScheduleRunner {
  const loop = new ScheduleLoop(service, store, schedule, holder)
  return { start: () => loop.start(), stop: (withinMs) => loop.stop(withinMs), status: () => loop.status() }
}

class ScheduleLoop {
  readonly #service: ServiceRuntime
  readonly #store: Store
  readonly #schedule: ScheduleShape
  readonly #holder: string
  readonly #timetable: Timetable
  readonly #apply: ReturnType<typeof compileOccurrence>
  readonly #waits: ReturnType<typeof createWaits>
  readonly #attempts: ReturnType<typeof createAttempts>
  readonly #counts = { succeeded: 0, failed: 0, skipped: 0, givenUp: 0 }
  #state: ScheduleStatus['state'] = 'stopped'
  #settledMs: number | undefined
  #nextMs: number | undefined
  #lastError: string | undefined
  #stopping = false
  #running: Promise<void> | undefined
  #failures = 0
  #outages = 0
  #trimmedMs: number

  constructor(service: ServiceRuntime, store: Store, schedule: ScheduleShape, holder: string) {
    this.#service = service
    this.#store = store
    this.#schedule = schedule
    this.#holder = holder
    // Checked when the service was defined.
    this.#timetable = toTimetable(schedule) as Timetable
    this.#waits = createWaits(service.environment.timers)
    this.#attempts = createAttempts(service.environment.timers)
    this.#apply = compileOccurrence(service, store, schedule, this.#attempts)
    this.#trimmedMs = service.environment.clock.monotonic()
  }

  start(): void {
    this.#stopping = false
    this.#running ??= this.#run()
  }

  async stop(withinMs: number): Promise<void> {
    this.#stopping = true
    this.#waits.interrupt()
    const { timers } = this.#service.environment
    const late = Promise.withResolvers<void>()
    const waits = [
      timers.after(withinMs, () => this.#attempts.abort(cancelled(this.#schedule.name))),
      timers.after(withinMs + afterRunMs, late.resolve),
    ]
    await Promise.race([this.#running, late.promise])
    for (const wait of waits) wait.cancel()
  }

  status(): ScheduleStatus {
    return {
      service: this.#service.name,
      name: this.#schedule.name,
      state: this.#state,
      settledMs: this.#settledMs,
      nextMs: this.#nextMs,
      ...this.#counts,
      lastError: this.#lastError,
    }
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#hold()
        this.#failures = 0
      } catch (error) {
        if (error instanceof Fenced) await this.#rest(1)
        else await this.#away(error)
      }
    }
    this.#state = 'stopped'
    this.#running = undefined
  }

  /** Our own work failed: the database is away. */
  async #away(error: unknown): Promise<void> {
    this.#failures += 1
    this.#state = 'failing'
    if (toOneLine(error) !== this.#lastError) this.#warn('a schedule cannot be looked after, tries again', error)
    this.#lastError = toOneLine(error)
    await this.#pause(equalJitterMs(loopBackoff, this.#failures, this.#service.environment.random))
  }

  /** As long as the assignment is ours. */
  async #hold(): Promise<void> {
    const { inbox, scheduled } = this.#store
    const { environment } = this.#service
    const claimedMs = environment.clock.monotonic()
    const beginMs = Math.floor(await scheduled.now())
    const assignment = await inbox.claim(
      scheduleGroup(this.#schedule.name),
      scheduleSource,
      this.#holder,
      leaseMs,
      beginMs,
    )
    this.#settledMs = assignment?.cursor
    if (assignment === undefined) {
      this.#state = 'held'
      return this.#pause((0.5 + environment.random.next()) * heldRetryMs)
    }
    const lease = createLeaseKeeper({
      environment,
      inbox,
      assignment,
      holder: this.#holder,
      leaseMs,
      claimedMs,
      onLost: (reason) => {
        this.#attempts.abort(reason)
        this.#waits.interrupt()
      },
      onError: (error) => this.#warn('the lease of a schedule cannot be renewed, tries again', error),
    })
    try {
      while (!this.#stopping && lease.check()) await this.#step(assignment)
    } finally {
      lease.end()
      await inbox.release(assignment).catch((error: unknown) => this.#warn('a schedule could not be let go', error))
    }
  }

  /** One look, and what follows from it. */
  async #step(assignment: Assignment): Promise<void> {
    const doneMs = this.#settledMs ?? assignment.cursor
    const nowMs = await this.#store.scheduled.now()
    const choice = choose(this.#timetable, this.#schedule.catchUp ?? 'one', doneMs, nowMs)
    if (choice.do === 'wait') return this.#sleep(assignment, nowMs, choice.inMs)
    if (choice.do === 'skip') {
      this.#counts.skipped += 1
      const fields = { ...this.#fields(choice.atMs), since: new Date(doneMs).toISOString() }
      this.#service.log.warn('occurrences of a schedule were missed and are skipped', fields)
      return this.#settle(assignment, choice.atMs)
    }
    await this.#occur(assignment, choice.atMs, doneMs)
  }

  async #sleep(assignment: Assignment, nowMs: number, inMs: number | undefined): Promise<void> {
    this.#state = 'waiting'
    this.#nextMs = inMs === undefined ? undefined : nowMs + inMs
    const { clock } = this.#service.environment
    if (clock.monotonic() - this.#trimmedMs >= trimEveryMs) {
      this.#trimmedMs = clock.monotonic()
      await this.#store.inbox.trim(assignment, keepMarksMs)
    }
    await this.#pause(Math.min(maxSleepMs, inMs ?? maxSleepMs))
  }

  async #occur(assignment: Assignment, atMs: number, previousMs: number): Promise<void> {
    this.#state = 'running'
    try {
      if (await this.#apply(assignment, atMs, previousMs)) this.#counts.succeeded += 1
    } catch (error) {
      return this.#fail(assignment, atMs, error)
    }
    this.#outages = 0
    this.#lastError = undefined
    await this.#settle(assignment, atMs)
  }

  async #fail(assignment: Assignment, atMs: number, error: unknown): Promise<void> {
    // Taken over, or told to stop: nothing of it is the handler's fault.
    if (error instanceof Fenced) throw error
    if (this.#stopping) return
    this.#state = 'failing'
    this.#lastError = toOneLine(error)
    this.#warn('a run of a schedule failed', error, this.#fields(atMs))
    if (isOutage(error)) {
      this.#outages += 1
      return this.#rest(this.#outages)
    }
    this.#counts.failed += 1
    const eventId = occurrenceId(this.#service.name, this.#schedule.name, atMs)
    const failures = await this.#store.inbox.failed(assignment, eventId, toOneLine(error))
    if (failures < defaultRetry.maxAttempts) return this.#rest(failures)
    this.#counts.givenUp += 1
    const fields = { ...this.#fields(atMs), error: toOneLine(error) }
    this.#service.log.error('an occurrence of a schedule failed too often and is given up', fields)
    await this.#settle(assignment, atMs)
  }

  async #rest(failures: number): Promise<void> {
    const { random } = this.#service.environment
    await this.#pause(fullJitterMs(defaultRetry, failures, random))
  }

  async #settle(assignment: Assignment, atMs: number): Promise<void> {
    if (!(await this.#store.inbox.advance(assignment, atMs)))
      throw new Fenced(`schedule '${this.#schedule.name}' (epoch ${assignment.epoch})`)
    this.#settledMs = atMs
  }

  async #pause(ms: number): Promise<void> {
    if (!this.#stopping) await this.#waits.pause(Math.max(1, ms))
  }

  #fields(atMs: number): object {
    return { schedule: this.#schedule.name, at: new Date(atMs).toISOString() }
  }
  #warn(message: string, error: unknown, fields: object = { schedule: this.#schedule.name }): void {
    this.#service.log.warn(message, { ...fields, error: toOneLine(error) })
  }
}
