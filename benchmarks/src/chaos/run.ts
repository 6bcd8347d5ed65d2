/** One run: load under faults for so long, then rest, then the verdict. */
import { setTimeout as sleep } from 'node:timers/promises'
import { judgeLedger, type LedgerVerdict, type PlannedFault, planFaults } from 'banyan/testing'
import { keepLog } from './keep.ts'
import type { ChaosOptions } from './options.ts'
import { readCounts, readLedger } from './rest.ts'
import { brokerFaultKinds, faultKinds, openStage, type Stage } from './stage.ts'

const progressEveryMs = 5_000
/** Far enough apart that something works in between, near enough that repairs meet the next fault. */
const everyMs = [400, 1_800] as const
/** How long the next fault waits for somebody who could be hit by it. */
const maxRecoveryMs = 5_000
/** Before the first fault something has to be there for it to break; on a busy machine processes take their time. */
const maxHeadStartMs = 30_000

export interface ChaosResult {
  readonly verdict: LedgerVerdict
  readonly faults: Readonly<Record<string, number>>
  /** How long it took until everything was applied; undefined when it was not in time. */
  readonly drainedMs: number | undefined
  /** Audits of the log that found a fault; 0 for what is known to be wrong, where none are made. */
  readonly faultyAudits: number
}

export async function runChaos(options: ChaosOptions, say: (line: string) => void): Promise<ChaosResult> {
  const stage = await openStage(options)
  try {
    const { keeping } = stage.bus
    const kept = options.naive === undefined && keeping ? keepLog(keeping, stage.producer, say) : undefined
    const faults = await loadUnderFaults(stage, options, say)
    await stage.heal()
    await stage.quieten()
    const drainedMs = await drain(stage, options.drainSeconds * 1_000)
    say(drainedMs === undefined ? 'did not come to rest in time' : `at rest after ${(drainedMs / 1_000).toFixed(1)} s`)
    await stage.endActors()
    const { line = 'no audit', faulty = 0 } = (await kept?.finish()) ?? {}
    say(line)
    const ledger = await readLedger(stage.producer, stage.consumer, stage.bus, stage.acknowledged)
    return { verdict: judgeLedger(ledger), faults, drainedMs, faultyAudits: faulty }
  } finally {
    await stage.stop()
  }
}

async function loadUnderFaults(
  stage: Stage,
  { seconds, seed, bus }: ChaosOptions,
  say: (line: string) => void,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  await until(async () => ((await readCounts(stage.producer, stage.consumer))?.applied ?? 0) > 0, maxHeadStartMs)
  const beganMs = performance.now()
  const elapsedMs = (): number => performance.now() - beganMs
  const telling = setInterval(() => void tell(stage, counts, elapsedMs(), say), progressEveryMs)
  let struckAt = 0
  const kinds = bus === 'nats' ? brokerFaultKinds : faultKinds
  for (const fault of planFaults({ seed, lengthMs: seconds * 1_000, everyMs, kinds })) {
    await sleep(Math.max(0, fault.atMs - elapsedMs()))
    // Half of the faults meet what is being repaired; the others wait until events get through again.
    const atOnce = fault.target < 0.5
    const isTime = (): boolean => stage.isWorking() && (atOnce || stage.progress() > struckAt)
    await until(async () => isTime() || elapsedMs() >= seconds * 1_000, maxRecoveryMs)
    if (elapsedMs() >= seconds * 1_000) break
    strike(stage, fault, counts)
    struckAt = stage.progress()
  }
  await sleep(Math.max(0, seconds * 1_000 - elapsedMs()))
  clearInterval(telling)
  await tell(stage, counts, elapsedMs(), say)
  return counts
}

function strike(stage: Stage, fault: PlannedFault, counts: Record<string, number>): void {
  counts[fault.kind] = (counts[fault.kind] ?? 0) + 1
  stage.strike(fault)
}

async function tell(
  stage: Stage,
  counts: Readonly<Record<string, number>>,
  elapsedMs: number,
  say: (line: string) => void,
): Promise<void> {
  const known = await readCounts(stage.producer, stage.consumer)
  const events = known === undefined ? 'a database is down' : `committed ${known.committed}, applied ${known.applied}`
  const faults = Object.entries(counts).map(([kind, count]) => `${kind} ${count}`)
  say(`${Math.round(elapsedMs / 1_000)} s: ${events}; ${faults.join(', ')}; processes started ${stage.starts()}`)
}

/** Waits until everything committed is applied; how long it took. */
async function drain(stage: Stage, withinMs: number): Promise<number | undefined> {
  return until(async () => {
    const counts = await readCounts(stage.producer, stage.consumer)
    return counts !== undefined && counts.committed <= counts.applied
  }, withinMs)
}

async function until(what: () => Promise<boolean>, withinMs: number): Promise<number | undefined> {
  const beganMs = performance.now()
  while (performance.now() - beganMs < withinMs) {
    if (await what()) return performance.now() - beganMs
    await sleep(200)
  }
  return undefined
}
