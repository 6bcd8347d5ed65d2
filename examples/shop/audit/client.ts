// The shop and its payment provider as an outsider sees them: addresses, JSON and status codes, nothing else.
// It lies with the audit, because the audit must run where there are no tests; `test/client.ts` passes it on.
// Nothing is retried and no status is an exception here: what a status means is for the caller to judge.

export interface Money {
  amount: number
  currency: string
}

export interface Product {
  sku: string
  name: string
  price: Money
}

export interface OrderLine {
  sku: string
  quantity: number
}

export interface HistoryEntry {
  at: string
  status: string
  reason?: string
}

export interface Order {
  orderId: string
  customerId: string
  status: string
  items: OrderLine[]
  total: Money | number
  createdAt: string
  history: HistoryEntry[]
}

export interface PlacedOrder {
  orderId: string
  status: string
  total: Money | number
}

export interface Level {
  sku: string
  onHand: number
  reserved: number
  available: number
}

export interface Payment {
  orderId: string
  state: string
  authorized: number
  captured: number
  refunded: number
}

export interface PaymentEntry {
  version: number
  at: string
  event: string
  state: string
  authorized: number
  captured: number
  refunded: number
}

export interface Charge {
  chargeId: string
  orderId: string
  authorized: number
  captured: number
  refunded: number
  voided: boolean
}

export interface Page<T> {
  items: T[]
  nextCursor?: string
}

export interface NewOrder {
  customerId: string
  items: OrderLine[]
  payment: { token: string }
}

/** `body` is what the caller expects it to be only when `status` says so; undefined when the answer was not JSON. */
export interface Answer<T> {
  status: number
  headers: Headers
  text: string
  body: T
}

export interface RequestOptions {
  headers?: Record<string, string>
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it is. */
  text?: string
}

export interface PageOptions {
  cursor?: string | undefined
  limit?: number | undefined
}

export type ShopClient = ReturnType<typeof createShopClient>
export type ProviderClient = ReturnType<typeof createProviderClient>

export const defaultTimeoutMs = 15_000

/** The shop through its gateway. Throws only when there was no answer: refused, dropped, or later than `timeoutMs`. */
export function createShopClient(gatewayUrl: string, timeoutMs: number = defaultTimeoutMs) {
  const send = createSender(gatewayUrl, timeoutMs)
  const id = encodeURIComponent
  return {
    url: gatewayUrl,
    send,
    products: (page: PageOptions = {}) => send<Page<Product>>('GET', `/products${toQuery(page)}`),
    product: (sku: string) => send<Product>('GET', `/products/${id(sku)}`),
    place: (order: NewOrder, key?: string) =>
      send<PlacedOrder>('POST', '/orders', {
        json: order,
        headers: key === undefined ? {} : { 'idempotency-key': key },
      }),
    order: (orderId: string) => send<Order>('GET', `/orders/${id(orderId)}`),
    cancel: (orderId: string) => send<unknown>('POST', `/orders/${id(orderId)}/cancel`),
    sendBack: (orderId: string) => send<unknown>('POST', `/orders/${id(orderId)}/return`),
    keep: (orderId: string) => send<unknown>('POST', `/orders/${id(orderId)}/return/cancel`),
    ordersOf: (customerId: string, page: PageOptions = {}) =>
      send<Page<Order>>('GET', `/customers/${id(customerId)}/orders${toQuery(page)}`),
    level: (sku: string) => send<Level>('GET', `/inventory/${id(sku)}`),
    setOnHand: (sku: string, onHand: number) => send<Level>('PUT', `/inventory/${id(sku)}`, { json: { onHand } }),
    payment: (orderId: string, asOf?: string) =>
      send<Payment>('GET', `/payments/${id(orderId)}${asOf === undefined ? '' : `?asOf=${id(asOf)}`}`),
    paymentHistory: (orderId: string) => send<Page<PaymentEntry>>('GET', `/payments/${id(orderId)}/history`),
    shipment: (orderId: string) => send<unknown>('GET', `/shipments/${id(orderId)}`),
  }
}

/** The payment provider's ledger, read only. */
export function createProviderClient(providerUrl: string, timeoutMs: number = defaultTimeoutMs) {
  const send = createSender(providerUrl, timeoutMs)
  return {
    url: providerUrl,
    chargesOf: (orderId: string) => send<Charge[]>('GET', `/charges?orderId=${encodeURIComponent(orderId)}`),
    charges: (after: string | undefined, limit: number) =>
      send<Charge[]>(
        'GET',
        `/charges?limit=${limit}${after === undefined ? '' : `&after=${encodeURIComponent(after)}`}`,
      ),
  }
}

/** The issue of money is settled in integers of minor units; a total may carry its currency with it. */
export function minorUnits(total: Money | number): number {
  return typeof total === 'number' ? total : total.amount
}

function createSender(baseUrl: string, timeoutMs: number) {
  return async <T>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> => {
    const { json, text } = options
    const response = await fetch(baseUrl + path, {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...options.headers },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(text === undefined ? {} : { body: text }),
    })
    const answer = await response.text()
    return { status: response.status, headers: response.headers, text: answer, body: toJson(answer) as T }
  }
}

function toQuery({ cursor, limit }: PageOptions): string {
  const query = new URLSearchParams()
  if (cursor !== undefined) query.set('cursor', cursor)
  if (limit !== undefined) query.set('limit', String(limit))
  return query.size === 0 ? '' : `?${query}`
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
