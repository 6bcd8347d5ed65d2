/**
 * What payments does at the provider, as sagas: begun with the fact that makes it necessary, and brought to its end whatever
 * happens to whoever asked for it, and to the host.
 */
import { BanyanError, defineSaga, type Received, type Saga, t } from 'banyan'
import type { Fact } from './payment.ts'
import { authorize, type Charge, findCharges, release } from './provider.ts'
import { type Ctx, find, type Taken, type Tx, take } from './record.ts'

/** How long after an unanswered authorization its charge may still appear at the provider. */
const lateChargeMs = 60_000
/** A provider that is down is asked again for an hour and more, every few seconds. */
const patient = { maxAttempts: 1_000, firstMs: 100, maxMs: 5_000 }

const Request = t.Object({
  orderId: t.String(),
  amount: t.Integer(),
  currency: t.String(),
  token: t.String({ secret: true }),
})

const key = ({ orderId }: { readonly orderId: string }): string => orderId

/** Takes a fact; what has to be given up from then on is given up by a saga that begins with it. */
export async function takeAndFollow(tx: Tx, orderId: string, fact: Fact): Promise<Taken> {
  const taken = await take(tx, orderId, fact)
  if (taken.isReleaseDue) await tx.sagas.start(givingUp, { orderId })
  return taken
}

/**
 * Asks the provider to set the money aside, and writes its answer down. It is not undone when the order is given up meanwhile: what
 * was asked must be known before it can be given up, so the answer is awaited, and what comes of it is given up then.
 */
export const authorization = defineSaga('authorization', {
  version: 1,
  about: 'Asks the provider for the money of an order.',
  input: Request,
  key,
  retry: patient,
  async run(saga: Saga<Ctx>, request: Received<typeof Request>) {
    const answer = await saga.step('ask the provider', (ctx) => authorize(ctx.signal, request))
    const state = await saga.tx('write the answer down', async (tx) => {
      const { payment } = await takeAndFollow(tx, request.orderId, answer)
      return payment.state
    })
    // Given up while the provider was asked: what it has set aside is given up too.
    const isLate = answer.type === 'authorized' && state !== 'authorized' && state !== 'captured'
    return { type: isLate ? 'given-up' : answer.type }
  },
})

/** Gives up what is held of a payment, also what appears late; ends when nothing can be held any more. */
export const givingUp = defineSaga('giving-up', {
  version: 1,
  about: 'Gives up what the provider holds of a payment.',
  input: t.Object({ orderId: t.String() }),
  key,
  retry: patient,
  async run(saga: Saga<Ctx>, { orderId }) {
    const dueMs = saga.now() + lateChargeMs
    for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
      const sum = await saga.step('give up what is held', (ctx) => giveUp(ctx, orderId))
      if (sum !== 'nothing yet' || saga.now() >= dueMs) {
        const held = sum === 'nothing yet' ? { authorized: 0, captured: 0, refunded: 0 } : sum
        await saga.tx('write it down', async (tx) => void (await take(tx, orderId, { type: 'released', ...held })))
        return held
      }
      await saga.sleep(pauseMs)
    }
  },
})

type Sum = Pick<Charge, 'authorized' | 'captured' | 'refunded'>

async function giveUp(ctx: Pick<Ctx, 'load' | 'signal'>, orderId: string): Promise<Sum | 'nothing yet'> {
  const charges = await findCharges(ctx.signal, orderId)
  if (charges.length === 0 && (await find(ctx, orderId)).unsettled) return 'nothing yet'
  const sum = { authorized: 0, captured: 0, refunded: 0 }
  for (const charge of charges) {
    const { authorized, captured, refunded } = await release(ctx.signal, charge)
    sum.authorized += authorized
    sum.captured += captured
    sum.refunded += refunded
  }
  return sum
}

/** The provider has not said anything yet, and is asked on. */
export const stillAsking = (): BanyanError =>
  new BanyanError('UNAVAILABLE', 'the payment provider does not answer; it is asked on', {
    reason: 'PROVIDER_UNAVAILABLE',
    retryable: true,
  })
