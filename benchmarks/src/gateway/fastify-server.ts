/**
 * Fastify with schemas for parameters and answer, as its documentation recommends, doing the same query through the same
 * store. Argument: the URL of the catalog's database.
 */
import type { AddressInfo } from 'node:net'
import { fastify } from 'fastify'
import { answerParent } from '../measure/peer.ts'
import { openCatalogStore } from './catalog-store.ts'

const [url = ''] = process.argv.slice(2)
const store = await openCatalogStore(url, new URL('../../../examples/shop/catalog/migrations/', import.meta.url))

interface Row {
  readonly sku: string
  readonly name: string
  readonly price_amount: number
  readonly price_currency: string
}

const product = {
  type: 'object',
  required: ['sku', 'name', 'price'],
  properties: {
    sku: { type: 'string' },
    name: { type: 'string' },
    price: {
      type: 'object',
      required: ['amount', 'currency'],
      properties: { amount: { type: 'integer', minimum: 0 }, currency: { type: 'string', pattern: '^[A-Z]{3}$' } },
    },
  },
}
const parameters = {
  type: 'object',
  required: ['sku'],
  properties: { sku: { type: 'string', minLength: 1, maxLength: 64 } },
}

const app = fastify({ logger: false })
app.get<{ Params: { sku: string } }>(
  '/products/:sku',
  { schema: { params: parameters, response: { 200: product } } },
  async (request, reply) => {
    const { sku } = request.params
    // The very statement that the shop's catalog runs.
    const [row] = await store.sql<Row>`select sku, name, price_amount, price_currency from product where sku = ${sku}`
    if (row === undefined) return reply.code(404).send({ message: 'there is no such product' })
    return { sku: row.sku, name: row.name, price: { amount: row.price_amount, currency: row.price_currency } }
  },
)
await app.listen({ host: '127.0.0.1', port: 0 })

answerParent({ port: () => (app.server.address() as AddressInfo).port }, async () => {
  await app.close()
  await store.close(500)
})
