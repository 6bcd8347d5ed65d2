// What the journal notes of the calls of a step: all but what schemas hide.
import { expect, it } from 'vitest'
import { command, defineContract, t } from '../contract/index.ts'
import { defineSaga } from '../saga/define-saga.ts'
import type { Saga } from '../saga/saga.ts'
import { defineDatabase } from '../store/define-database.ts'
import { startTestSystem } from '../testing/index.ts'
import { defineService } from './define-service.ts'
import { defineSystem } from './define-system.ts'

const database = defineDatabase<Record<never, never>>({ migrations: new URL('./none/', import.meta.url) })
const Paying = defineContract('paying', {
  version: '1.0.0',
  owner: 'x',
  operations: {
    pay: command({
      input: t.Object({ token: t.String({ secret: true }), cents: t.Integer() }),
      output: t.Object({ length: t.Integer() }),
    }),
  },
  events: {},
})
const Orders = defineContract('orders', {
  version: '1.0.0',
  owner: 'x',
  operations: { begin: command({ input: t.Object({ id: t.String() }), output: t.Object({}) }) },
  events: {},
})
interface Calling {
  call(operation: unknown, input: unknown): Promise<{ readonly length: number }>
}
const saga = defineSaga('paid', {
  version: 1,
  input: t.Object({ id: t.String() }),
  key: ({ id }) => id,
  run: async (saga: Saga<Calling>) => saga.step('pay', (ctx) => ctx.call(Paying.pay, { token: 'tok_4711', cents: 5 })),
})
const paying = defineService(Paying, {
  database,
  operations: { pay: ({ token }) => ({ length: token.length }) },
})
const orders = defineService(Orders, {
  calls: [Paying.pay],
  database,
  sagas: [saga as never],
  operations: {
    begin: async (input, ctx) => {
      await ctx.sagas.start(saga as never, input as never)
      return {}
    },
  },
})

it('a call carries its secrets, and its note does not', async () => {
  const test = await startTestSystem(defineSystem({ name: 'test', services: [paying, orders] }), { shape: 'one' })
  await test.call(Orders.begin, { id: 'o-1' })
  await test.advance(1_000)
  const sagas = test.stores.get('orders')?.sagas
  const run = await sagas?.findByKey('paid', 'o-1')
  expect(run).toMatchObject({ state: 'completed', outcome: '{"ok":{"length":8}}' })
  const [entry] = (await sagas?.entries(run?.id ?? '', 0, 10)) ?? []
  expect(JSON.parse(entry?.body ?? '{}').calls).toMatchObject([
    { operation: 'paying.v1/pay', input: { token: '***', cents: 5 } },
  ])
  await test.stop()
})
