// What the shop does, seen from outside: the same suite whatever the shape it runs in (one process, many, embedded or
// separate Postgres). It knows two addresses and HTTP, and nothing of how the shop is built.
//
// It may run against a shop that has had orders before: every case reads first and compares with what it read. Some
// cases set stock levels, so afterwards nobody can say what the shelves held at first.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { audit } from '../audit/audit.ts'
import { readPages } from '../audit/reader.ts'
import { badInputCases } from './black-box/bad-input-cases.ts'
import { cancelCases } from './black-box/cancel-cases.ts'
import { catalogCases } from './black-box/catalog-cases.ts'
import { headerCases } from './black-box/header-cases.ts'
import { idempotencyCases } from './black-box/idempotency-cases.ts'
import { orderCases } from './black-box/order-cases.ts'
import { paymentCases } from './black-box/payment-cases.ts'
import { returnCases } from './black-box/return-cases.ts'
import { stockCases } from './black-box/stock-cases.ts'
import { createSubject, ok, type RunningShop, type Subject } from './black-box/subject.ts'
import { createShopClient, type Product } from './client.ts'

export type { RunningShop } from './black-box/subject.ts'

export const startTimeoutMs = 180_000
export const caseTimeoutMs = 90_000
const auditSettleMs = 30_000
/** A slow charge of the last cases may still be on its way. */
const lateChargesMs = 6_000

/** What makes a difference to how orders are brought to their end. */
export const orderLife = [orderCases, paymentCases, stockCases, cancelCases, returnCases] as const
const everything = [catalogCases, ...orderLife, idempotencyCases, badInputCases, headerCases] as const

/**
 * Declares the suite, or some of it. `start` brings up a shop and says where it is; `stop` of what it gives ends that shop.
 *
 * Groups of cases run at the same time, each with products of its own: they mostly wait for orders. Those of a group go in turn.
 */
export function blackBox(
  name: string,
  start: () => Promise<RunningShop>,
  cases: readonly ((subject: () => Subject) => void)[] = everything,
): void {
  describe(name, { timeout: caseTimeoutMs }, () => {
    let running: RunningShop | undefined
    let found: readonly Subject[] | undefined
    beforeAll(async () => {
      running = await start()
      const shop = createShopClient(running.gatewayUrl)
      const products = await readPages<Product>((page) => shop.products(page), 'products')
      const at = running
      const skus = products.map(({ sku }) => sku)
      found = cases.map((_, group) =>
        createSubject(
          at,
          skus.filter((_sku, index) => index % cases.length === group),
        ),
      )
    }, startTimeoutMs)
    afterAll(() => running?.stop(), startTimeoutMs)
    const subjectOf = (group: number) => (): Subject => {
      const subject = found?.[group]
      if (!subject) throw new Error('the shop did not start')
      return subject
    }

    firstStart(subjectOf(0))
    for (const [group, declare] of cases.entries())
      describe.concurrent('at the same time', () => {
        describe('in turn', { concurrent: false }, () => declare(subjectOf(group)))
      })

    it('leaves books that balance', async () => {
      if (!running) throw new Error('the shop did not start')
      const { violations, orders } = await audit({ ...running, settleMs: auditSettleMs, minWaitMs: lateChargesMs })
      expect(violations).toEqual([])
      expect(orders).toBeGreaterThan(10)
    })
  })
}

function firstStart(subject: () => Subject): void {
  it('has 100 of each product on its shelves, before the first order', async () => {
    const { shop, provider } = subject()
    const isNew = ok(await provider.charges(undefined, 1)).length === 0
    const products = await readPages<Product>((page) => shop.products(page), 'products')
    for (const { sku } of products) {
      const level = ok(await shop.level(sku))
      expect(level).toEqual({
        sku,
        onHand: expect.any(Number),
        reserved: level.reserved,
        available: level.onHand - level.reserved,
      })
      if (isNew) expect(level).toEqual({ sku, onHand: 100, reserved: 0, available: 100 })
    }
  })
}
