/** Events: facts a service makes known. Published through the outbox, in order per key. */
import type { AnySchema, Received, Sent } from './schema.ts'
import type { Upcasters } from './upcast.ts'

/**
 * How much an event carries: `notification` (thin: what happened to whom; ask for the rest), `state` (fat: what is now
 * true, so that a reader needs no call back) or `sourced` (a fact out of an aggregate's own stream, given away as it is).
 */
export type EventKind = 'notification' | 'state' | 'sourced'

/** The kinds of events, for checks. */
export const eventKinds: readonly EventKind[] = ['notification', 'state', 'sourced']

/** How long the log keeps events of one type at least: until they are older than `ageMs`, or until there are more than `bytes` of them. */
export interface EventRetention {
  /** Milliseconds; a whole number from 1. */
  readonly ageMs?: number
  /** Bytes of envelopes; a whole number from 1. */
  readonly bytes?: number
}

/** An event of a contract. `Data` is what the publisher gives, `R` what a subscriber receives. */
export interface Event<Data = unknown, R = unknown> {
  readonly kind: 'event'
  readonly eventKind: EventKind
  /** The field of the data by which events are ordered. */
  readonly key: string
  readonly data: AnySchema
  readonly about?: string
  /** How older majors become this one, see {@link Upcasters}. */
  readonly upcast?: Upcasters
  /** How long the log keeps it. Undefined: as long as the system's default says. */
  readonly retention?: EventRetention
  /** Exists only for the compiler. */
  readonly '~types': { readonly data: Data; readonly received: R }
}

/** K itself when it is a field of the data, else a message. */
export type CheckedKey<K extends string, Data> = K extends keyof Data ? K : `key '${K}' is not a field of data`

/** What {@link event} takes. */
export interface EventSpec<S extends AnySchema, K extends string> {
  /** A text field of `data`: events with the same value arrive in the order in which they were published. */
  readonly key: CheckedKey<K, Received<S>>
  readonly data: S
  /** Default 'state'. */
  readonly kind?: EventKind
  /** The event's own major version, part of its name in the log. Default 1. */
  readonly version?: number
  readonly about?: string
  /**
   * How the data of older majors becomes the data of this one: `{ 1: (v1) => v2, 2: (v2) => v3 }`. Whoever subscribes to
   * this version then receives the older ones too, so that a replay from the start needs one handler. Pure functions, and
   * not part of the contract's document.
   */
  readonly upcast?: Upcasters
  /** How long the log keeps events of this type. Default: what the log keeps of every type. */
  readonly retention?: EventRetention
}

/**
 * A fact that a service publishes.
 *
 * @example
 * const placed = event({ key: 'orderId', data: t.Object({ orderId: t.String(), total: Money }) })
 * const renamed = event({
 *   key: 'id',
 *   version: 2,
 *   data: t.Object({ id: t.String(), name: t.String() }),
 *   upcast: { 1: ({ title, ...rest }) => ({ ...rest, name: title }) },
 * })
 */
export function event<S extends AnySchema, const K extends string>(spec: EventSpec<S, K>): Event<Sent<S>, Received<S>> {
  const { kind = 'state', version = 1, ...rest } = spec
  return Object.freeze({ ...rest, kind: 'event', eventKind: kind, major: version }) as never
}
