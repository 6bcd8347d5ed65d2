/**
 * What payments does at the provider, as sagas: begun with the fact that makes it necessary, and brought to its end whatever
 * happens to whoever asked for it, and to the host. Requests go out as external steps: an answer that is lost is neither a yes nor
 * a no, and is asked after until it is known.
 */
import { BanyanError, defineSaga, type ExternalResponse, type Received, type Saga, t } from 'banyan'
import type { Fact } from './payment.ts'
import { type Authorization, answerTimeoutMs, type Charge, findCharges, origin } from './provider.ts'
import { type Ctx, type Taken, type Tx, take } from './record.ts'

/** How long after an unanswered authorization its charge may still appear at the provider. */
const lateChargeMs = 60_000
/** A provider that is down is asked again for an hour and more, every few seconds. */
const patient = { maxAttempts: 1_000, firstMs: 100, maxMs: 5_000 }

/** By which a clock may differ from a timer. */
const slackMs = 50

const Request = t.Object({
  orderId: t.String(),
  amount: t.Integer(),
  currency: t.String(),
  token: t.String({ secret: true }),
})
type Request = Received<typeof Request>

/** The provider keeps keys, so what was lost is asked for again; who is not let in, or asks for what is not there, has done nothing. */
const provider = {
  origin,
  timeoutMs: answerTimeoutMs,
  repeatable: true,
  classify: ({ status }: ExternalResponse) => ([401, 403, 404].includes(status) ? 'none' : undefined),
} as const

const key = ({ orderId }: { readonly orderId: string }): string => orderId

/** Takes a fact; what has to be given up from then on is given up by a saga that begins with it. */
export async function takeAndFollow(tx: Tx, orderId: string, fact: Fact): Promise<Taken> {
  const taken = await take(tx, orderId, fact)
  if (taken.isReleaseDue) await tx.sagas.start(givingUp, { orderId, isUnsettled: taken.payment.unsettled })
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
  async run(saga: Saga<Ctx>, request: Request) {
    const answer = await ask(saga, request)
    const state = await saga.tx('write the answer down', async (tx) => {
      const { payment } = await takeAndFollow(tx, request.orderId, answer)
      return payment.state
    })
    // Given up while the provider was asked: what it has set aside is given up too.
    const isLate = answer.type === 'authorized' && state !== 'authorized' && state !== 'captured'
    return { type: isLate ? 'given-up' : answer.type }
  },
})

/**
 * One request with three ends. A connection that breaks: the charge is looked up, and asked for again under the same key when it is
 * not there. No answer in time: that is the end for the customer, who does not wait any longer; what becomes of the charge is for
 * {@link givingUp} to find out.
 */
async function ask(saga: Saga<Ctx>, { orderId, token, ...sum }: Request): Promise<Authorization> {
  let sentMs: number | undefined
  let isRefused = false
  return saga.externalStep<Authorization>('ask the provider', {
    ...provider,
    key: `authorize-${orderId}`,
    request: (ctx) => {
      sentMs = ctx.now()
      return { url: '/charges', json: { orderId, ...sum, token, capture: false } }
    },
    readAlso: [400, 402, 422],
    // An earlier request under this key is still being worked on.
    classify: (answer) => (answer.status === 409 ? 'unknown' : provider.classify(answer)),
    read(answer) {
      if (answer.status === 402) return { type: 'declined' }
      isRefused = answer.status >= 400
      // It cannot make sense of this; unless it has done so before, under this key.
      if (isRefused) throw new BanyanError('UNAVAILABLE', 'the provider cannot read it', { outcome: 'unknown' })
      return { type: 'authorized', chargeId: toChargeId(answer), amount: sum.amount }
    },
    async probe(ctx) {
      if (!isRefused && sentMs !== undefined && ctx.now() - sentMs >= answerTimeoutMs - slackMs)
        return { happened: 'yes', result: { type: 'timed-out' } }
      const [found] = await findCharges(ctx.signal, orderId)
      if (found !== undefined)
        return { happened: 'yes', result: { type: 'authorized', chargeId: found.chargeId, amount: found.authorized } }
      return isRefused ? { happened: 'yes', result: { type: 'declined' } } : { happened: 'no' }
    },
  })
}

function toChargeId(answer: ExternalResponse): string {
  const { chargeId } = answer.json<Partial<Charge>>()
  if (typeof chargeId !== 'string') throw new Error('a charge without an id')
  return chargeId
}

const Due = t.Object({ orderId: t.String(), isUnsettled: t.Boolean() })

/** Gives up what is held of a payment, also what appears late; ends when nothing can be held any more. */
export const givingUp = defineSaga('giving-up', {
  version: 1,
  about: 'Gives up what the provider holds of a payment.',
  input: Due,
  key,
  retry: patient,
  async run(saga: Saga<Ctx>, { orderId, isUnsettled }) {
    const dueMs = saga.now() + lateChargeMs
    for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
      const charges = await look(saga, orderId)
      const open = charges.filter(({ captured, refunded, voided }) => (captured === 0 ? !voided : refunded < captured))
      for (const charge of open) await giveUp(saga, charge)
      const mayAppear = charges.length === 0 && isUnsettled && saga.now() < dueMs
      if (open.length === 0 && !mayAppear) {
        const released = { type: 'released', ...toSum(charges) } as const
        await saga.tx('write it down', async (tx) => void (await take(tx, orderId, released)))
        return toSum(charges)
      }
      // After giving up it is looked at once more: only what the provider says is true.
      if (open.length === 0) await saga.sleep(pauseMs)
    }
  },
})

function look(saga: Saga<Ctx>, orderId: string): Promise<readonly Charge[]> {
  return saga.externalStep('look', {
    ...provider,
    request: { method: 'GET', url: `/charges?orderId=${encodeURIComponent(orderId)}` },
    read: (answer) => answer.json<readonly Charge[]>().map((charge) => ({ ...charge })),
  })
}

/** Voids or refunds; a conflict means that it is not what it was when it was looked at. */
function giveUp(saga: Saga<Ctx>, { chargeId, captured, refunded }: Charge): Promise<number> {
  const request =
    captured === 0
      ? { url: `/charges/${encodeURIComponent(chargeId)}/void` }
      : { url: '/refunds', json: { chargeId, amount: captured - refunded } }
  return saga.externalStep(captured === 0 ? 'void' : 'refund', {
    ...provider,
    ...(captured > 0 && { key: `refund-${chargeId}` }),
    request,
    readAlso: [409],
    read: ({ status }) => status,
  })
}

const toSum = (charges: readonly Charge[]): Pick<Charge, 'authorized' | 'captured' | 'refunded'> => ({
  authorized: charges.reduce((sum, { authorized }) => sum + authorized, 0),
  captured: charges.reduce((sum, { captured }) => sum + captured, 0),
  refunded: charges.reduce((sum, { refunded }) => sum + refunded, 0),
})

/** The provider has not said anything yet, and is asked on. */
export const stillAsking = (): BanyanError =>
  new BanyanError('UNAVAILABLE', 'the payment provider does not answer; it is asked on', {
    reason: 'PROVIDER_UNAVAILABLE',
    retryable: true,
  })
