/** The catalog: read only, seeded by its migration. */
import { defineDatabase, defineService } from 'banyan'
import { fromCursor, toCursor } from '../cursor.ts'
import { Catalog } from './contract.ts'
import type { CatalogTables } from './tables.ts'

interface Row {
  readonly sku: string
  readonly name: string
  readonly price_amount: number
  readonly price_currency: string
}

const toPrice = (row: Row) => ({ amount: row.price_amount, currency: row.price_currency })
const toProduct = (row: Row) => ({ sku: row.sku, name: row.name, price: toPrice(row) })

export const catalog = defineService(Catalog, {
  database: defineDatabase<CatalogTables>({ migrations: new URL('./migrations/', import.meta.url) }),
  operations: {
    async list({ cursor, limit }, ctx) {
      const after = cursor === undefined ? [''] : fromCursor(cursor, 1)
      if (after === undefined) throw ctx.fail('BAD_CURSOR')
      const rows = await ctx.db
        .selectFrom('product')
        .selectAll()
        .where('sku', '>', after[0] ?? '')
        .orderBy('sku')
        .limit(limit + 1)
        .execute()
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      const more = rows.length > limit && last !== undefined
      return { items: page.map(toProduct), ...(more ? { nextCursor: toCursor([last.sku]) } : {}) }
    },
    // What is read most is written as SQL: its text is compiled once, where a query builder builds it at every call.
    async get({ sku }, ctx) {
      const [row] = await ctx.sql<Row>`select sku, name, price_amount, price_currency from product where sku = ${sku}`
      if (row === undefined) throw ctx.fail('UNKNOWN_SKU')
      return toProduct(row)
    },
    async price({ skus }, ctx) {
      const rows = await ctx.db.selectFrom('product').selectAll().where('sku', 'in', skus).execute()
      const known = new Map(rows.map((row) => [row.sku, row]))
      const unknown = skus.filter((sku) => !known.has(sku))
      if (unknown.length > 0) throw ctx.fail('UNKNOWN_SKU', { skus: unknown })
      return { prices: rows.map((row) => ({ sku: row.sku, price: toPrice(row) })) }
    },
  },
})
