/** What a contract suite needs to be given: a fresh instance, a hand on its clock, and a way to end it. */
import type { Bus } from '../../bus/bus.ts'
import type { Store } from '../../store/store.ts'

interface Opened {
  /** Moves the clock by which leases and expiry run; no suite waits for real time. */
  shiftClock(ms: number): void | Promise<void>
  close(): Promise<void>
}

/** An empty store of its own. `second` reaches the same data the way another host would; left out where there is no such way. */
export interface OpenedStore extends Opened {
  readonly store: Store
  readonly second?: Store
}

/** An empty bus of its own. `second` reaches the same log the way another host would. */
export interface OpenedBus extends Opened {
  readonly bus: Bus
  readonly second?: Bus
}
