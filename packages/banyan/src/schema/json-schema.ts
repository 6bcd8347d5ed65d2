/**
 * A JSON Schema (2020-12) as plain data. Structural and loose on purpose: TypeBox, Zod and hand-written schemas
 * all fit, and the reader (read/) is what refuses a keyword it does not know.
 *
 * @example const Quantity: JsonSchema = { type: 'integer', minimum: 1 }
 */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown }
