/**
 * The relay: moves what a service committed to its outbox into the log, in order, each event once.
 *
 * It holds no state that matters. The position is stored by the append itself, so after any failure it asks the bus where it
 * was. An append whose outcome is unknown may still land later; therefore the relay takes a new lease ({@link Leadership})
 * before it reads on: the late append is then refused, or is seen in the position.
 */
import { Fenced } from '../store/inbox.ts'
import type { OutboxCursor, OutboxStorage } from '../store/outbox.ts'
import { equalJitterMs, loopBackoff } from './backoff.ts'
import type { Bus, RelayLease } from './bus.ts'
import { createLeadership, type Leadership } from './leadership.ts'
import { toOneLine } from './operator-log.ts'
import { type RelayOptions, type ResolvedRelayOptions, resolveRelayOptions } from './relay-options.ts'
import { createWaits } from './waits.ts'

/** How a relay is doing. */
export interface RelayStatus {
  /** `held`: another host relays this source. `failing`: it tries again with back-off; `lastError` says why. */
  readonly state: 'stopped' | 'starting' | 'held' | 'leading' | 'failing'
  readonly epoch: number | undefined
  /** Events appended by this relay. */
  readonly appended: number
  readonly errors: number
  /** How often another relay took over. */
  readonly fenced: number
  /** More waits in the outbox than the last read gave. */
  readonly behind: boolean
  /** Age of the oldest event of the last append when it was appended, in milliseconds (from its UUIDv7). */
  readonly lagMs: number
  readonly lastError: string | undefined
  /** How the outbox gets rid of what was sent, where it says so; `held` names who keeps it from doing that. */
  readonly storage: OutboxStorage | undefined
}

/** A running relay. */
export interface Relay {
  start(): void
  /** Look now. A hint. */
  wake(): void
  /**
   * Ends it: with `flush` (default) after everything committed before the call is in the log, unless another host relays this
   * source. Gives up after `withinMs` (default 5 000); what is left then stays in the outbox for the next relay.
   */
  stop(options?: { readonly flush?: boolean; readonly withinMs?: number }): Promise<void>
  status(): RelayStatus
}

const trimEveryMs = 60_000
/** How long to wait before asking again for a lease that somebody else holds. */
const heldRetryMs = 1_000

/**
 * Makes a relay for one outbox; any number may run for the same one, and one of them works.
 *
 * @example
 * const relay = createRelay({ environment, source: 'orders', outbox: store.outbox, bus, holder: environment.random.uuidv7() })
 * relay.start()
 * await relay.stop()
 */
export function createRelay(options: RelayOptions): Relay {
  const relay = new RelayLoop(resolveRelayOptions(options))
  return {
    start: () => relay.start(),
    wake: () => relay.wake(),
    stop: (how = {}) => relay.stop(how.flush ?? true, how.withinMs ?? 5_000),
    status: () => relay.status(),
  }
}

type Turn = 'again' | 'idle' | 'held'

class RelayLoop {
  readonly #options: ResolvedRelayOptions
  readonly #waits: ReturnType<typeof createWaits>
  readonly #leadership: Leadership
  #running: Promise<void> | undefined
  #unsubscribe: () => void = () => undefined
  #stopping: 'no' | 'now' | 'when flushed' = 'no'
  #cursor: OutboxCursor | undefined
  #pollMs: number
  #sinceTrim = 0
  #trimmedMs: number
  #failures = 0
  readonly #counts = { appended: 0, errors: 0, fenced: 0, lagMs: 0, behind: false }
  #state: RelayStatus['state'] = 'stopped'
  #lastError: string | undefined

  constructor(options: ResolvedRelayOptions) {
    this.#options = options
    this.#waits = createWaits(options.environment.timers)
    this.#leadership = createLeadership(options)
    this.#pollMs = options.idlePollMs
    this.#trimmedMs = options.environment.clock.monotonic()
  }

