/**
 * Keeps one bridge at work on one host: opens it, opens it again with a back-off when it ends, carries out what is asked of it,
 * and writes down how it does. It never ends by itself: a foreign system that is gone for a week costs a warning.
 */
import { type Backoff, equalJitterMs } from '../bus/backoff.ts'
import type { Bus } from '../bus/bus.ts'
import { toOneLine } from '../bus/operator-log.ts'
import { createWaits, type Waits } from '../bus/waits.ts'
import type { AnyContract } from '../contract/define-contract.ts'
import { BanyanError, isBanyanError } from '../core/error.ts'
import type { Store } from '../store/store.ts'
import type { Bridge, BridgeHost, BridgeReport, BridgeSettings, BridgeStatus, RunningBridge } from './bridge.ts'
import { createBridgeEvents } from './bridge-events.ts'
import { type BridgeLook, createBridgeLook } from './bridge-look.ts'
import { createRedaction, type Redact, redactLog } from './bridge-redaction.ts'
import { assertSettings } from './bridge-settings.ts'
import { within } from './bridge-time.ts'
import type { ServiceRuntime } from './service-runtime.ts'

/** Between two openings: half a second, doubled up to a minute, half of it by chance. */
export const bridgeBackoff: Backoff = { firstMs: 500, factor: 2, maxMs: 60_000 }
/** Who worked for so long before it failed begins with the first back-off again, in milliseconds. */
export const bridgeSettledMs = 60_000
/** How long opening may take, in milliseconds; migrations of the adapter included. */
export const bridgeOpenMs = 120_000
/** What a stop has beyond its bound, in milliseconds; then the bridge is left to itself, fenced by its lease. */
const afterStopMs = 1_000

/** Settings that are blanked out of what is said: those of now, and so many of before. */
const keptRedactions = 10

/** What a runner is made of. */
export interface BridgeRunnerOptions {
  readonly service: ServiceRuntime
  readonly store: Store
  readonly bus: Bus | undefined
  readonly holder: string
}

/** See the top of the file. */
export class BridgeRunner {
  readonly bridge: Bridge
  readonly #of: BridgeRunnerOptions
  readonly #waits: Waits
  readonly #look: BridgeLook
  readonly #ending = new AbortController()
  #redactions: readonly Redact[] = []
  #known = ''
  #running: RunningBridge | undefined
  #loop: Promise<void> | undefined
  #failures = 0
  #restarts = 0
  #openedMs = 0
  #lastError: string | undefined
  #stopMs = 0

