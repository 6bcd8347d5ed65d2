/**
 * Looks after a bridge now and then: what does it report, what is asked of it. What is reported is written into the service's
 * database, so that it can be seen from anywhere; what is asked comes from there. When the database is away, the bridge goes
 * on as well as it can, and the next look comes.
 */
import { toOneLine } from '../bus/operator-log.ts'
import { createWaits } from '../bus/waits.ts'
import type { Environment } from '../core/environment/environment.ts'
import { isBanyanError } from '../core/error.ts'
import type { BridgeRequest } from '../store/bridges.ts'
import type { Store } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import type { Bridge, BridgeReport } from './bridge.ts'
import { type Redact, redactReport } from './bridge-redaction.ts'
import { within } from './bridge-time.ts'

/** How often, in milliseconds. */
export const bridgeLookMs = 2_000
/** A report that says the same is written again after so long, in milliseconds; must be well below `noteTtlMs`. */
export const bridgeNoteMs = 5_000
/** How long a report may take, in milliseconds. */
const reportMs = 10_000
/** How long a request is one host's; it may then be carried out by another, in milliseconds. */
const requestLeaseMs = 60_000
/** Requests carried out in one look. */
const requestsPerLook = 10
/** What the last note has, in milliseconds. */
const lastNoteMs = 1_000

/** What a look is made of. */
export interface BridgeLookOptions {
  readonly bridge: Bridge
  readonly holder: string
  readonly store: Store
  /** Where parked things lie, for who looks for them. */
  readonly inbox: ReturnType<NonNullable<Bridge['inbox']>> | undefined
  readonly environment: Environment
  readonly log: Log
  readonly report: () => Promise<BridgeReport>
  readonly redact: Redact
  readonly act: (request: BridgeRequest) => Promise<string>
}

/** See the top of the file. */
export interface BridgeLook {
  /** What was reported last. */
  readonly last: BridgeReport
  start(): void
  /** Look now. */
  wake(): void
  stop(): Promise<void>
}

export function createBridgeLook(of: BridgeLookOptions): BridgeLook {
  const { bridge, store, environment, log } = of
  const { clock, timers } = environment
  const waits = createWaits(timers)
  let last: BridgeReport = { state: 'starting', counters: {}, alarms: [] }
  let running: Promise<void> | undefined
  let stopping = false
  let noted = ''
  let notedMs = Number.NEGATIVE_INFINITY
  let complained = ''

  async function report(): Promise<void> {
    const said = await within(timers, reportMs, of.report())
    if (said !== undefined) last = redactReport(said, of.redact)
    else last = { ...last, alarms: [`it has not said how it does for ${reportMs} ms`] }
  }
  /** Who waits for another host leaves the word to that one. */
  async function note(): Promise<void> {
    const { state, ...rest } = last
    const text = JSON.stringify(last)
    const nowMs = clock.monotonic()
    if (state === 'waiting' || (text === noted && nowMs - notedMs < bridgeNoteMs)) return
    const { name, kind, direction, actions } = bridge
    const known = { ...rest, actions, ...(of.inbox === undefined ? {} : { inbox: of.inbox }) }
    await store.bridges.note({ bridge: name, kind, direction, state, holder: of.holder, report: known })
    noted = text
    notedMs = nowMs
  }
  async function carryOut(): Promise<void> {
    for (let count = 0; count < requestsPerLook && !stopping; count++) {
      const request = await store.bridges.take(bridge.name, requestLeaseMs)
      if (request === undefined) return
      const outcome = await answerTo(request)
      log.info(outcome.ok ? 'carried out what was asked' : 'could not carry out what was asked', {
        action: request.action,
        by: request.by,
        outcome: outcome.message,
      })
      await store.bridges.answer(request.id, outcome)
    }
  }
  async function answerTo(request: BridgeRequest): Promise<{ readonly ok: boolean; readonly message: string }> {
    if (!bridge.actions.includes(request.action))
      return { ok: false, message: `a bridge of kind '${bridge.kind}' cannot '${request.action}'` }
    try {
      return { ok: true, message: of.redact(await of.act(request)) }
    } catch (error) {
      return { ok: false, message: of.redact(isBanyanError(error) ? error.message : toOneLine(error)) }
    }
  }
  async function attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
      complained = ''
    } catch (error) {
      const text = of.redact(toOneLine(error))
      if (text !== complained) log.warn('cannot look after a bridge, tries again', { error: text })
      complained = text
    }
  }
  async function run(): Promise<void> {
    while (!stopping) {
      await attempt(async () => {
        await report()
        await note()
        await carryOut()
      })
      if (!stopping) await waits.idle(bridgeLookMs)
    }
  }

  return {
    get last() {
      return last
    },
    start() {
      running ??= run()
    },
    wake: () => waits.wake(),
    async stop() {
      stopping = true
      waits.interrupt()
      await within(timers, lastNoteMs, Promise.resolve(running))
      if (last.state !== 'waiting')
        await within(
          timers,
          lastNoteMs,
          attempt(async () => {
            await report()
            await note()
          }),
        )
      last = { ...last, state: 'stopped' }
    },
  }
}
