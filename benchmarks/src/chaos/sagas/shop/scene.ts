/** The shop on the stage of the rig: customers at its gateway, and its own audit as the judge. */

import { audit } from '@banyan/shop/audit'
import { createShopClient, type Product, type ShopClient } from '@banyan/shop/client'
import type { SagaRecord, Store } from 'banyan/store'
import { describeRun } from '../describe-run.ts'
import type { Play, Scene, Standing } from '../scene.ts'
import { until } from '../wait.ts'
import { portVariable, type ShopProvider, startShopProvider } from './provider.ts'
import { finalStatuses, shopScenarios } from './scenarios.ts'

/** So much of everything that no order fails for want of it, but of the last product there is one. */
const plenty = 1_000_000
const doMs = 120_000

export const shopScene: Scene = {
  system: 'shop',
  sagas: ['orders', 'payments'],
  parts: ['catalog', 'inventory', 'shipping'],
  scenarios: Object.keys(shopScenarios),
  hasEdge: true,
  // Jobs that look whether something is due.
  background: /^(shipping|inventory)\.transact(\.work)?$/,
  // An authorization whose answer was lost is looked for during a minute.
  endMs: 150_000,
  async open() {
    const provider = await startShopProvider()
    return {
      env: { [portVariable]: provider.port },
      stop: () => provider.stop(),
      async play(cell) {
        const shop = createShopClient(cell.edge, 10_000)
        const stock = await fillShelves(shop)
        return new ShopPlay(shop, provider, stock, await cell.openStore('orders'), await cell.openStore('payments'))
      },
    }
  },
}

async function fillShelves(shop: ShopClient): Promise<ReadonlyMap<string, number>> {
  let products: readonly Product[] = []
  await until(async () => {
    products = (await shop.products({ limit: 100 })).body.items
    return products.length > 1
  }, doMs)
  const stock = new Map<string, number>()
  for (const [index, { sku }] of products.entries()) {
    const onHand = index === products.length - 1 ? 1 : plenty
    if (!(await until(async () => (await shop.setOnHand(sku, onHand)).status < 300, doMs)))
      throw new Error(`PUT /inventory/${sku} is not answered`)
    stock.set(sku, onHand)
  }
  return stock
}

const ends: ReadonlySet<string> = new Set(['completed', 'undone', 'parked'])
/** The sagas of the shop, by the service that has them; all have the order's id as their key. */
const sagas = { orders: ['checkout', 'returns'], payments: ['authorization', 'giving-up'] } as const

class ShopPlay implements Play {
  readonly #shop: ShopClient
  readonly #provider: ShopProvider
  readonly #stock: ReadonlyMap<string, number>
  readonly #stores: { readonly orders: Store; readonly payments: Store }
  readonly #orders = new Map<string, { readonly orderId: string; readonly scenario: string }>()

  constructor(
    shop: ShopClient,
    provider: ShopProvider,
    stock: ReadonlyMap<string, number>,
    orders: Store,
    payments: Store,
  ) {
    this.#shop = shop
    this.#provider = provider
    this.#stock = stock
    this.#stores = { orders, payments }
  }

  async drive(key: string, scenario: string, signal: AbortSignal): Promise<void> {
    const { token, isTooMuch = false, then } = shopScenarios[scenario] as (typeof shopScenarios)[string]
    const skus = [...this.#stock.keys()]
    const item = isTooMuch ? { sku: skus.at(-1) as string, quantity: 2 } : { sku: skus[0] as string, quantity: 3 }
    const order = { customerId: key, items: [item], payment: { token } }
    const placed = await until(
      async () => {
        const { status, body, text } = await this.#shop.place(order, key)
        if (status !== 202) throw new Error(text)
        this.#orders.set(key, { orderId: body.orderId, scenario })
        return true
      },
      doMs,
      signal,
    )
    const orderId = this.#orders.get(key)?.orderId
    if (placed && orderId !== undefined) await then?.({ shop: this.#shop, orderId, signal })
  }

  async #runs(orderId: string): Promise<readonly (readonly [Store, SagaRecord])[]> {
    const asked = Object.entries(sagas).flatMap(([service, names]) =>
      names.map(async (name) => {
        const store = this.#stores[service as keyof typeof sagas]
        const run = await store.sagas.findByKey(name, orderId)
        return run === undefined ? [] : [[store, run] as const]
      }),
    )
    return (await Promise.all(asked)).flat()
  }

  async stand(key: string): Promise<Standing> {
    const order = this.#orders.get(key)
    if (order === undefined) return { end: undefined, epoch: 0 }
    const runs = (await this.#runs(order.orderId)).map(([, run]) => run)
    const epoch = runs.reduce((sum, run) => sum + run.epoch, 0)
    if (runs.some(({ state }) => state === 'parked')) return { end: 'parked', epoch }
    const { isReturned = false } = shopScenarios[order.scenario] ?? {}
    const isBegun = runs.some(({ name }) => name === (isReturned ? 'returns' : 'checkout'))
    if (!isBegun || !runs.every(({ state }) => ends.has(state))) return { end: undefined, epoch }
    const { status } = (await this.#shop.order(order.orderId)).body
    return { end: finalStatuses.has(status) ? status : undefined, epoch }
  }

  async describe(key: string): Promise<string> {
    const order = this.#orders.get(key)
    if (order === undefined) return '  the order was not placed'
    const texts = (await this.#runs(order.orderId)).map(([store, run]) => describeRun(store, run))
    return [`  order ${order.orderId}`, ...(await Promise.all(texts))].join('\n')
  }

  isLegal(scenario: string, end: string): boolean {
    return shopScenarios[scenario]?.ends.includes(end) === true
  }

  async findImbalance(key: string): Promise<readonly string[]> {
    const orders = [...this.#orders.values()].map(({ orderId }) => orderId)
    const { violations } = await audit({
      gatewayUrl: this.#shop.url,
      providerUrl: this.#provider.url,
      orders,
      customers: [key],
      initialStock: this.#stock,
      settleMs: 0,
    })
    return violations.map(({ rule, what }) => `${rule}: ${what}`)
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#stores).map((store) => store.close(1_000)))
  }
}
