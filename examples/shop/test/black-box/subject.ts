// The shop under test, as the cases see it: two addresses, and a few questions that many cases ask.

import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import {
  type Answer,
  type Charge,
  createProviderClient,
  createShopClient,
  type Level,
  type Order,
  type OrderLine,
  type PlacedOrder,
  type ProviderClient,
  type ShopClient,
} from '../client.ts'
import { eventually } from '../eventually.ts'

export interface RunningShop {
  gatewayUrl: string
  providerUrl: string
  stop(): Promise<void>
}

export interface Subject {
  readonly shop: ShopClient
  readonly provider: ProviderClient
  /** A product of this group of cases, that none of them has been given yet (they go round when all are used). */
  takeSku(): string
  newCustomer(): string
  /** Sets the shelves so that exactly this many are available. */
  stock(sku: string, available: number): Promise<void>
  level(sku: string): Promise<Level>
  /** Places an order that must be accepted. */
  place(items: OrderLine[], token?: string, customerId?: string): Promise<PlacedOrder>
  /** Waits until the order is in one of these states; a final state that is not among them fails at once. */
  reach(orderId: string, ...statuses: string[]): Promise<Order>
  chargesOf(orderId: string): Promise<Charge[]>
}

export const finalStatuses: readonly string[] = ['delivered', 'rejected', 'cancelled']

export function createSubject(running: RunningShop, skus: readonly string[]): Subject {
  const shop = createShopClient(running.gatewayUrl)
  const provider = createProviderClient(running.providerUrl)
  let taken = 0
  const level = async (sku: string): Promise<Level> => ok(await shop.level(sku))
  const newCustomer = (): string => `customer-${randomUUID()}`
  return {
    shop,
    provider,
    level,
    newCustomer,
    takeSku() {
      const sku = skus[taken++ % skus.length]
      if (sku === undefined) throw new Error('the shop has no products')
      return sku
    },
    async stock(sku, available) {
      // What orders of an earlier case hold is let go after they have ended, by an event.
      await eventually(
        `nobody to hold any ${sku}`,
        () => level(sku),
        ({ reserved }) => reserved === 0,
      )
      const answer = await shop.setOnHand(sku, available)
      expect(answer.status, answer.text).toBeOneOf([200, 204])
      expect(await level(sku)).toMatchObject({ onHand: available, reserved: 0, available })
    },
    async place(items, token = 'tok_ok', customerId = newCustomer()) {
      const answer = await shop.place({ customerId, items, payment: { token } })
      expect(answer.status, answer.text).toBe(202)
      return answer.body
    },
    async reach(orderId, ...statuses) {
      const read = async (): Promise<Order> => ok(await shop.order(orderId))
      const ended = (order: Order): boolean => statuses.includes(order.status) || finalStatuses.includes(order.status)
      const order = await eventually(`order ${orderId} to be ${statuses.join(' or ')}`, read, ended)
      expect(order.status, JSON.stringify(order)).toBeOneOf(statuses)
      return order
    },
    chargesOf: async (orderId) => ok(await provider.chargesOf(orderId)),
  }
}

export function ok<T>(answer: Answer<T>): T {
  expect(answer.status, answer.text).toBe(200)
  return answer.body
}

/** A refusal as RFC 9457 wants it, with one of these statuses, and telling nothing of the inside. */
export function expectProblem(answer: Answer<unknown>, ...statuses: number[]): void {
  expect(answer.status, answer.text).toBeOneOf(statuses)
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  expect(answer.body).toMatchObject({ status: answer.status, title: expect.any(String) })
  expect(answer.text).not.toMatch(/\bat .+:\d+:\d+|node_modules|file:\/\//)
}

export const lastReason = (order: Order): string | undefined => order.history.at(-1)?.reason
export const statusesOf = (order: Order): string[] => order.history.map((entry) => entry.status)
