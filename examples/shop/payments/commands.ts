/** What the sagas of orders ask of payments. */
import { type Failing, isBanyanError } from 'banyan'
import { authorization, stillAsking, takeAndFollow } from './at-the-provider.ts'
import type { Payments } from './contract.ts'
import { capture as captureAtProvider } from './provider.ts'
import { type Ctx, find, record } from './record.ts'

type Name = 'authorize' | 'capture' | 'release' | 'refund'
type Types<N extends Name> = (typeof Payments)['operations'][N]['~types']
type Context<N extends Name> = Ctx & Failing<Types<N>['errors']>
type Key = { readonly orderId: string }

/** A provider that answers at all does it within seconds; who asked is told to come again after that. In milliseconds. */
const patienceMs = 5_000

/** The saga asks, so that the answer is written down even when nobody waits for it here any more. */
export async function authorize(
  { orderId, total, token }: Types<'authorize'>['received'],
  ctx: Context<'authorize'>,
): Promise<Key> {
  await ctx.sagas.start(authorization, { orderId, ...total, token })
  const answer = await ctx.sagas.result(authorization, orderId, { timeoutMs: patienceMs }).catch((error: unknown) => {
    throw isBanyanError(error) && error.reason === 'SAGA_RUNNING' ? stillAsking() : error
  })
  if (answer.type === 'declined') throw ctx.fail('DECLINED')
  if (answer.type === 'timed-out') throw ctx.fail('TIMED_OUT')
  if (answer.type === 'given-up') throw ctx.fail('GIVEN_UP')
  return { orderId }
}

/** Outside of any transaction first, then written down: a repetition finds it done at the provider. */
export async function capture({ orderId }: Key, ctx: Context<'capture'>): Promise<Key> {
  const { state, chargeId, authorized } = await find(ctx, orderId)
  if (state === 'captured') return { orderId }
  if (state !== 'authorized' || chargeId === null) throw ctx.fail('NOT_HELD')
  await captureAtProvider(ctx.signal, chargeId)
  await record(ctx, orderId, { type: 'captured', amount: authorized })
  return { orderId }
}

/** To a payment it is the same whether it is given up before or after it was taken. */
async function giveUp({ orderId }: Key, ctx: Ctx): Promise<Key> {
  await ctx.transact(async (tx) => void (await takeAndFollow(tx, orderId, { type: 'order-ended' })))
  return { orderId }
}
export const release: (key: Key, ctx: Ctx) => Promise<Key> = giveUp
export const refund: (key: Key, ctx: Ctx) => Promise<Key> = giveUp
