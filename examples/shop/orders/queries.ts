/** What is read of orders: one as it is, a customer's as the read model has them, and what was sold. */
import type { Failing, QueryContext } from 'banyan'
import { fromCursor, toCursor } from '../cursor.ts'
import type { Orders } from './contract.ts'
import { CustomerOrders } from './customer-orders.ts'
import type { Entry, Status } from './order.ts'
import { Sales } from './sales.ts'
import type { OrdersTables } from './tables.ts'

type Query<Name extends 'get' | 'listByCustomer' | 'dashboard'> = (typeof Orders)['operations'][Name]['~types']
type Ctx<Name extends 'get' | 'listByCustomer' | 'dashboard'> = QueryContext<never, OrdersTables> &
  Failing<Query<Name>['errors']>

interface Row {
  readonly order_id: string
  readonly customer_id: string
  readonly status: Status
  readonly items: { sku: string; quantity: number }[]
  readonly total_amount: number
  readonly total_currency: string
  readonly history: Entry[]
}

const defaultLimit = 20
const defaultDays = 30
const maxProducts = 100

const toOrder = (row: Row): Query<'get'>['returned'] => ({
  orderId: row.order_id,
  customerId: row.customer_id,
  status: row.status,
  items: row.items,
  total: { amount: row.total_amount, currency: row.total_currency },
  createdAt: row.history[0]?.at ?? '',
  history: row.history,
})

export async function get({ orderId }: Query<'get'>['received'], ctx: Ctx<'get'>): Promise<Query<'get'>['returned']> {
  const row = await ctx.db.selectFrom('customer_order').selectAll().where('order_id', '=', orderId).executeTakeFirst()
  if (row === undefined) throw ctx.fail('UNKNOWN_ORDER')
  return toOrder(row)
}

export async function listByCustomer(
  { customerId, cursor, limit = defaultLimit }: Query<'listByCustomer'>['received'],
  ctx: Ctx<'listByCustomer'>,
): Promise<Query<'listByCustomer'>['returned']> {
  const position = cursor === undefined ? undefined : fromCursor(cursor, 1)
  if (cursor !== undefined && position === undefined) throw ctx.fail('BAD_CURSOR')
  const { db } = await ctx.projection(CustomerOrders)
  let rows = db.selectFrom('entry').selectAll().where('customer_id', '=', customerId)
  if (position?.[0] !== undefined) rows = rows.where('order_id', '<', position[0])
  const found = await rows
    .orderBy('order_id', 'desc')
    .limit(limit + 1)
    .execute()
  const page = found.slice(0, limit)
  const last = page.at(-1)
  return {
    items: page.map(toOrder),
    ...(found.length > limit && last !== undefined ? { nextCursor: toCursor([last.order_id]) } : {}),
  }
}

export async function dashboard(
  { days = defaultDays }: Query<'dashboard'>['received'],
  ctx: Ctx<'dashboard'>,
): Promise<Query<'dashboard'>['returned']> {
  const { db } = await ctx.projection(Sales)
  const byDay = await db.selectFrom('day').selectAll().orderBy('day', 'desc').orderBy('currency').limit(days).execute()
  const byProduct = await db
    .selectFrom('product')
    .selectAll()
    .orderBy('quantity', 'desc')
    .orderBy('sku')
    .limit(maxProducts)
    .execute()
  return {
    days: byDay.map(({ day, orders, amount, currency }) => ({
      day,
      orders,
      total: { amount: Number(amount), currency },
    })),
    products: byProduct.map(({ sku, quantity }) => ({ sku, quantity: Number(quantity) })),
  }
}
