/** Events: facts a service makes known. Published through the outbox, in order per key. */
import type { AnySchema, Received, Sent } from './schema.ts'

/**
 * How much an event carries: `notification` (thin: what happened to whom; ask for the rest) or `state` (fat: what is now
 * true, so that a reader needs no call back).
 */
export type EventKind = 'notification' | 'state'

/** An event of a contract. `Data` is what the publisher gives, `R` what a subscriber receives. */
export interface Event<Data = unknown, R = unknown> {
  readonly kind: 'event'
  readonly eventKind: EventKind
  /** The field of the data by which events are ordered. */
  readonly key: string
  readonly data: AnySchema
  readonly about?: string
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
}

/**
 * A fact that a service publishes.
 *
 * @example
 * placed: event({ key: 'orderId', data: t.Object({ orderId: t.String(), total: Money }) })
 */
export function event<S extends AnySchema, const K extends string>(spec: EventSpec<S, K>): Event<Sent<S>, Received<S>> {
  const { kind = 'state', version = 1, ...rest } = spec
  return Object.freeze({ ...rest, kind: 'event', eventKind: kind, major: version }) as never
}
