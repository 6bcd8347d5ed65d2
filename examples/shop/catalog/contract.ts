/** What is sold, and for how much. */
import { defineContract, error, query, t } from 'banyan'
import { z } from 'zod'

const Price = t.Object({ amount: t.Integer({ minimum: 0 }), currency: t.String({ pattern: '^[A-Z]{3}$' }) })
const Product = t.Object({ sku: t.String(), name: t.String(), price: Price })

export const Catalog = defineContract('catalog', {
  version: '1.0.0',
  owner: 'assortment-team',
  about: 'Knows what the shop sells and what it costs.',
  terms: { sku: 'stock keeping unit: what one can order one of', price: 'in minor units of the currency (cents)' },
  operations: {
    list: query({
      about: 'All products by sku, a page at a time.',
      // Zod here, `t` elsewhere: a contract takes any Standard Schema that can print itself as JSON Schema.
      input: z.object({
        cursor: z.string().min(1).max(100).optional(),
        limit: z.number().int().min(1).max(100).default(20),
      }),
      output: t.Object({ items: t.Array(Product), nextCursor: t.Optional(t.String()) }),
      http: 'GET /products',
      errors: {
        BAD_CURSOR: error({ code: 'INVALID_ARGUMENT', http: 400, about: 'this cursor is not one of ours' }),
      },
    }),
    get: query({
      about: 'One product.',
      input: t.Object({ sku: t.String({ minLength: 1, maxLength: 64 }) }),
      output: Product,
      errors: { UNKNOWN_SKU: error({ code: 'NOT_FOUND', about: 'there is no such product' }) },
      http: 'GET /products/:sku',
    }),
    price: query({
      about: 'Prices of several products at once. For other services.',
      input: t.Object({ skus: t.Array(t.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 100 }) }),
      output: t.Object({ prices: t.Array(t.Object({ sku: t.String(), price: Price })) }),
      errors: {
        UNKNOWN_SKU: error({
          code: 'NOT_FOUND',
          http: 422,
          about: 'there is no such product',
          details: t.Object({ skus: t.Array(t.String()) }),
        }),
      },
    }),
  },
})
