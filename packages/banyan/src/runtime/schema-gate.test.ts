/** Events say by which schema they were written, and a host asks before it opens anything. */
import { expect, test } from 'vitest'
import { fromEnvelope } from '../bus/envelope.ts'
import { createMemoryBus } from '../bus/index.ts'
import { command, defineContract, event, t } from '../contract/index.ts'
import { createVirtualEnvironment } from '../core/environment/virtual/index.ts'
import { BanyanError } from '../core/error.ts'
import { defineDatabase } from '../store/define-database.ts'
import { createMemoryStore } from '../store/index.ts'
import { silentLog } from '../telemetry/index.ts'
import { defineService } from './define-service.ts'
import { defineSystem, service } from './define-system.ts'
import { createHost, type Host } from './host.ts'
import { dataSchemaOf, type SchemaGate } from './schema-gate.ts'

const data = t.Object({ id: t.String({ description: 'which' }) })
const Orders = defineContract('orders', {
  version: '1.0.0',
  owner: 'sales',
  operations: { place: command({ input: data, output: data }) },
  events: { placed: event({ key: 'id', data }) },
})
const orders = defineService(Orders, {
  database: defineDatabase<Record<never, never>>({ migrations: new URL('./none/', import.meta.url) }),
  operations: {
    place: (input, ctx) =>
      ctx.transact(async (tx) => {
        tx.publish(Orders.events.placed, input)
        return input
      }),
  },
})
const system = defineSystem({ name: 'shop', services: [service(Orders, async () => orders)] })
const environment = createVirtualEnvironment()
const bus = createMemoryBus({ environment })
let opened = 0

function createOrdersHost(schemas: SchemaGate): Host {
  const openStore = async (name: string): Promise<ReturnType<typeof createMemoryStore>> => {
    opened += 1
    return createMemoryStore({ environment, service: name })
  }
  return createHost({ system, environment, bus, openStore, log: silentLog, schemas })
}

test('a host whose schemas are refused does not start, and has opened nothing', async () => {
  const refusal = new BanyanError('FAILED_PRECONDITION', 'no', { reason: 'SCHEMA_INCOMPATIBLE' })
  const host = createOrdersHost({ admit: () => Promise.reject(refusal) })
  await expect(environment.run(host.start())).rejects.toBe(refusal)
  expect([host.state, opened]).toEqual(['failed', 0])
})

test('the gate sees the contracts of the services that run here; events carry their schema', async () => {
  const seen: string[] = []
  const host = createOrdersHost({ admit: async (contracts) => void seen.push(...contracts.map(({ name }) => name)) })
  await environment.run(host.start())
  await environment.run(host.invoke(Orders.place, { id: 'o-1' }, { caller: 'anonymous' }))
  await environment.advance(1_000)
  const [logged] = await bus.read('orders', 0, 10)
  expect(seen).toEqual(['orders'])
  expect(fromEnvelope(logged!.envelope).dataschema).toBe(dataSchemaOf(Orders.events.placed.data))
  await environment.run(host.stop())
})

test('the name of a schema is the same for what means the same', () => {
  expect(dataSchemaOf(data)).toMatch(/^urn:banyan:schema:[0-9a-f]{32}$/)
  expect(dataSchemaOf(t.Object({ id: t.String() }))).toBe(dataSchemaOf(data))
  expect(dataSchemaOf(t.Object({ id: t.String({ maxLength: 9 }) }))).not.toBe(dataSchemaOf(data))
})
