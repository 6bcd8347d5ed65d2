/**
 * Keeps an assignment while its session works: renews it after each third of its time, and says so when it is lost: taken
 * over, or not renewed in time. Only durations count here, so the clocks of host and database need not agree.
 */
import type { Environment } from '../core/environment/environment.ts'
import type { Timer } from '../core/environment/timers.ts'
import { type Assignment, Fenced, type Inbox } from '../store/inbox.ts'

export interface LeaseKeeperOptions {
  readonly environment: Environment
  readonly inbox: Inbox
  readonly assignment: Assignment
  readonly holder: string
  readonly leaseMs: number
  /** On the monotonic clock, before the claim was sent: the lease began no earlier. */
  readonly claimedMs: number
  /** Called at most once. */
  readonly onLost: (reason: Fenced) => void
  readonly onError: (error: unknown) => void
}

export interface LeaseKeeper {
  /** False, and lost, when the time is over: also after a pause in which no timer could fire. */
  check(): boolean
  /** Asks now; false, and lost, when somebody else took over. */
  confirm(): Promise<boolean>
  end(): void
}

export function createLeaseKeeper(options: LeaseKeeperOptions): LeaseKeeper {
  const { inbox, assignment, holder, leaseMs } = options
  const { clock, timers } = options.environment
  let validUntilMs = options.claimedMs + leaseMs
  let ended = false
  let renewal: Timer
  let expiry: Timer

  function end(): void {
    ended = true
    renewal.cancel()
    expiry.cancel()
  }
  function lose(): void {
    if (ended) return
    end()
    options.onLost(new Fenced(`group '${assignment.group}' on '${assignment.source}' (epoch ${assignment.epoch})`))
  }
  function check(): boolean {
    if (!ended && clock.monotonic() >= validUntilMs) lose()
    return !ended
  }
  function expire(): void {
    if (check()) expiry = timers.after(validUntilMs - clock.monotonic(), expire)
  }
  /** Claims once more; how long until the next time. */
  async function claim(): Promise<number> {
    const askedMs = clock.monotonic()
    try {
      const kept = await inbox.claim(assignment.group, assignment.source, holder, leaseMs, assignment.cursor)
      if (kept?.epoch !== assignment.epoch) lose()
      else validUntilMs = askedMs + leaseMs
      return leaseMs / 3
    } catch (error) {
      options.onError(error)
      return leaseMs / 10
    }
  }
  async function renew(): Promise<void> {
    const waitMs = await claim()
    if (!ended) renewal = timers.after(waitMs, () => void renew())
  }
  async function confirm(): Promise<boolean> {
    await claim()
    return !ended
  }

  renewal = timers.after(leaseMs / 3, () => void renew())
  expiry = timers.after(leaseMs, expire)
  return { check, confirm, end }
}
