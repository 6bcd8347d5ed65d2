import { describe, expect, it } from 'vitest'
import { maxTotalAmount, toTotal } from './total.ts'

const price = (sku: string, amount: number, currency = 'EUR') => ({ sku, price: { amount, currency } })

describe('the total of an order', () => {
  it('is the sum of quantities times prices, whatever order the prices come in', () => {
    const items = [
      { sku: 'a', quantity: 2 },
      { sku: 'b', quantity: 3 },
    ]
    expect(toTotal(items, [price('b', 10), price('a', 199)])).toEqual({ amount: 428, currency: 'EUR' })
  })

  it('does not add up different currencies', () => {
    const items = [
      { sku: 'a', quantity: 1 },
      { sku: 'b', quantity: 1 },
    ]
    expect(toTotal(items, [price('a', 1), price('b', 1, 'USD')])).toBe('mixed')
  })

  it('stays an exact integer for the largest order there can be, so that the bound is compared with the truth', () => {
    const items = Array.from({ length: 100 }, (_, line) => ({ sku: `sku-${line}`, quantity: 1_000 }))
    const total = toTotal(
      items,
      items.map(({ sku }) => price(sku, 2 ** 31 - 1)),
    )
    expect(total).toEqual({ amount: 100 * 1_000 * (2 ** 31 - 1), currency: 'EUR' })
    expect(Number.isSafeInteger(total !== 'mixed' && total.amount)).toBe(true)
  })

  it('is bounded by less than the database and the provider can hold', () => {
    expect(maxTotalAmount).toBeLessThan(2 ** 31)
  })

  it('is not guessed when a price is missing', () => {
    expect(() => toTotal([{ sku: 'a', quantity: 1 }], [])).toThrow("no price came for 'a'")
    expect(() => toTotal([], [])).toThrow('an order without items')
  })
})
