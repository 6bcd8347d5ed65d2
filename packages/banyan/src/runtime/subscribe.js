/**
 * A subscription in a file of its own. The context must be annotated (`ctx: ContextOf<typeof Orders>`): here nothing says
 * which service it is for; where it is listed, the compiler checks that it fits.
 *
 * @example
 * export const onCaptured = subscribe(Payments.events.captured, async (event, ctx: ContextOf<typeof Orders>) => {
 *   await ctx.transact(async (tx) => { tx.publish(Orders.events.confirmed, { orderId: event.data.orderId }) })
 * })
 */
export function subscribe(event, handle, options = {}) {
  return Object.freeze({ $banyan: 'subscription', event, handle, options: Object.freeze({ ...options }) })
}
