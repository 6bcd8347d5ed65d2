import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { overrideOf, toDevSettings } from './dev-settings.ts'
import type { Project } from './project.ts'

const project: Project = {
  folder: '/project',
  systemPath: '/project/system.ts',
  split: undefined,
  gatewayPort: undefined,
  controlPort: undefined,
  processes: [],
}
const provider = { name: 'provider', command: ['x'], env: {}, port: { env: 'PROVIDER_PORT', default: 8070 } }

const decide = (flags = {}, env = {}, given: Partial<Project> = {}) =>
  toDevSettings(flags, env, { ...project, ...given }, '/somewhere')

test('defaults', () => {
  expect(decide()).toEqual({
    split: [],
    gatewayPort: 8080,
    controlPort: 8090,
    schemaPort: 0,
    dataDir: resolve('/somewhere/.banyan'),
    databaseUrl: undefined,
    databaseOverrides: {},
    watch: true,
    fresh: false,
    json: false,
    processes: [],
  })
})

test('flag before environment before file before default', () => {
  const file = { gatewayPort: 1, controlPort: 2, split: ['filed'] }
  const env = { BANYAN_GATEWAY_PORT: '11', BANYAN_SPLIT: 'all', BANYAN_CONTROL_PORT: '' }
  expect(decide({}, {}, file)).toMatchObject({ gatewayPort: 1, controlPort: 2, split: ['filed'] })
  expect(decide({}, env, file)).toMatchObject({ gatewayPort: 11, controlPort: 2, split: 'all' })
  const flags = { gatewayPort: '21', split: 'none' }
  expect(decide(flags, env, file)).toMatchObject({ gatewayPort: 21, controlPort: 2, split: [] })
})

test('the schema registry: any port, a fixed one, or none', () => {
  expect(decide({}, { BANYAN_SCHEMA_PORT: '8081' }, { schemas: { port: 1 } }).schemaPort).toBe(8081)
  expect(decide({ schemaPort: '2' }, {}, { schemas: { port: 1 } }).schemaPort).toBe(2)
  expect(decide({}, {}, { schemas: { port: 1 } }).schemaPort).toBe(1)
  expect(decide({ schemas: false }, {}, { schemas: { port: 1 } }).schemaPort).toBeUndefined()
  expect(decide({ schemas: true }, {}, { schemas: false }).schemaPort).toBeUndefined()
  expect(() => decide({ schemaPort: '8080' })).toThrow('the schema registry and the gateway cannot both have port 8080')
})

test('ports of processes: their own variable, else their default', () => {
  expect(decide({}, {}, { processes: [provider] }).processes[0]?.listensOn).toBe(8070)
  expect(decide({}, { PROVIDER_PORT: '9' }, { processes: [provider] }).processes[0]?.listensOn).toBe(9)
  const { port: _, ...silent } = provider
  expect(decide({}, {}, { processes: [silent] }).processes[0]?.listensOn).toBeUndefined()
})

test('databases of single services are found by the name of the service', () => {
  const { databaseOverrides } = decide({}, { DATABASE_URL_PAYMENT_GATEWAY: 'postgres://u:p@h/d', DATABASE_URL_X: '' })
  expect(overrideOf(databaseOverrides, 'payment-gateway')).toBe('postgres://u:p@h/d')
  expect(overrideOf(databaseOverrides, 'x')).toBeUndefined()
})

test('the log may lie on a NATS server', () => {
  const { databaseOverrides } = decide({}, { BANYAN_BUS_URL: 'nats://h:4222', DATABASE_URL_BUS: 'postgres://u:p@h/d' })
  expect(overrideOf(databaseOverrides, 'bus')).toBe('nats://h:4222')
  expect(() => decide({}, { BANYAN_BUS_URL: 'amqp://me:hunter2@h' })).toThrow(
    /^(?!.*hunter2)BANYAN_BUS_URL must be like/,
  )
})

test('everything that is wrong in one message, passwords in none', () => {
  const env = { BANYAN_CONTROL_PORT: '1e3', DATABASE_URL: 'mysql://me:hunter2@h' }
  const wrong = () => decide({ gatewayPort: '-1', fresh: true }, env)
  expect(wrong).toThrow(/--gateway-port must .*; BANYAN_CONTROL_PORT must .*; DATABASE_URL must .*; .*--fresh/)
  expect(wrong).not.toThrow(/hunter2/)
})

test('two on one port are refused by name; 0 is any port and clashes with nothing', () => {
  expect(() => decide({ gatewayPort: '8070' }, {}, { processes: [provider] })).toThrow(
    'provider and the gateway cannot both have port 8070',
  )
  expect(decide({ gatewayPort: '0', controlPort: '0' })).toMatchObject({ gatewayPort: 0, controlPort: 0 })
})
