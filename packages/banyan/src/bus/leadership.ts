/**
 * The right of a relay to append for its source: one lease at a time.
 *
 * An append whose outcome is unknown may still land later. So a lease that is in doubt is given back before a new one is
 * taken: the new one has a new epoch, under which the late append is refused, or has landed before the position is told.
 */
import type { RelayLease } from './bus.ts'
import type { ResolvedRelayOptions } from './relay-options.ts'

export interface Leadership {
  /** What the last {@link hold} gave. */
  readonly lease: RelayLease | undefined
  /** Has the lease, or takes it, or keeps it before a third of it is over. Undefined when somebody else has it. */
  hold(): Promise<RelayLease | undefined>
  /** Something failed, and an append may be under way: the lease is not used again. */
  doubt(): void
  /** Somebody else took over: nothing is left to give back. */
  lost(): void
  /** Gives back what it has, or had in doubt. */
  end(): Promise<void>
}

export function createLeadership(options: ResolvedRelayOptions): Leadership {
  const { bus, source, holder, leaseMs } = options
  const { clock } = options.environment
  let lease: RelayLease | undefined
  let leasedMs = 0
  /** A lease that must be given back before a new one is taken. */
  let stale: RelayLease | undefined

  return {
    get lease() {
      return lease
    },
    async hold() {
      const nowMs = clock.monotonic()
      if (lease !== undefined && nowMs - leasedMs < leaseMs / 3) return lease
      if (stale !== undefined) await bus.release(stale)
      stale = undefined
      lease = await bus.lease(source, holder, leaseMs)
      leasedMs = nowMs
      return lease
    },
    doubt() {
      stale = lease ?? stale
      lease = undefined
    },
    lost() {
      stale = undefined
      lease = undefined
    },
    async end() {
      const last = lease ?? stale
      lease = undefined
      if (last !== undefined) await bus.release(last)
    },
  }
}
