/** The catalog's own tables. */
export interface CatalogTables {
  product: { sku: string; name: string; price_amount: number; price_currency: string }
}
