/** What customers do in the shop, and how it may end. */
import type { Answer, Order, ShopClient } from '@banyan/shop/client'
import { until } from '../wait.ts'

/** One order, by who has placed it. */
export interface Customer {
  readonly shop: ShopClient
  readonly orderId: string
  readonly signal: AbortSignal
}

export interface ShopScenario {
  readonly token: string
  /** More than there is. */
  readonly isTooMuch?: boolean
  /** What the customer does once the order is placed. */
  then?(customer: Customer): Promise<void>
  /** Statuses of an order that has come to its end. */
  readonly ends: readonly string[]
  /** The same, when its sagas have all ended but more is to come. */
  readonly isReturned?: boolean
}

const doMs = 120_000
const settled = (answer: Answer<unknown>): boolean =>
  answer.status < 500 && answer.status !== 409 && answer.status !== 429

/** Until the shop has answered for good. */
const insist = async (ask: () => Promise<Answer<unknown>>, signal: AbortSignal): Promise<void> =>
  void (await until(async () => settled(await ask()), doMs, signal))

const hasCome = ({ shop, orderId, signal }: Customer, ...statuses: readonly string[]): Promise<boolean> =>
  until(async () => statuses.includes((await shop.order(orderId)).body.status), doMs, signal)

const sendBack = async (customer: Customer): Promise<void> => {
  const { shop, orderId, signal } = customer
  await hasCome(customer, 'delivered', 'rejected', 'cancelled')
  await until(async () => (await shop.sendBack(orderId)).status === 202, doMs, signal)
}

const scenarios = {
  happy: { token: 'tok_ok', ends: ['delivered'] },
  declined: { token: 'tok_declined', ends: ['rejected'] },
  'sold-out': { token: 'tok_ok', isTooMuch: true, ends: ['rejected'] },
  unknown: { token: 'tok_unknown', ends: ['delivered'] },
  cancelled: {
    token: 'tok_ok',
    then: ({ shop, orderId, signal }: Customer) => insist(() => shop.cancel(orderId), signal),
    ends: ['cancelled', 'delivered'],
  },
  'cancelled-late': {
    token: 'tok_ok',
    async then(customer: Customer) {
      const { shop, orderId, signal } = customer
      await hasCome(customer, 'confirmed', 'shipped', 'delivered')
      await insist(() => shop.cancel(orderId), signal)
    },
    ends: ['cancelled', 'delivered'],
  },
  returned: { token: 'tok_ok', then: sendBack, isReturned: true, ends: ['returned'] },
  kept: {
    token: 'tok_ok',
    async then(customer: Customer) {
      await sendBack(customer)
      await insist(() => customer.shop.keep(customer.orderId), customer.signal)
    },
    isReturned: true,
    ends: ['delivered', 'returned'],
  },
} satisfies Readonly<Record<string, ShopScenario>>

export const shopScenarios: Readonly<Record<string, ShopScenario>> = scenarios

/** An order that is at its end, as the customer sees it. */
export const finalStatuses: ReadonlySet<string> = new Set<Order['status']>([
  'delivered',
  'rejected',
  'cancelled',
  'returned',
])
