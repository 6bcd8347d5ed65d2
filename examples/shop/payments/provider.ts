/**
 * The payment provider, as its documentation has it: another company's HTTP API. Every request that moves money carries an
 * Idempotency-Key made from the order, so repeating it is safe; when an answer is lost, the charge is looked up.
 */
import { BanyanError } from 'banyan'

/** A charge as the provider tells it. Amounts in minor units. */
export interface Charge {
  readonly chargeId: string
  readonly orderId: string
  readonly authorized: number
  readonly captured: number
  readonly refunded: number
  readonly voided: boolean
}

/** What came of asking for an authorization. */
export type Authorization =
  | { readonly type: 'authorized'; readonly chargeId: string; readonly amount: number }
  | { readonly type: 'declined' }
  | { readonly type: 'timed-out' }

export interface ChargeRequest {
  readonly orderId: string
  readonly amount: number
  readonly currency: string
  readonly token: string
}

/** How long an authorization is waited for; other requests have as long. */
export const answerTimeoutMs = 3_000

/** Where the provider is reached. */
export const origin: string = `http://127.0.0.1:${process.env['SHOP_PROVIDER_PORT'] ?? '8070'}`

/** Nobody answered, or not sensibly: to be tried again. Never says what was sent: it holds the card's token. */
const unavailable = (what: string, cause?: unknown): BanyanError =>
  new BanyanError('UNAVAILABLE', `the payment provider ${what}`, {
    reason: 'PROVIDER_UNAVAILABLE',
    retryable: true,
    cause,
  })

/** The provider cannot make sense of this very charge (an amount or a token beyond its bounds), and never will. */
class Refused extends Error {}

interface Answer {
  readonly status: number
  readonly body: unknown
}

async function send(signal: AbortSignal, method: string, path: string, key?: string, body?: object): Promise<Answer> {
  const headers = { ...(key && { 'idempotency-key': key }), ...(body && { 'content-type': 'application/json' }) }
  const response = await fetch(`${origin}${path}`, {
    method,
    headers,
    signal,
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: await response.json() }
}

/** Within the time the provider has; a slow one is as good as none. */
async function ask(
  signal: AbortSignal,
  ...request: [method: string, path: string, key?: string, body?: object]
): Promise<Answer> {
  try {
    const answer = await send(AbortSignal.any([signal, AbortSignal.timeout(answerTimeoutMs)]), ...request)
    if (answer.status < 500) return answer
  } catch (error) {
    throw unavailable('does not answer', error)
  }
  throw unavailable('is in trouble')
}

/** The charges of an order. */
export async function findCharges(signal: AbortSignal, orderId: string): Promise<readonly Charge[]> {
  const { status, body } = await ask(signal, 'GET', `/charges?orderId=${encodeURIComponent(orderId)}`)
  if (status !== 200 || !Array.isArray(body)) throw unavailable(`answered ${status} when asked for charges`)
  return body as readonly Charge[]
}

/** Asks for an authorization. An answer that is lost is looked up; when there is nothing to be found, the request is repeated by redelivery. */
export async function authorize(signal: AbortSignal, request: ChargeRequest): Promise<Authorization> {
  const timeout = AbortSignal.timeout(answerTimeoutMs)
  try {
    const { status, body } = await send(
      AbortSignal.any([signal, timeout]),
      'POST',
      '/charges',
      `authorize-${request.orderId}`,
      { ...request, capture: false },
    )
    if (status === 402) return { type: 'declined' }
    const charge = body as Partial<Charge>
    if (status < 300 && typeof charge.chargeId === 'string')
      return { type: 'authorized', chargeId: charge.chargeId, amount: request.amount }
    throw status === 400 || status === 422 ? new Refused() : unavailable(`answered ${status} when asked to authorize`)
  } catch (error) {
    if (timeout.aborted && !signal.aborted) return { type: 'timed-out' }
    const [found] = await findCharges(signal, request.orderId)
    if (found === undefined && error instanceof Refused) return { type: 'declined' }
    if (found === undefined) throw unavailable('lost the authorization on its way', error)
    return { type: 'authorized', chargeId: found.chargeId, amount: found.authorized }
  }
}

/** Takes what was set aside. */
export async function capture(signal: AbortSignal, chargeId: string): Promise<void> {
  const { status } = await ask(signal, 'POST', `/charges/${encodeURIComponent(chargeId)}/capture`)
  if (status !== 200) throw unavailable(`answered ${status} when asked to capture`)
}

/** Gives up one charge, by whichever way fits it; what it is afterwards. */
export async function release(signal: AbortSignal, charge: Charge): Promise<Charge> {
  if (charge.captured === 0) {
    if (charge.voided) return charge
    const { status } = await ask(signal, 'POST', `/charges/${encodeURIComponent(charge.chargeId)}/void`)
    if (status !== 200) throw unavailable(`answered ${status} when asked to void`)
    return { ...charge, voided: true }
  }
  const amount = charge.captured - charge.refunded
  if (amount === 0) return charge
  const { status } = await ask(signal, 'POST', '/refunds', `refund-${charge.chargeId}`, {
    chargeId: charge.chargeId,
    amount,
  })
  if (status >= 300) throw unavailable(`answered ${status} when asked to refund`)
  return { ...charge, refunded: charge.captured }
}
