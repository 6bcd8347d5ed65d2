import { createVirtualEnvironment } from 'banyan/core'
import { createMemoryStore } from 'banyan/store'
import { expect, test } from 'vitest'
import { type ChangeSourceOptions, resolveOptions, splitName } from './options.ts'

const good: ChangeSourceOptions = {
  name: 'crm',
  url: 'postgresql://localhost/crm',
  tables: ['customer'],
  into: createMemoryStore({ environment: createVirtualEnvironment(), service: 'customers' }),
  system: 'shop',
  service: 'customers',
  toEvent: () => {},
}

test('defaults', () => {
  expect(resolveOptions({ ...good, batchEvents: undefined } as never)).toMatchObject({
    slot: 'banyan_crm',
    publication: 'banyan_crm',
    batchEvents: 500,
    snapshot: true,
    leaseMs: 15_000,
  })
  expect(splitName('customer')).toEqual(['public', 'customer'])
  expect(splitName('sales.order.line')).toEqual(['sales', 'order.line'])
})

test.each<[string, object]>([
  ['name', { name: 'Bad Name' }],
  ['name', { name: 'x'.repeat(51) }],
  ['slot', { slot: 'No-Dashes' }],
  ['publication', { publication: '' }],
  ['tables', { tables: [] }],
  ['tables', { tables: ['customer', 'public.customer'] }],
  ['batchEvents', { batchEvents: 0 }],
  ['batchEvents', { batchEvents: 1_000 }],
  ['bufferBytes', { bufferBytes: 10 }],
  ['leaseMs', { leaseMs: 0.5 }],
  ['heartbeatMs', { heartbeatMs: Number.NaN }],
])('%s is refused by name: %j', (option, wrong) => {
  expect(() => resolveOptions({ ...good, ...wrong })).toThrow(`the option '${option}'`)
})
