/** The service that is called from afar, and the one that calls it in a loop. */
import { command, defineContract, t } from 'banyan'
import { currencies, last4, sku, statuses } from '../in-process/payloads.ts'

const Sku = t.String({ pattern: sku })
const Quantity = t.Integer({ minimum: 1, maximum: 999 })

export const Bench = defineContract('bench', {
  version: '1.0.0',
  owner: 'bench',
  operations: {
    place: command({
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
    }),
  },
})

export const Caller = defineContract('caller', {
  version: '1.0.0',
  owner: 'bench',
  operations: {
    load: command({
      input: t.Object({ workers: t.Integer(), ms: t.Integer() }),
      output: t.Object({ calls: t.Number(), perSecond: t.Number(), p50Us: t.Number(), p99Us: t.Number() }),
      timeoutMs: 600_000,
    }),
  },
})

/** Secrets by which the two hosts know each other. */
export const tokens = { bench: 'token-of-bench', caller: 'token-of-caller', gateway: 'token-of-gateway' }
