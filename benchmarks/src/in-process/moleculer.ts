/**
 * Moleculer's local call, with the validator it comes with. The second argument is 'full' for breaker, bulkhead and timeout
 * on, else its defaults; the third says 'context' for `ctx.call` from inside an action, else `broker.call`.
 */
import { type Context, ServiceBroker } from 'moleculer'
import { loopOver, type Run, serveVariant } from './loop.ts'
import { answer, currencies, type Given, inputs, operationNames, ringSize, sku } from './payloads.ts'

const [policies = 'default', entrance = 'broker'] = process.argv.slice(3)

const broker = new ServiceBroker({
  logger: false,
  ...(policies === 'full' && {
    circuitBreaker: { enabled: true },
    bulkhead: { enabled: true },
    requestTimeout: 5_000,
  }),
})

const params = {
  customer: { type: 'string', min: 1, max: 40 },
  currency: { type: 'enum', values: [...currencies] },
  lines: {
    type: 'array',
    min: 1,
    max: 100,
    items: {
      type: 'object',
      props: {
        sku: { type: 'string', pattern: new RegExp(sku) },
        qty: { type: 'number', integer: true, min: 1, max: 999 },
      },
    },
  },
  note: { type: 'string', max: 200, optional: true },
}

const names = operationNames.map((name) => `bench.${name}`)

broker.createService({
  name: 'bench',
  actions: Object.fromEntries(
    operationNames.map((name) => [name, { params, handler: (ctx: Context<Given>) => answer(ctx.params) }]),
  ),
} as never)
broker.createService({
  name: 'caller',
  actions: {
    loop: {
      // The loop is one action and may take as long as it likes.
      timeout: 0,
      async handler(ctx: Context<{ calls: number; ring: boolean }>) {
        const { calls, ring } = ctx.params
        let checksum = 0
        for (let index = 0; index < calls; index++) {
          const name = (ring ? names[index % ringSize] : names[0]) as string
          checksum += ((await ctx.call(name, inputs[index & 63] as Given)) as { total: number }).total
        }
        return checksum
      },
    },
  },
} as never)
await broker.start()

const inside: Run = (calls, ring) => broker.call('caller.loop', { calls, ring }) as Promise<number>
const outside = loopOver(names.map((name) => (given) => broker.call(name, given) as PromiseLike<{ total: number }>))

serveVariant(entrance === 'context' ? inside : outside)
