/** Subscriptions: what a service does when something happened elsewhere (or in itself). */
import type { AnyEvent } from '../contract/define-contract.ts'
import type { Event } from '../contract/event.ts'
import type { Owned } from '../contract/operation.ts'
import type { Delivered } from './context.ts'

/** How events are delivered to one subscription. */
export interface SubscriptionOptions {
  /**
   * Subscriptions of one group share order and parking. Default: one group for all subscriptions of this service on one
   * producer. Name another where a failing handler must not hold back the rest.
   */
  readonly group?: string
  /** Keys handled at the same time, 1 to 256. One key is always handled in order. */
  readonly concurrency?: number
  /** Tries before the key is parked, 1 to 100. */
  readonly maxAttempts?: number
}

/** A subscription that needs a context of type Ctx; `Source` is the contract it listens to. */
export interface Subscription<in Ctx = never, out Source extends string = string> {
  readonly $banyan: 'subscription'
  readonly event: AnyEvent & Owned<Source>
  readonly handle: (event: never, ctx: Ctx) => Promise<unknown> | void
  readonly options: SubscriptionOptions
}

/** What `on: (on) => […]` is given: like {@link subscribe}, with the service's own context. */
export type On<Ctx> = <R, Source extends string>(
  event: Event<unknown, R> & Owned<Source>,
  handle: (event: Delivered<R>, ctx: Ctx) => Promise<unknown> | void,
  options?: SubscriptionOptions,
) => Subscription<Ctx, Source>

/**
 * A subscription in a file of its own. The context must be annotated (`ctx: ContextOf<typeof Orders>`): here nothing says
 * which service it is for; where it is listed, the compiler checks that it fits.
 *
 * @example
 * export const onCaptured = subscribe(Payments.events.captured, async (event, ctx: ContextOf<typeof Orders>) => {
 *   await ctx.transact(async (tx) => { tx.publish(Orders.events.confirmed, { orderId: event.data.orderId }) })
 * })
 */
export function subscribe<R, Source extends string, Ctx>(
  event: Event<unknown, R> & Owned<Source>,
  handle: (event: Delivered<R>, ctx: Ctx) => Promise<unknown> | void,
  options: SubscriptionOptions = {},
): Subscription<Ctx, Source> {
  return Object.freeze({ $banyan: 'subscription', event, handle, options: Object.freeze({ ...options }) }) as never
}
