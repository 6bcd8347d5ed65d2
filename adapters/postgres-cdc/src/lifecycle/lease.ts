/**
 * Keeps the lease of a source while work runs under it: renews it after each third of its time, and aborts the work when it is
 * lost. That spares work in vain; what makes it safe is the epoch in each transaction.
 */
import type { Environment, Timer } from 'banyan/core'
import { fenced } from '../errors.ts'
import type { SourceStateTable } from '../state/source-state.ts'

export interface LeaseOptions {
  readonly name: string
  readonly table: SourceStateTable
  readonly environment: Environment
  readonly leaseMs: number
  readonly epoch: bigint
  /** On the monotonic clock, before the lease was asked for. */
  readonly claimedMs: number
}

/** Runs work under the lease; `stop` ends it too. */
export async function underLease(
  options: LeaseOptions,
  stop: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const lost = new AbortController()
  const keeper = keepLease(options, (error) => lost.abort(error))
  try {
    await work(AbortSignal.any([stop, lost.signal]))
  } finally {
    keeper.cancel()
  }
  if (lost.signal.aborted) throw lost.signal.reason
}

function keepLease(options: LeaseOptions, onLost: (error: unknown) => void): Timer {
  const { table, epoch, leaseMs, environment, name } = options
  const { clock, timers } = environment
  let validUntilMs = options.claimedMs + leaseMs
  let ended = false
  let timer: Timer = timers.after(leaseMs / 3, () => void renew())

  async function renew(): Promise<void> {
    const askedMs = clock.monotonic()
    const kept = await table.renew(epoch, leaseMs).catch(() => undefined)
    if (ended) return
    if (kept === true) validUntilMs = askedMs + leaseMs
    // Not renewed in time: somebody else may have it by now.
    if (kept === false || clock.monotonic() >= validUntilMs) return onLost(fenced(name, epoch))
    timer = timers.after(kept === true ? leaseMs / 3 : leaseMs / 10, () => void renew())
  }
  return {
    cancel() {
      ended = true
      timer.cancel()
    },
  }
}
