/** Sending an order back, and thinking better of it. */
import { type Failing, isBanyanError } from 'banyan'
import { Shipping } from '../shipping/contract.ts'
import type { Orders } from './contract.ts'
import { type Ctx, lockOrder } from './record.ts'
import { returns } from './sagas.ts'

type Types<Name extends 'return' | 'keep'> = (typeof Orders)['operations'][Name]['~types']
type Key = { readonly orderId: string }

/** The saga begins with the transaction that has seen the order delivered: once for each order. */
export async function sendBack(
  { orderId }: Key,
  ctx: Ctx & Failing<Types<'return'>['errors']>,
): Promise<Types<'return'>['returned']> {
  const before = await ctx.sagas.find(returns, orderId)
  if (before?.state === 'undoing' || before?.state === 'undone') throw ctx.fail('RETURN_OVER')
  return ctx.transact(async (tx) => {
    const row = await lockOrder(tx, orderId)
    if (row === undefined) throw ctx.fail('UNKNOWN_ORDER')
    const { status } = row
    if (status === 'returned') return { orderId, status }
    if (status !== 'delivered') throw ctx.fail('NOT_DELIVERED', { status })
    await tx.sagas.start(returns, { orderId })
    return { orderId, status }
  })
}

/** Shipping decides, where the label's row is locked; then the saga is told, and takes back what it has done. */
export async function keep(
  { orderId }: Key,
  ctx: Ctx & Failing<Types<'keep'>['errors']>,
): Promise<Types<'keep'>['returned']> {
  const before = await ctx.sagas.find(returns, orderId)
  if (before === undefined) throw ctx.fail('NO_RETURN')
  if (before.state === 'undone') return { orderId, status: 'delivered' }
  const stopped = await ctx.attempt(Shipping.voidLabel, { orderId })
  if (!stopped.ok) throw ctx.fail('TOO_LATE')
  try {
    await ctx.sagas.cancel(returns, orderId, 'the customer keeps the goods')
  } catch (error) {
    if (!isBanyanError(error) || error.reason !== 'SAGA_ENDED') throw error
  }
  return { orderId, status: 'delivered' }
}
