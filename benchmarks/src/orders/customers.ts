/** Customers: they order, and look now and then whether everything has come. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'

/** An order, as far as it is of interest here. */
export interface Delivered {
  readonly createdMs: number
  readonly deliveredMs: number
}

interface Order {
  readonly orderId: string
  readonly status: string
  readonly createdAt: string
  readonly history: readonly { readonly at: string; readonly status: string }[]
}

const settleMs = 180_000
const lookMs = 500

/** Talks to one shop. */
export class Customers {
  readonly #pool: Pool
  #skus: readonly string[] = []
  #batch = 0
  constructor(gatewayUrl: string) {
    this.#pool = new Pool(gatewayUrl, { connections: 64 })
  }

  /** Fills the shelves, so that nothing runs out. */
  async open(): Promise<void> {
    const { items } = (await this.#ask('GET', '/products?limit=20', 200)) as { items: readonly { sku: string }[] }
    this.#skus = items.map(({ sku }) => sku)
    for (const sku of this.#skus) await this.#ask('PUT', `/inventory/${sku}`, 200, { onHand: 1_000_000 })
  }
  close(): Promise<void> {
    return this.#pool.close()
  }

  /** `workers` customers place `count` orders between them, one after the other each; resolves when all are delivered. */
  async order(workers: number, count: number): Promise<readonly Delivered[]> {
    const batch = `batch-${process.pid}-${this.#batch++}`
    let placed = 0
    const customer = async (_: unknown, worker: number): Promise<readonly Delivered[]> => {
      const customerId = `${batch}-${worker}`
      let own = 0
      for (let index = placed++; index < count; index = placed++) {
        await this.#ask('POST', '/orders', 202, this.#toOrder(customerId, index))
        own++
      }
      return this.#await(customerId, own)
    }
    return (await Promise.all(Array.from({ length: workers }, customer))).flat()
  }

  #toOrder(customerId: string, index: number): object {
    const sku = (step: number): string => this.#skus[(index * 3 + step) % this.#skus.length] as string
    const items = [
      { sku: sku(0), quantity: 1 },
      { sku: sku(1), quantity: 2 },
    ]
    return { customerId, items, payment: { token: 'tok_ok' } }
  }

  async #await(customerId: string, count: number): Promise<readonly Delivered[]> {
    const endMs = performance.now() + settleMs
    while (performance.now() < endMs) {
      await sleep(lookMs)
      const orders = await this.#read(customerId)
      const strayed = orders.find(({ status }) => status === 'rejected' || status === 'cancelled')
      if (strayed !== undefined) throw new Error(`order ${strayed.orderId} is ${strayed.status}`)
      if (orders.length === count && orders.every(({ status }) => status === 'delivered'))
        return orders.map(toDelivered)
    }
    throw new Error(`not everything was delivered within ${settleMs} ms`)
  }

  async #read(customerId: string): Promise<readonly Order[]> {
    const orders: Order[] = []
    let cursor: string | undefined
    do {
      const query = `limit=100${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`
      const page = await this.#ask('GET', `/customers/${customerId}/orders?${query}`, 200)
      const { items, nextCursor } = page as { items: readonly Order[]; nextCursor?: string }
      orders.push(...items)
      cursor = nextCursor
    } while (cursor !== undefined)
    return orders
  }

  async #ask(method: 'GET' | 'POST' | 'PUT', path: string, expected: number, body?: object): Promise<unknown> {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const answer = await this.#pool.request({ method, path, headers, body: body ? JSON.stringify(body) : null })
    const text = await answer.body.text()
    if (answer.statusCode !== expected) throw new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 300)}`)
    return JSON.parse(text)
  }
}

function toDelivered({ createdAt, history }: Order): Delivered {
  const last = history.find(({ status }) => status === 'delivered')
  return { createdMs: Date.parse(createdAt), deliveredMs: Date.parse(last?.at ?? '') }
}
