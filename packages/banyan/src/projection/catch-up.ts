/**
 * Catching up: a version that is far behind is brought near the end of the log by reading it in its order, thousands of events a
 * transaction, before its consumer delivers them one by one.
 *
 * Rows, marks and low-water mark are one transaction under the epoch of the assignment (a `Passage`), so a crash at any point
 * leaves a stretch applied or not, and a host that wakes after another took over can write nothing. Nothing is beside it under
 * way, which is why a stretch needs no row of its own for each event. It can be only where the rows lie in the store itself.
 *
 * What it cannot apply it leaves: a stretch that fails is halved until the event that fails stands alone, and that is for the
 * consumer, which tries again and parks.
 */
import { type Attempts, createAttempts } from '../bus/attempt.ts'
import type { LoggedEvent } from '../bus/bus.ts'
import type { Prelude, PreludeContext, SessionProgress } from '../bus/consumer-options.ts'
import { createLeaseKeeper, type LeaseKeeper } from '../bus/lease-keeper.ts'
import { toOneLine } from '../bus/operator-log.ts'
import type { Timer } from '../core/environment/timers.ts'
import { BanyanError } from '../core/error.ts'
import { Fenced, type Passage, PassageMoved, timeOfEventId } from '../store/inbox.ts'
import { createPages, type Pages } from './pages.ts'
import { SeenIds } from './seen-ids.ts'

/** Behind by so many events it begins; nearer to the end the consumer is as good. */
export const catchUpFrom = 2_000
/** Events of one transaction, at most. */
export const maxStretch = 2_000

/** What catching up is told about the version. */
export interface CatchUpOptions {
  /** Asked under the assignment. `no` leaves all to the consumer, `gone` gives the assignment back. */
  readonly may: () => Promise<'yes' | 'no' | 'gone'>
  /** Types that are applied. */
  readonly types: { has(type: string): boolean }
  /** Applies events and the passage over them, both or neither. */
  readonly apply: (events: readonly LoggedEvent[], passage: Passage, signal: AbortSignal) => Promise<void>
  /** What is known from one assignment to the next. */
  readonly memory: CatchUpMemory
}

/** Of one version and source, in this host. */
export interface CatchUpMemory {
  /** The highest id that was applied by a passage. */
  passed: string
  /** Events of the next stretch, at most: fewer after a failure. */
  size: number
}

/** What comes after a stretch. */
type Next = 'more' | 'consumer' | 'give back'

/** How often the log is told where this reader is: retention waits for readers that live. */
const reportEveryMs = 30_000

/** See the top of the file. */
export class CatchUp implements Prelude {
  readonly #of: PreludeContext
  readonly #how: CatchUpOptions
  readonly #attempts: Attempts
  readonly #lease: LeaseKeeper
  readonly #pages: Pages
  #seen = new SeenIds('')
  /** The lowest id whose mark is certainly kept; '' when all are. */
  #horizon = ''
  #cursor: number
  #reportedMs = Number.NEGATIVE_INFINITY
  #stopTimer: Timer | undefined
  #state: 'running' | 'stopping' | 'lost' = 'running'

