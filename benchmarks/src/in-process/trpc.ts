/** tRPC's `createCaller`, with Zod on the way in and out. The procedures are looked up once: that is in its favour. */
import { initTRPC } from '@trpc/server'
import { z } from 'zod'
import { loopOver, serveVariant } from './loop.ts'
import { answer, currencies, type Given, last4, operationNames, sku, statuses } from './payloads.ts'

const trpc = initTRPC.create()
const Sku = z.string().regex(new RegExp(sku))
const Quantity = z.number().int().min(1).max(999)

const input = z.object({
  customer: z.string().min(1).max(40),
  currency: z.enum(currencies),
  lines: z
    .array(z.object({ sku: Sku, qty: Quantity }))
    .min(1)
    .max(100),
  note: z.string().max(200).optional(),
})
const output = z.object({
  id: z.uuid(),
  status: z.enum(statuses),
  total: z.number().min(0),
  paid: z.boolean(),
  lines: z.array(z.object({ sku: Sku, qty: Quantity, price: z.number().min(0) })).max(100),
  payment: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('card'), last4: z.string().regex(new RegExp(last4)) }),
    z.object({ kind: z.literal('sepa'), iban: z.string().min(10).max(34) }),
  ]),
})

const place = () =>
  trpc.procedure
    .input(input)
    .output(output)
    .mutation((given) => answer(given.input))
const router = trpc.router(Object.fromEntries(operationNames.map((name) => [name, place()])))
const caller = trpc.createCallerFactory(router)({})
const procedures = operationNames.map((name) => caller[name] as unknown as (given: Given) => Promise<{ total: number }>)

serveVariant(loopOver(procedures))
