/**
 * Cancelling an order. Until it is accepted it is simply given up, here, where its row is locked; the saga is told, and takes back
 * what it has done. After that only shipping can stop it, if the parcel can still be kept: the order follows what shipping has
 * committed to, never the other way round.
 */
import { type Failing, isBanyanError } from 'banyan'
import { isChoreographed } from '../flow.ts'
import { Shipping } from '../shipping/contract.ts'
import type { Orders } from './contract.ts'
import type { Status } from './order.ts'
import { type Ctx, change, lockOrder, type Tx } from './record.ts'
import { checkout } from './sagas.ts'

type Output = (typeof Orders.cancel)['~types']['returned']
type Errors = (typeof Orders.cancel)['~types']['errors']

/** What the row says. */
interface Verdict {
  readonly status: Status
  /** `ask`: shipping decides. `follows`: it was stopped before, and the saga sees to the rest. */
  readonly then: 'given up' | 'ask' | 'follows' | 'too late'
}

export async function cancel({ orderId }: { readonly orderId: string }, ctx: Ctx & Failing<Errors>): Promise<Output> {
  const verdict = await ctx.transact((tx) => decide(tx, ctx.now(), orderId))
  if (verdict === undefined) throw ctx.fail('UNKNOWN_ORDER')
  const { status, then } = verdict
  if (then === 'too late') throw ctx.fail('TOO_LATE', { status })
  if (then === 'given up' && !isChoreographed) await tell(ctx, orderId)
  if (then === 'ask') {
    const stopped = await ctx.attempt(Shipping.stop, { orderId })
    if (!stopped.ok) throw ctx.fail('TOO_LATE', { status: 'shipped' })
  }
  return { orderId, status }
}

async function decide(tx: Tx, nowMs: number, orderId: string): Promise<Verdict | undefined> {
  const row = await lockOrder(tx, orderId)
  if (row === undefined) return undefined
  const { status, accepted } = row
  if (status === 'cancelled') return { status, then: 'given up' }
  if (status === 'pending' && !accepted)
    return { status: await change(tx, nowMs, row, { type: 'cancel' }), then: 'given up' }
  if (status !== 'pending' && status !== 'confirmed') return { status, then: 'too late' }
  return { status, then: (await tx.sagas.heldBy('order', orderId)) === undefined ? 'ask' : 'follows' }
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
