/** How a source does, as a bridge reports it. The server at the other side is asked at most every ten seconds. */
import type { Environment } from 'banyan/core'
import type { BridgeReport, BridgeState } from 'banyan/runtime'
import type { ChangeSource } from './change-source.ts'
import type { ChangeSourceState, ChangeSourceStatus } from './lifecycle/status.ts'

/** How old what is known of the slot may be, in milliseconds. */
const freshMs = 10_000

const states: Readonly<Record<ChangeSourceState, BridgeState>> = {
  idle: 'starting',
  connecting: 'starting',
  waiting: 'waiting',
  snapshot: 'working',
  streaming: 'working',
  retrying: 'failing',
  failed: 'failing',
  stopped: 'stopped',
}

export function createReport(source: ChangeSource, { clock }: Environment): () => Promise<BridgeReport> {
  let known: Promise<ChangeSourceStatus> | undefined
  let askedMs = Number.NEGATIVE_INFINITY
  let askedIn: ChangeSourceState | undefined
  return async () => {
    const nowMs = clock.monotonic()
    if (known === undefined || nowMs - askedMs >= freshMs || askedIn !== source.state) {
      askedMs = nowMs
      askedIn = source.state
      known = source.status()
    }
    return toReport(await known, source.state)
  }
}

/** Alarms about a slot that somebody else reads are that one's. */
export function toReport(status: ChangeSourceStatus, phase: ChangeSourceState): BridgeReport {
  const { slot, lastError, changes, events, commits, snapshotRows, epoch, generation, position, lastCommitMs } = status
  const alarms = phase === 'streaming' ? (slot?.alarms ?? []).map(({ level, message }) => `${level}: ${message}`) : []
  return {
    state: states[phase],
    counters: { changes, events, commits, snapshotRows },
    alarms,
    detail: { phase, generation, epoch, position, lastCommitMs, slot },
    ...(slot === undefined ? {} : { lag: { count: slot.lagBytes, unit: 'bytes' as const } }),
    ...(lastError === undefined ? {} : { lastError }),
  }
}
