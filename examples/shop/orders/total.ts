/** What an order costs, in integer minor units. */

/** A price or a sum, in minor units of its currency. */
interface Money {
  readonly amount: number
  readonly currency: string
}

/**
 * The most one order may cost: ten million in a currency of cents. A rule of the shop, and well inside of what a column of
 * type integer holds (2³¹ − 1), here and at payments.
 */
export const maxTotalAmount = 1_000_000_000

/** The sum over the items; `mixed` when their prices are not of one currency. Every sku must have its price. */
export function toTotal(
  items: readonly { readonly sku: string; readonly quantity: number }[],
  prices: readonly { readonly sku: string; readonly price: Money }[],
): Money | 'mixed' {
  const priceOf = new Map(prices.map(({ sku, price }) => [sku, price]))
  let total: Money | undefined
  for (const { sku, quantity } of items) {
    const price = priceOf.get(sku)
    if (price === undefined) throw new Error(`no price came for '${sku}'`)
    if (total !== undefined && total.currency !== price.currency) return 'mixed'
    total = { amount: (total?.amount ?? 0) + price.amount * quantity, currency: price.currency }
  }
  if (total === undefined) throw new Error('an order without items has no total')
  return total
}
