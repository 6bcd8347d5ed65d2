/**
 * How long to wait before trying again: exponential, bounded, with jitter, so that many who failed together do not come back
 * together. Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
import type { Random } from '../core/environment/random.ts'

/** Times in milliseconds. */
export interface Backoff {
  readonly firstMs: number
  readonly factor: number
  readonly maxMs: number
}

/** For loops of our own that found their database or bus away: 50 ms → 5 s. */
export const loopBackoff: Backoff = { firstMs: 50, factor: 2, maxMs: 5_000 }

/** The longest wait after so many failures (1, 2, 3 …). */
export function ceilingMs(backoff: Backoff, failures: number): number {
  return Math.min(backoff.maxMs, backoff.firstMs * backoff.factor ** (failures - 1))
}

/** Between nothing and the ceiling: spreads best; for attempts that are counted. */
export function fullJitterMs(backoff: Backoff, failures: number, random: Random): number {
  return random.next() * ceilingMs(backoff, failures)
}

/** Between half the ceiling and the ceiling: never near zero; for loops that go on for ever. */
export function equalJitterMs(backoff: Backoff, failures: number, random: Random): number {
  return (0.5 + random.next() / 2) * ceilingMs(backoff, failures)
}
