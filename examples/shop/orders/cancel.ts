/**
 * Cancelling an order. Until it is accepted it is simply given up, here, where its row is locked; the saga is told, and takes back
 * what it has done. After that only shipping can stop it, if the parcel can still be kept: the order follows what shipping has
 * committed to, never the other way round.
 */
import { type Failing, isBanyanError } from 'banyan'
import { isChoreographed } from '../flow.ts'
import { Shipping } from '../shipping/contract.ts'
import type { Orders } from './contract.ts'
import { type Cancellation, onCancel, type Status } from './order.ts'
import { type Ctx, change, lockOrder, type Tx } from './record.ts'
import { checkout } from './sagas.ts'

type Output = (typeof Orders.cancel)['~types']['returned']
type Errors = (typeof Orders.cancel)['~types']['errors']

export async function cancel({ orderId }: { readonly orderId: string }, ctx: Ctx & Failing<Errors>): Promise<Output> {
  const decided = await ctx.transact((tx) => decide(tx, ctx.now(), orderId))
  if (decided === undefined) throw ctx.fail('UNKNOWN_ORDER')
  const { status, verdict } = decided
  if (verdict === 'too late') throw ctx.fail('TOO_LATE', { status })
  if (verdict === 'give up' && !isChoreographed) await tell(ctx, orderId)
  if (verdict === 'ask shipping') {
    const stopped = await ctx.attempt(Shipping.stop, { orderId })
    if (!stopped.ok) throw ctx.fail('TOO_LATE', { status: 'shipped' })
  }
  return { orderId, status }
}

interface Decided {
  readonly status: Status
  readonly verdict: Cancellation
}

async function decide(tx: Tx, nowMs: number, orderId: string): Promise<Decided | undefined> {
  const row = await lockOrder(tx, orderId)
  if (row === undefined) return undefined
  const { status } = row
  const verdict = onCancel(status, row.accepted)
  if (verdict === 'give up') return { status: await change(tx, nowMs, row, { type: 'cancel' }), verdict }
  // Its saga holds the order while it is being called off: shipping has said yes before.
  const isCalledOff = verdict === 'ask shipping' && (await tx.sagas.heldBy('order', orderId)) !== undefined
  return { status, verdict: isCalledOff ? 'cancelled before' : verdict }
}

/** So that it stops what it is at; it would find out by itself before it accepts the order. */
async function tell(ctx: Ctx, orderId: string): Promise<void> {
  try {
    await ctx.sagas.cancel(checkout, orderId, 'the customer gave the order up')
  } catch (error) {
    // Not begun yet, or over already.
    if (!isBanyanError(error) || !['UNKNOWN_SAGA', 'SAGA_ENDED'].includes(error.reason ?? '')) throw error
  }
}
