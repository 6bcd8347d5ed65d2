/** What producers and consumers are told, and what they say. Times in milliseconds. */
import type { BusKind, Naive } from './options.ts'

/** The producing service, and the one that consumes its events. */
export const producing = 'ledger'
export const consuming = 'audit'
export const eventType = 'ledger.counted.v1'

/** Short, so that take-overs happen many times a minute; what may be idle in a transaction ends well before it. */
export const leaseMs = 2_000
export const idleInTransactionMs = 1_000

/** How to reach the log. */
export interface BusAddress {
  readonly kind: BusKind
  readonly url: string
}

/** What an actor is told, as JSON in its first argument. */
export interface ActorGiven {
  /** The instance: stays the same over restarts. */
  readonly name: string
  readonly storeUrl: string
  readonly bus: BusAddress
  readonly naive: Naive | undefined
  readonly keys: number
  /** Transactions a second; 0 for one that only relays. */
  readonly rate: number
}

/** What actors say. */
export type ActorMessage =
  | { readonly say: 'ready' }
  | { readonly say: 'quiet' }
  /** Effects have committed since it last said so. */
  | { readonly say: 'applied' }
  | { readonly say: 'acknowledged'; readonly counters: readonly (readonly [key: string, counter: number])[] }

/** What they are told while they run. */
export type ActorOrder = 'be quiet' | 'stop'
