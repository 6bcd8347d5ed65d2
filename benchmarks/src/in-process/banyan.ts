/**
 * Ours: `ctx.call` from inside a handler to another service of the same host, on the real environment. The second argument
 * is the share of sampled traces (the loop is one trace, so it is 0 or 1); the third says 'invoke' for calls from outside
 * any service, each of which begins a trace of its own.
 */
import {
  type AnyOperation,
  command,
  createHost,
  defineContract,
  defineService,
  defineSystem,
  type Host,
  service,
  t,
} from 'banyan'
import { realEnvironment } from 'banyan/core'
import { silentLog } from 'banyan/telemetry'
import { loopOver, type Run, serveVariant } from './loop.ts'
import { answer, currencies, inputs, last4, operationNames, ringSize, sku, statuses } from './payloads.ts'

const Sku = t.String({ pattern: sku })
const Quantity = t.Integer({ minimum: 1, maximum: 999 })

const place = command({
  input: t.Object({
    customer: t.String({ minLength: 1, maxLength: 40 }),
    currency: t.Enum(currencies),
    lines: t.Array(t.Object({ sku: Sku, qty: Quantity }), { minItems: 1, maxItems: 100 }),
    note: t.Optional(t.String({ maxLength: 200 })),
  }),
  output: t.Object({
    id: t.Uuid(),
    status: t.Enum(statuses),
    total: t.Number({ minimum: 0 }),
    paid: t.Boolean(),
    lines: t.Array(t.Object({ sku: Sku, qty: Quantity, price: t.Number({ minimum: 0 }) }), { maxItems: 100 }),
    payment: t.Union([
      t.Object({ kind: t.Literal('card'), last4: t.String({ pattern: last4 }) }),
      t.Object({ kind: t.Literal('sepa'), iban: t.String({ minLength: 10, maxLength: 34 }) }),
    ]),
  }),
  timeoutMs: 5_000,
})

const Bench = defineContract('bench', {
  version: '1.0.0',
  owner: 'bench',
  operations: Object.fromEntries(operationNames.map((name) => [name, place])),
})
const bench = defineService(Bench, { operations: Object.fromEntries(operationNames.map((name) => [name, answer])) })

const Caller = defineContract('caller', {
  version: '1.0.0',
  owner: 'bench',
  operations: {
    loop: command({
      input: t.Object({ calls: t.Integer(), ring: t.Boolean() }),
      output: t.Object({ checksum: t.Number() }),
      timeoutMs: 600_000,
    }),
  },
})

const targets = operationNames.map((name) => Bench.operations[name] as (typeof Bench.operations)[string])

const caller = defineService(Caller, {
  calls: [Bench],
  operations: {
    async loop({ calls, ring }, ctx) {
      let checksum = 0
      for (let index = 0; index < calls; index++) {
        const target = (ring ? targets[index % ringSize] : targets[0]) as (typeof targets)[number]
        checksum += (await ctx.call(target, inputs[index & 63] as never)).total
      }
      return { checksum }
    },
  },
})

async function start(sampleRatio: number): Promise<Host> {
  const host = createHost({
    system: defineSystem({
      name: 'bench',
      services: [service(Bench, async () => ({ bench })), service(Caller, async () => ({ caller }))],
    }),
    environment: realEnvironment(),
    openStore: () => Promise.reject(new Error('no service here has a database')),
    log: silentLog,
    sampleRatio,
  })
  await host.start()
  return host
}

const [sampleRatio = '0', entrance] = process.argv.slice(3)
const host = await start(Number(sampleRatio))
const from = { caller: 'bench' }

const inside: Run = async (calls, ring) => {
  const answered = await host.invoke(Caller.operations.loop, { calls, ring }, from)
  return (answered as { checksum: number }).checksum
}
const outside = loopOver(
  targets.map((target) => (given) => host.invoke(target as AnyOperation, given, from) as Promise<{ total: number }>),
)

serveVariant(entrance === 'invoke' ? outside : inside)
