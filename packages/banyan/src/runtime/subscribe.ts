/** Subscriptions: what a service does when something happened elsewhere (or in itself). */
import type { AnyEvent } from '../contract/define-contract.ts'
import type { Event } from '../contract/event.ts'
import type { Owned } from '../contract/operation.ts'
import type { Delivered } from './context.ts'

/** How failed deliveries of one subscription are tried again; what is left out has the default. */
export interface RetryOptions {
  /** Failures before the event is parked with its key, 1 to 100. Counted in the database, over restarts. Default 8. */
  readonly maxAttempts?: number
  /** The longest wait after the first failure, 1 to 3 600 000 ms. Waits are full jitter. Default 50. */
  readonly firstMs?: number
  /** By what it grows with each failure, 1 to 10. Default 2. */
  readonly factor?: number
  /** The longest wait of all, `firstMs` to 86 400 000 ms. Default 30 000. */
  readonly maxMs?: number
}

/** How events are delivered to one subscription. */
export interface SubscriptionOptions {
  /**
   * Subscriptions of one group share order and parking. Default: one group for all subscriptions of this service on one
   * producer. Name another where a failing handler must not hold back the rest.
   */
  readonly group?: string
  /** Keys handled at the same time, 1 to 256; the largest of a group counts. One key is always handled in order. */
  readonly concurrency?: number
  /** Short for `retry: { maxAttempts }`. */
  readonly maxAttempts?: number
  /** Of this subscription alone, also where it shares a group with others. */
  readonly retry?: RetryOptions
  /**
   * Errors after which trying again cannot help, by code (`INVALID_ARGUMENT`) or reason (`OUT_OF_STOCK`): the event is parked at
   * once. A handler says the same with `throw new Unretryable(…)`.
   */
  readonly terminal?: readonly string[]
  /**
   * The same as a question: false parks at once. Not asked about outages (UNAVAILABLE and the like), which are waited out. An
   * answer that throws counts as true.
   */
  readonly retryable?: (error: unknown) => boolean
}

/** Options of a subscription whose handler takes many events at once. */
export interface BatchSubscriptionOptions extends SubscriptionOptions {
  /**
   * Events of one call and one transaction, at most: 1 to 1 000. Those of one key come in order and next to each other. When it
   * fails, its events are delivered one by one (arrays of one), so that one of them cannot hold the others.
   */
  readonly batch: number
  /** How long a batch that is not full waits for more, 0 to 1 000 ms. Default 5. */
  readonly batchMs?: number
}

/** The options of either kind of handler. */
export type AnySubscriptionOptions = SubscriptionOptions & Partial<Pick<BatchSubscriptionOptions, 'batch' | 'batchMs'>>

/** A subscription that needs a context of type Ctx; `Source` is the contract it listens to. */
export interface Subscription<in Ctx = never, out Source extends string = string> {
  readonly $banyan: 'subscription'
  readonly event: AnyEvent & Owned<Source>
  readonly handle: (event: never, ctx: Ctx) => Promise<unknown> | void
  readonly options: AnySubscriptionOptions
}

/** What `on: (on) => […]` is given: like {@link subscribe}, with the service's own context. */
export interface On<Ctx> {
  <R, Source extends string>(
    event: Event<unknown, R> & Owned<Source>,
    handle: (events: readonly Delivered<R>[], ctx: Ctx) => Promise<unknown> | void,
    options: BatchSubscriptionOptions,
  ): Subscription<Ctx, Source>
  <R, Source extends string>(
    event: Event<unknown, R> & Owned<Source>,
    handle: (event: Delivered<R>, ctx: Ctx) => Promise<unknown> | void,
    options?: SubscriptionOptions & { readonly batch?: undefined },
  ): Subscription<Ctx, Source>
}

/**
 * A subscription in a file of its own. The context must be annotated (`ctx: ContextOf<typeof Orders>`): here nothing says
 * which service it is for; where it is listed, the compiler checks that it fits. With `batch` the handler takes an array.
 *
 * @example
 * export const onCaptured = subscribe(Payments.events.captured, async (event, ctx: ContextOf<typeof Orders>) => {
 *   await ctx.transact(async (tx) => { tx.publish(Orders.events.confirmed, { orderId: event.data.orderId }) })
 * }, { retry: { maxAttempts: 20, maxMs: 60_000 }, terminal: ['NOT_FOUND'] })
 */
export function subscribe<R, Source extends string, Ctx>(
  event: Event<unknown, R> & Owned<Source>,
  handle: (events: readonly Delivered<R>[], ctx: Ctx) => Promise<unknown> | void,
  options: BatchSubscriptionOptions,
): Subscription<Ctx, Source>
export function subscribe<R, Source extends string, Ctx>(
  event: Event<unknown, R> & Owned<Source>,
  handle: (event: Delivered<R>, ctx: Ctx) => Promise<unknown> | void,
  options?: SubscriptionOptions & { readonly batch?: undefined },
): Subscription<Ctx, Source>
export function subscribe(event: unknown, handle: unknown, options: object = {}): never {
  return Object.freeze({ $banyan: 'subscription', event, handle, options: Object.freeze({ ...options }) }) as never
}
