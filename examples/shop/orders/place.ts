/** Placing an order: what it costs is asked of the catalog, then the order and its event are written together. */
import type { Failing } from 'banyan'
import { Catalog } from '../catalog/contract.ts'
import { Orders } from './contract.ts'
import { append } from './order.ts'
import type { Ctx } from './record.ts'
import { maxTotalAmount, toTotal } from './total.ts'

type Input = (typeof Orders.place)['~types']['received']
type Output = (typeof Orders.place)['~types']['returned']
type Errors = (typeof Orders.place)['~types']['errors']

const duplicateOf = (skus: readonly string[]): string | undefined =>
  skus.find((sku, index) => skus.indexOf(sku) !== index)

export async function place({ customerId, items, payment }: Input, ctx: Ctx & Failing<Errors>): Promise<Output> {
  const skus = items.map(({ sku }) => sku)
  const duplicate = duplicateOf(skus)
  if (duplicate !== undefined) throw ctx.fail('DUPLICATE_SKU', { sku: duplicate })
  const priced = await ctx.attempt(Catalog.price, { skus })
  if (!priced.ok) throw ctx.fail('UNKNOWN_SKU', priced.error.details)
  const total = toTotal(items, priced.value.prices)
  if (total === 'mixed') throw ctx.fail('MIXED_CURRENCIES')
  if (total.amount > maxTotalAmount) throw ctx.fail('TOTAL_TOO_HIGH', { total, maximum: maxTotalAmount })
  const orderId = ctx.newId()
  const history = append([], ctx.now(), 'pending')
  return ctx.transact(async (tx) => {
    await tx.db
      .insertInto('customer_order')
      .values({
        order_id: orderId,
        customer_id: customerId,
        status: 'pending',
        items: JSON.stringify(items),
        total_amount: total.amount,
        total_currency: total.currency,
        history: JSON.stringify(history),
      })
      .execute()
    tx.publish(Orders.events.changed, { orderId, customerId, status: 'pending', items, total, history })
    tx.publish(Orders.events.placed, { orderId, customerId, items, total, paymentToken: payment.token })
    return { orderId, status: 'pending' as const, total }
  })
}