  start(): void {
    if (this.#running !== undefined) return
    this.#state = 'starting'
    this.#unsubscribe = this.#options.outbox.onCommit(() => this.wake())
    this.#running = this.#run()
  }

  wake(): void {
    this.#waits.wake()
  }

  async stop(flush: boolean, withinMs: number): Promise<void> {
    if (this.#running === undefined) return
    const { timers } = this.#options.environment
    this.#unsubscribe()
    this.#stopping = flush ? 'when flushed' : 'now'
    this.#waits.interrupt()
    const late = Promise.withResolvers<void>()
    const timer = timers.after(withinMs, () => {
      this.#stopping = 'now'
      this.#waits.interrupt()
      late.resolve()
    })
    await Promise.race([this.#running, late.promise])
    timer.cancel()
  }

  status(): RelayStatus {
    const epoch = this.#leadership.lease?.epoch
    const storage = this.#options.outbox.storage?.()
    return { state: this.#state, epoch, ...this.#counts, lastError: this.#lastError, storage }
  }

  async #run(): Promise<void> {
    while (this.#stopping !== 'now') {
      const flushing = this.#stopping === 'when flushed'
      const turn = await this.#attempt()
      if (flushing && (turn === 'idle' || turn === 'held')) break
      if (this.#stopping === 'no' || turn === undefined) await this.#rest(turn)
    }
    await this.#leadership.end().catch((error: unknown) => this.#noteEnd(error))
    this.#state = 'stopped'
  }

  /** One turn; undefined when it failed. */
  async #attempt(): Promise<Turn | undefined> {
    try {
      const turn = await this.#turn()
      if (this.#failures > 0) this.#options.log.info('relay works again', { source: this.#options.source })
      this.#failures = 0
      this.#state = turn === 'held' ? 'held' : 'leading'
      return turn
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  async #turn(): Promise<Turn> {
    const { outbox, batch } = this.#options
    const lease = await this.#hold()
    if (lease === undefined) return 'held'
    const page = await outbox.read(this.#cursor, batch)
    if (page.events.length > 0) await this.#append(lease, page.events, page.cursor)
    this.#cursor = page.cursor
    this.#counts.behind = page.more
    if (this.#isTrimDue()) await this.#trim(lease, page.cursor)
    return page.more ? 'again' : 'idle'
  }

  /** The lease to work under; a new one comes with the position that the last one reached. */
  async #hold(): Promise<RelayLease | undefined> {
    const before = this.#leadership.lease
    const lease = await this.#leadership.hold()
    if (lease?.epoch !== before?.epoch) this.#cursor = lease?.cursor
    return lease
  }

  async #append(lease: RelayLease, events: Parameters<Bus['append']>[1], cursor: OutboxCursor): Promise<void> {
    await this.#options.bus.append(lease, events, cursor)
    this.#counts.appended += events.length
    this.#counts.lagMs = Math.max(0, this.#options.environment.clock.now() - timeOf(events[0]?.id ?? ''))
    this.#sinceTrim += events.length
    this.#pollMs = this.#options.idlePollMs
  }

  #isTrimDue(): boolean {
    if (this.#sinceTrim >= this.#options.trimEvery) return true
    return this.#options.environment.clock.monotonic() - this.#trimmedMs >= trimEveryMs
  }

  /** Stores the position first: what is removed from the outbox must be behind a position that outlives us. */
  async #trim(lease: RelayLease, cursor: OutboxCursor): Promise<void> {
    await this.#options.bus.append(lease, [], cursor)
    const { outbox, log, source } = this.#options
    const before = outbox.storage?.().held
    await outbox.trim(cursor)
    const held = outbox.storage?.().held
    if (held !== undefined && before === undefined)
      log.warn('the outbox cannot be emptied, tries again with the next trim', { source, held })
    this.#sinceTrim = 0
    this.#trimmedMs = this.#options.environment.clock.monotonic()
  }

  #fail(error: unknown): void {
    const fenced = error instanceof Fenced
    const text = toOneLine(error)
    if (fenced) this.#counts.fenced += 1
    else this.#counts.errors += 1
    if (this.#failures === 0 || text !== this.#lastError)
      this.#options.log.warn(`relay ${fenced ? 'was taken over' : 'failed, tries again'}`, {
        source: this.#options.source,
        error: text,
      })
    this.#failures += 1
    if (fenced) this.#leadership.lost()
    else this.#leadership.doubt()
    this.#cursor = undefined
    this.#lastError = text
    this.#state = 'failing'
  }

  #noteEnd(error: unknown): void {
    this.#counts.errors += 1
    this.#options.log.warn('relay could not give its lease back; it runs out by itself', {
      source: this.#options.source,
      error: toOneLine(error),
    })
  }

  async #rest(turn: Turn | undefined): Promise<void> {
    const { random } = this.#options.environment
    const { idlePollMs, leaseMs } = this.#options
    if (turn === undefined) return this.#waits.pause(equalJitterMs(loopBackoff, this.#failures, random))
    if (turn === 'held') return this.#waits.pause((0.5 + random.next()) * Math.min(heldRetryMs, leaseMs / 4))
    if (turn === 'again') return
    await this.#waits.idle(Math.min(this.#pollMs, leaseMs / 3))
    this.#pollMs = Math.min(this.#pollMs * 2, idlePollMs * 4)
  }
}

/** The milliseconds in a UUIDv7; far in the future for anything else, so that it counts as no lag. */
function timeOf(id: string): number {
  const ms = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
  return Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms
}