  constructor(of: PreludeContext, how: CatchUpOptions) {
    this.#of = of
    this.#how = how
    const { assignment, claimedMs, options } = of
    this.#cursor = assignment.cursor
    this.#attempts = createAttempts(options.environment.timers)
    this.#pages = createPages(options.bus, assignment.source, assignment.cursor, maxStretch)
    this.#lease = createLeaseKeeper({
      ...options,
      assignment,
      claimedMs,
      onLost: (reason) => this.#lose(reason),
      onError: (error) => this.#note(error),
    })
  }

  get progress(): SessionProgress {
    const { buffered } = this.#pages
    return { cursor: this.#cursor, position: this.#cursor + buffered, buffered, running: 0 }
  }

  stop(withinMs: number): void {
    if (this.#state === 'running') this.#state = 'stopping'
    const late = new BanyanError('CANCELLED', 'the consumer stops', { outcome: 'unknown' })
    this.#stopTimer ??= this.#of.options.environment.timers.after(withinMs, () => this.#attempts.abort(late))
  }

  async run(): Promise<boolean> {
    try {
      const next = await this.#begin()
      return next === 'consumer' && this.#state !== 'lost'
    } catch (error) {
      this.#note(error)
      return false
    } finally {
      this.#lease.end()
      await this.#pages.close()
      this.#stopTimer?.cancel()
    }
  }

  async #begin(): Promise<Next> {
    const { options, assignment } = this.#of
    const { inbox, bus, source, group, log } = options
    const may = await this.#how.may()
    if (may === 'gone') return 'give back'
    await this.#remember()
    const behind = (await bus.end(source)) - assignment.cursor
    if (may === 'no' || behind < catchUpFrom) return 'consumer'
    const horizonMs = await inbox.horizon(group, source)
    if (horizonMs > 0) this.#horizon = lowestIdAt(horizonMs)
    log.info('a projection catches up', { group, source, behind })
    const next = await this.#goOn()
    if (this.#cursor > assignment.cursor)
      log.info('a projection has caught up', { group, source, events: this.#cursor - assignment.cursor })
    return next
  }

  async #goOn(): Promise<Next> {
    let next: Next = 'more'
    while (next === 'more' && this.#state === 'running') next = await this.#turn()
    return next === 'more' ? 'give back' : next
  }

  /** What is applied already, as far as the books say now. */
  async #remember(): Promise<void> {
    const { inbox, group, source } = this.#of.options
    const { marked, passed } = await inbox.newest(group, source)
    this.#how.memory.passed = passed
    this.#seen = new SeenIds(marked)
  }

  /** One stretch. */
  async #turn(): Promise<Next> {
    const { memory } = this.#how
    let stretch: readonly LoggedEvent[] = []
    try {
      if (!this.#lease.check()) return 'give back'
      await this.#report()
      stretch = this.#known(await this.#pages.peek(memory.size))
      if (stretch.length === 0) return 'consumer'
      await this.#pass(stretch)
      this.#pages.drop(stretch.length)
      memory.size = Math.min(memory.size * 2, maxStretch)
      return 'more'
    } catch (error) {
      return await this.#fail(error, stretch)
    }
  }

  /** The beginning of a stretch in which no event is older than its mark would be: the first that is stops it. */
  #known(stretch: readonly LoggedEvent[]): readonly LoggedEvent[] {
    if (this.#horizon === '') return stretch
    const end = stretch.findIndex(({ id }) => id < this.#horizon && timeOfEventId(id) !== undefined)
    return end < 0 ? stretch : stretch.slice(0, end)
  }

  async #pass(stretch: readonly LoggedEvent[]): Promise<void> {
    const { assignment, options, counts } = this.#of
    const { group, source, epoch } = assignment
    const events = await this.#select(stretch)
    const upTo = (stretch.at(-1) as LoggedEvent).offset
    const passage = { group, source, epoch, after: this.#cursor, upTo, events }
    await this.#attempts.run((signal) => this.#how.apply(events, passage, signal), options.handlerTimeoutMs)
    this.#cursor = upTo
    for (const { id } of events) if (id > this.#how.memory.passed) this.#how.memory.passed = id
    counts.applied += events.length
    counts.skipped += stretch.length - events.length
  }

  /** Those that are to be applied: of types that are handled, and not applied before. */
  async #select(stretch: readonly LoggedEvent[]): Promise<readonly LoggedEvent[]> {
    const wanted: LoggedEvent[] = []
    const doubtful: string[] = []
    for (const event of stretch) {
      const verdict = this.#how.types.has(event.type) ? this.#seen.judge(event.id) : 'seen'
      if (verdict === 'seen') continue
      if (verdict === 'in doubt') doubtful.push(event.id)
      this.#seen.add(event.id)
      wanted.push(event)
    }
    if (doubtful.length === 0) return wanted
    const marked = await this.#of.options.inbox.marked(this.#of.assignment.group, doubtful)
    return wanted.filter(({ id }) => !marked.has(id))
  }

  /** Nothing of the stretch is applied, or somebody else has done it. */
  async #fail(error: unknown, stretch: readonly LoggedEvent[]): Promise<Next> {
    const { memory } = this.#how
    memory.size = Math.max(1, Math.floor(Math.min(memory.size, stretch.length || memory.size) / 2))
    if (this.#state !== 'running' || error instanceof Fenced || error instanceof PassageMoved) return 'give back'
    this.#note(error)
    // A time limit may be the size's fault, so it is no outage here.
    if (this.#of.options.isOutage(error) && (error as BanyanError).code !== 'DEADLINE_EXCEEDED') return 'give back'
    if (stretch.length <= 1) return 'consumer'
    // What was judged new and is not applied must not count as seen.
    await this.#remember()
    return 'more'
  }

  async #report(): Promise<void> {
    const { bus, environment, group, source } = this.#of.options
    const nowMs = environment.clock.monotonic()
    if (bus.keeping === undefined || nowMs - this.#reportedMs < reportEveryMs) return
    this.#reportedMs = nowMs
    await bus.keeping.report({ source, group, cursor: this.#cursor })
  }

  #note(error: unknown): void {
    const { counts, options } = this.#of
    const text = toOneLine(error)
    if (text !== counts.lastError)
      options.log.warn('catching up failed', { group: options.group, source: options.source, error: text })
    counts.errors += 1
    counts.lastError = text
  }

  #lose(reason: unknown): void {
    this.#state = 'lost'
    this.#attempts.abort(reason)
  }
}

/** The lowest UUID of version 7 made at this time. */
function lowestIdAt(ms: number): string {
  const hex = Math.floor(ms).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0`
}
