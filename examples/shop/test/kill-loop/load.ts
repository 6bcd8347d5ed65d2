// A load that keeps accounts. Every order has its own Idempotency-Key and is sent again, under that key, until it is
// acknowledged: so at the end there must be exactly one order per key, and every acknowledged one must be there.

import type { Answer, NewOrder, PlacedOrder, ShopClient } from '../client.ts'
import type { SeededRandom } from '../seeded-random.ts'

export interface Account {
  /** Every order that was acknowledged, by its key. */
  acknowledged: Map<string, string>
  /** What a customer may have: one order per key that was sent at all. */
  keysOf: Map<string, number>
  /** Answers that break a promise; each is a violation. */
  broken: string[]
  /** Attempts that ended without an answer or with "try again". */
  retries: number
}

export interface LoadOptions {
  shop: Pick<ShopClient, 'place'>
  skus: readonly string[]
  random: SeededRandom
  newKey: () => string
  sleep: (ms: number) => Promise<void>
  /** Orders under way at once. */
  workers?: number
  /** Attempts for one key before it is given up as never acknowledged. */
  maxAttempts?: number
}

export interface Load {
  readonly account: Account
  /** Lets orders under way be acknowledged, and begins no more. */
  stop(): Promise<void>
}

export const defaultWorkers = 4
/** With the pause below, five minutes for one order: far longer than any recovery may take. */
export const defaultMaxAttempts = 1_500
export const retryPauseMs = 200
/** Between two orders of one worker: load enough to be in the middle of things, and not the measure of speed. */
export const orderPauseMs = 25
const repeatShare = 0.2
const tokens = ['tok_ok', 'tok_ok', 'tok_ok', 'tok_ok', 'tok_ok', 'tok_ok', 'tok_unknown', 'tok_declined', 'tok_slow']

export function startLoad(options: LoadOptions): Load {
  const account: Account = { acknowledged: new Map(), keysOf: new Map(), broken: [], retries: 0 }
  let stopping = false
  const worker = async (name: string): Promise<void> => {
    account.keysOf.set(name, 0)
    while (!stopping) {
      const order = newOrder(name, options)
      const key = options.newKey()
      account.keysOf.set(name, (account.keysOf.get(name) ?? 0) + 1)
      await placeUntilAcknowledged(order, key, account, options)
      if (options.random.fraction() < repeatShare) await placeUntilAcknowledged(order, key, account, options)
      await options.sleep(orderPauseMs)
    }
  }
  const names = Array.from({ length: options.workers ?? defaultWorkers }, () => `customer-${options.newKey()}`)
  const done = Promise.all(names.map(worker))
  // Seen by who calls stop; before that it must not end the program.
  done.catch(() => {})
  return {
    account,
    async stop() {
      stopping = true
      await done
    },
  }
}

/** Also for a key that was acknowledged before: the answer must then be the same order. */
export async function placeUntilAcknowledged(
  order: NewOrder,
  key: string,
  account: Account,
  options: LoadOptions,
): Promise<void> {
  const maxAttempts = options.maxAttempts ?? defaultMaxAttempts
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const answer = await options.shop.place(order, key).catch(() => undefined)
    if (answer && !isTryAgain(answer)) return settle(answer, key, account)
    account.retries++
    await options.sleep(retryPauseMs)
  }
  account.broken.push(`key ${key} was never acknowledged in ${maxAttempts} attempts`)
}

/** 409: an earlier attempt of this key is still under way. 429 and 5xx: not now. All of them promise nothing. */
function isTryAgain({ status }: Answer<unknown>): boolean {
  return status === 409 || status === 429 || status >= 500
}

function settle(answer: Answer<PlacedOrder>, key: string, account: Account): void {
  if (answer.status !== 202) {
    account.broken.push(`a good order was answered ${answer.status}: ${answer.text.slice(0, 300)}`)
    return
  }
  const before = account.acknowledged.get(key)
  const { orderId } = answer.body
  if (before !== undefined && before !== orderId) {
    account.broken.push(`key ${key} was acknowledged as order ${before} and then as ${orderId}`)
  }
  account.acknowledged.set(key, orderId)
}

function newOrder(customerId: string, { skus, random }: LoadOptions): NewOrder {
  const lines = new Map<string, number>()
  for (let i = random.integer(1, 3); i > 0; i--) lines.set(random.pick(skus), random.integer(1, 4))
  const items = [...lines].map(([sku, quantity]) => ({ sku, quantity }))
  return { customerId, items, payment: { token: random.pick(tokens) } }
}