  constructor(of: BridgeRunnerOptions, bridge: Bridge) {
    this.#of = of
    this.bridge = bridge
    this.#waits = createWaits(of.service.environment.timers)
    this.#look = createBridgeLook({
      bridge,
      holder: of.holder,
      store: of.store,
      environment: of.service.environment,
      inbox: bridge.inbox?.(of.service.name),
      log: of.service.log.child({ bridge: bridge.name }),
      report: () => this.#report(),
      redact: (text) => this.#redact(text),
      act: (request) => this.#act(request),
    })
  }

  /** Whose it is. */
  get service(): string {
    return this.#of.service.name
  }

  start(): void {
    if (this.#loop !== undefined || this.#ending.signal.aborted) return
    this.#loop = this.#run()
    this.#look.start()
  }

  /** Lets the bridge finish what is under way. Never rejects; bounded. */
  async stop(withinMs: number): Promise<void> {
    this.#stopMs = withinMs
    this.#ending.abort()
    this.#waits.interrupt()
    await within(this.#of.service.environment.timers, withinMs + afterStopMs, this.#loop ?? Promise.resolve())
    await this.#look.stop()
  }

  status(): BridgeStatus {
    const { name, kind, direction } = this.bridge
    return { service: this.service, name, kind, direction, restarts: this.#restarts, ...this.#look.last }
  }

  /** Of a bridge out. */
  lowWater(): number | undefined {
    return this.#running?.lowWater?.()
  }

  async #run(): Promise<void> {
    const { random } = this.#of.service.environment
    while (!this.#ending.signal.aborted) {
      await this.#once().catch((error: unknown) => this.#fail(error))
      if (this.#ending.signal.aborted) return
      await this.#waits.idle(equalJitterMs(bridgeBackoff, Math.min(this.#failures, 32), random))
      this.#restarts += 1
    }
  }

  /** From one opening to its end. */
  async #once(): Promise<void> {
    const { clock, timers } = this.#of.service.environment
    const own = new AbortController()
    // One that is at work is stopped instead, and has its time for that.
    const end = (): void => {
      if (this.#running === undefined) own.abort()
    }
    this.#ending.signal.addEventListener('abort', end, { once: true })
    try {
      const running = await this.#open(own.signal)
      this.#running = running
      this.#openedMs = clock.monotonic()
      this.#look.wake()
      await Promise.race([running.ended, aborted(this.#ending.signal)])
      if (!this.#ending.signal.aborted) throw new BanyanError('ABORTED', 'it ended by itself', { retryable: true })
    } finally {
      const running = this.#running
      this.#running = undefined
      await within(
        timers,
        this.#stopMs + afterStopMs,
        Promise.resolve(running?.stop(this.#stopMs)).catch(() => undefined),
      )
      own.abort()
      this.#ending.signal.removeEventListener('abort', end)
    }
  }

  /** A bridge that opens too late is stopped when it has. */
  async #open(signal: AbortSignal): Promise<RunningBridge> {
    const opening = this.bridge.open(this.#host(signal))
    const opened = await within(
      this.#of.service.environment.timers,
      bridgeOpenMs,
      Promise.race([opening, aborted(this.#ending.signal)]),
    )
    if (opened !== undefined) return opened
    opening.then((late) => late.stop(0)).catch(() => undefined)
    throw new BanyanError('DEADLINE_EXCEEDED', `it did not open within ${bridgeOpenMs} ms`, { retryable: true })
  }

  #host(signal: AbortSignal): BridgeHost {
    const { service, store, bus, holder } = this.#of
    const settings = this.#settings()
    const { environment, name, system, definition } = service
    const contract = definition.contract as unknown as AnyContract
    const log = redactLog(service.log.child({ bridge: this.bridge.name }), (text) => this.#redact(text))
    const setting = (wanted: string): string => this.#settings()[wanted] ?? ''
    const place = { system, service: name, contract, settings }
    return { ...place, setting, environment, log, store, bus, holder, signal, ...createBridgeEvents(service) }
  }

  #redact(text: string): string {
    return this.#redactions.reduce((said, redact) => redact(said), text)
  }

  /** What was a secret a while ago is one still. */
  #settings(): BridgeSettings {
    const settings = assertSettings(this.bridge)
    const text = JSON.stringify(settings)
    if (text === this.#known) return settings
    this.#known = text
    this.#redactions = [createRedaction(settings), ...this.#redactions].slice(0, keptRedactions)
    return settings
  }

  async #act(request: Parameters<Bridge['act']>[1]): Promise<string> {
    const said = await this.bridge.act(this.#host(this.#ending.signal), request)
    // It may have been what it was waiting for.
    this.#failures = 0
    this.#waits.wake()
    return said
  }

  #fail(error: unknown): void {
    if (this.#ending.signal.aborted) return
    const { clock } = this.#of.service.environment
    if (this.#openedMs > 0 && clock.monotonic() - this.#openedMs >= bridgeSettledMs) this.#failures = 0
    this.#openedMs = 0
    this.#failures += 1
    const hint = isBanyanError(error) ? error.hint : undefined
    this.#lastError = this.#redact(
      [isBanyanError(error) ? error.message : toOneLine(error), hint].filter(Boolean).join(' '),
    )
    this.#of.service.log.warn('a bridge failed, it is opened again', {
      bridge: this.bridge.name,
      error: this.#lastError,
    })
    this.#look.wake()
  }

  async #report(): Promise<BridgeReport> {
    const none = { counters: {}, alarms: [] }
    const lastError = this.#lastError === undefined ? {} : { lastError: this.#lastError }
    if (this.#ending.signal.aborted) return { ...this.#look.last, state: 'stopped' }
    if (this.#running === undefined)
      return { ...none, state: this.#failures > 0 ? 'failing' : 'starting', ...lastError }
    return { ...lastError, ...(await this.#running.report()) }
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    else signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}
