/**
 * Cancelling an order. A pending one is simply given up; a confirmed one only if shipping can still keep the parcel, which
 * then says so by an event: the order follows what shipping has committed to, never the other way round.
 */
import type { Failing } from 'banyan'
import { Shipping } from '../shipping/contract.ts'
import type { Orders } from './contract.ts'
import { type Ctx, record } from './record.ts'

type Output = (typeof Orders.cancel)['~types']['returned']
type Errors = (typeof Orders.cancel)['~types']['errors']

export async function cancel({ orderId }: { readonly orderId: string }, ctx: Ctx & Failing<Errors>): Promise<Output> {
  const status = await record(ctx, orderId, { type: 'cancel' })
  if (status === undefined) throw ctx.fail('UNKNOWN_ORDER')
  if (status === 'cancelled') return { orderId, status }
  if (status !== 'confirmed') throw ctx.fail('TOO_LATE', { status })
  const stopped = await ctx.attempt(Shipping.stop, { orderId })
  if (!stopped.ok) throw ctx.fail('TOO_LATE', { status: 'shipped' })
  return { orderId, status }
}
