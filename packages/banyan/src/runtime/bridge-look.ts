/**
 * Looks after a bridge now and then: what does it report, what is asked of it. What is reported is written into the service's
 * database, so that it can be seen from anywhere; what is asked comes from there. When the database is away, the bridge goes
 * on as well as it can, and the next look comes.
 */
import { toOneLine } from '../bus/operator-log.ts'
import { createWaits } from '../bus/waits.ts'
import type { BridgeReport } from './bridge.ts'
import { type BridgeNotesOptions, createBridgeNotes } from './bridge-notes.ts'
import { redactReport } from './bridge-redaction.ts'
import { type BridgeRequestsOptions, carryOutRequests } from './bridge-requests.ts'
import { within } from './bridge-time.ts'

/** How often, in milliseconds. */
export const bridgeLookMs = 1_000
/** How long a report may take, in milliseconds. */
export const bridgeReportMs = 10_000
/** What the last note has, in milliseconds. */
const lastNoteMs = 1_000

/** What a look is made of. */
export interface BridgeLookOptions extends BridgeNotesOptions, BridgeRequestsOptions {
  readonly report: () => Promise<BridgeReport>
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
  const { timers } = of.environment
  const waits = createWaits(timers)
  const note = createBridgeNotes(of)
  let last: BridgeReport = { state: 'starting', counters: {}, alarms: [] }
  let running: Promise<void> | undefined
  let stopping = false
  let complained = ''

  async function report(): Promise<void> {
    const said = await within(timers, bridgeReportMs, of.report())
    if (said !== undefined) last = redactReport(said, of.redact)
    else last = { ...last, alarms: [`it has not said how it does for ${bridgeReportMs} ms`] }
    await note(last)
  }
  async function attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
      complained = ''
    } catch (error) {
      const text = of.redact(toOneLine(error))
      if (text !== complained) of.log.warn('cannot look after a bridge, tries again', { error: text })
      complained = text
    }
  }
  async function look(): Promise<void> {
    await report()
    await carryOutRequests(of, () => stopping)
  }
  async function run(): Promise<void> {
    while (!stopping) {
      await attempt(look)
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
      if (last.state !== 'waiting') await within(timers, lastNoteMs, attempt(report))
      last = { ...last, state: 'stopped' }
    },
  }
}
