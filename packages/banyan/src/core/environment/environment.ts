/**
 * Everything a program cannot compute by itself: clock, timers, randomness, ids, network, files. All of Banyan reaches the
 * outside only through this, so that the whole system can run under virtual time, where one seed is one schedule.
 */
import type { Files } from './files.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'
import type { Timers } from './timers.ts'

/** Two clocks: the calendar, and one that only goes forward. */
export interface Clock {
  /** Milliseconds since 1970, as the calendar has it; may jump. */
  now(): number
  /** Milliseconds on a clock that never goes back; only differences mean something. */
  monotonic(): number
}

/** The outside world, as Banyan sees it. */
export interface Environment {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly network: Network
  readonly files: Files
}
