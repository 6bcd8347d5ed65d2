// Reads a snapshot through the public surfaces. The shop has no list of all orders, and should not have one for this:
// orders come from the provider's ledger, from who asks for the audit, and from the customers of those, whose lists
// hold also the orders that were never charged.

import type {
  Answer,
  Charge,
  Level,
  Order,
  Page,
  PageOptions,
  Payment,
  Product,
  ProviderClient,
  ShopClient,
} from './client.ts'
import type { AuditedOrder, Shipment, Snapshot } from './snapshot.ts'

export interface Known {
  orders?: readonly string[]
  customers?: readonly string[]
}

export const pageSize = 100
export const maxPages = 10_000
export const maxConcurrent = 16

/** Throws when a surface does not answer as it should; what the answers say is for the rules. */
export async function readSnapshot(shop: ShopClient, provider: ProviderClient, known: Known): Promise<Snapshot> {
  const charges = await readCharges(provider)
  const products = await readPages<Product>((page) => shop.products(page), 'GET /products')
  const levels = await mapAll(products, async ({ sku }) => optional<Level>(await shop.level(sku), `level of ${sku}`))
  const { orders, missingOrders } = await readOrders(shop, charges, known)
  const audited = await mapAll(orders, (order) => readAround(shop, order))
  return { products, levels: levels.filter((level) => level !== undefined), orders: audited, missingOrders, charges }
}

async function readOrders(
  shop: ShopClient,
  charges: readonly Charge[],
  known: Known,
): Promise<{ orders: Order[]; missingOrders: string[] }> {
  const ids = [...new Set([...charges.map((charge) => charge.orderId), ...(known.orders ?? [])])]
  const found = new Map<string, Order>()
  const missingOrders: string[] = []
  const read = async (id: string): Promise<void> => {
    const order = optional<Order>(await shop.order(id), `order ${id}`)
    if (order) found.set(id, order)
    else missingOrders.push(id)
  }
  await mapAll(ids, read)
  const customers = new Set([...[...found.values()].map((order) => order.customerId), ...(known.customers ?? [])])
  const listed = await mapAll([...customers], (customer) =>
    readPages<Order>((page) => shop.ordersOf(customer, page), `orders of ${customer}`),
  )
  // A list may show less of an order than the order itself does.
  const others = new Set(listed.flat().map((order) => order.orderId))
  await mapAll(
    [...others].filter((id) => !found.has(id)),
    read,
  )
  return { orders: [...found.values()], missingOrders: missingOrders.sort() }
}

async function readAround(shop: ShopClient, order: Order): Promise<AuditedOrder> {
  const { orderId } = order
  const payment = optional<Payment>(await shop.payment(orderId), `payment of ${orderId}`)
  const shipment = optional<unknown>(await shop.shipment(orderId), `shipment of ${orderId}`)
  return { order, payment, shipments: toShipments(shipment) }
}

/** One shipment, or a list of them: how many there are is for a rule to judge. */
export function toShipments(body: unknown): Shipment[] {
  if (typeof body !== 'object' || body === null) return []
  const list = 'items' in body && Array.isArray(body.items) ? body.items : Array.isArray(body) ? body : [body]
  return list.map((one: { status?: unknown; state?: unknown }) => {
    const status = one.status ?? one.state
    return { status: typeof status === 'string' ? status : undefined }
  })
}

async function readCharges(provider: ProviderClient): Promise<Charge[]> {
  const charges: Charge[] = []
  for (let page = 0; page < maxPages; page++) {
    const items = required(await provider.charges(charges.at(-1)?.chargeId, pageSize), 'charges of the provider')
    charges.push(...items)
    if (items.length < pageSize) return charges
  }
  throw new Error(`the provider lists more than ${maxPages * pageSize} charges`)
}

/** All items of a list, in its order. */
export async function readPages<T>(
  read: (page: PageOptions) => Promise<Answer<Page<T>>>,
  what: string,
  limit: number = pageSize,
): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  for (let page = 0; page < maxPages; page++) {
    const body = required(await read({ limit, cursor }), what)
    items.push(...body.items)
    cursor = body.nextCursor
    if (cursor === undefined) return items
  }
  throw new Error(`${what} has more than ${maxPages} pages, or its cursors go in circles`)
}

function required<T>(answer: Answer<T>, what: string): T {
  const body = optional(answer, what)
  if (body === undefined) throw new Error(`${what}: answered ${answer.status}`)
  return body
}

function optional<T>(answer: Answer<T>, what: string): T | undefined {
  if (answer.status === 404) return undefined
  if (answer.status !== 200 || answer.body === undefined) {
    throw new Error(`${what}: answered ${answer.status} ${answer.text.slice(0, 200)}`)
  }
  return answer.body
}

/** As many at once as the shop should have to bear from one reader. */
async function mapAll<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length)
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [i, item] of queue) results[i] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(maxConcurrent, items.length) }, worker))
  return results
}
