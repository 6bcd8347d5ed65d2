/**
 * How long to wait before a crashed process is started again: exponential, with jitter so that what crashed together does
 * not start together, and forgotten once it has been healthy for a while.
 */

/** Bounds, in milliseconds. */
export interface RestartPolicy {
  /** Before the first restart. Default 100. */
  readonly firstMs: number
  /** Longest wait. Default 10 000. */
  readonly mostMs: number
  /** Healthy for so long: the next crash counts as the first. Default 30 000. */
  readonly healthyMs: number
}

/** The defaults; the shape is that of systemd and Kubernetes, shorter because a developer waits for it. */
export const defaultRestartPolicy: RestartPolicy = { firstMs: 100, mostMs: 10_000, healthyMs: 30_000 }

/** The wait before restart number `attempt` (0 is the first): between half of the exponential step and all of it. */
export function restartDelayMs(policy: RestartPolicy, attempt: number, random: number): number {
  const step = Math.min(policy.mostMs, policy.firstMs * 2 ** Math.min(attempt, 30))
  return step * (0.5 + random / 2)
}
