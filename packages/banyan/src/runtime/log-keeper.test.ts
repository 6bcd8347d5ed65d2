// A host looks after the log of the sources that it relays: retention as the contracts say, audits in its status.
import { expect, it } from 'vitest'
import { command, defineContract, event, t } from '../contract/index.ts'
import { defineDatabase } from '../store/define-database.ts'
import { startTestSystem } from '../testing/index.ts'
import { defineService } from './define-service.ts'
import { defineSystem, service } from './define-system.ts'

const database = defineDatabase<Record<never, never>>({ migrations: new URL('./none/', import.meta.url) })
const minute = 60_000
const Pings = defineContract('pings', {
  version: '1.0.0',
  owner: 'x',
  operations: { ping: command({ input: t.Object({ id: t.String() }), output: t.Object({}) }) },
  events: {
    pinged: event({ key: 'id', data: t.Object({ id: t.String() }), retention: { ageMs: 10 * minute } }),
  },
})
const pings = defineService(Pings, {
  database,
  operations: {
    ping: ({ id }, ctx) =>
      ctx.transact(async (tx) => {
        tx.publish(Pings.events.pinged, { id })
        return {}
      }),
  },
})
const Ears = defineContract('ears', { version: '1.0.0', owner: 'x', operations: {}, events: {} })
const heard: string[] = []
const ears = defineService(Ears, {
  database,
  operations: {},
  on: (on) => [on(Pings.events.pinged, async ({ data }) => void heard.push(data.id))],
})

it.each(['one', 'split'] as const)('keeps the log while it serves (%s)', async (shape) => {
  heard.length = 0
  const services = [service(Pings, async () => ({ pings })), service(Ears, async () => ({ ears }))]
  const test = await startTestSystem(defineSystem({ name: 'test', services }), { shape })
  const log = (source: string): unknown => test.hosts.map((host) => host.status().log?.sources[source]).find(Boolean)
  const groups = (): unknown => Object.assign({}, ...test.hosts.map((host) => host.status().log?.groups))
  const dropped = (): number => test.hosts.reduce((sum, host) => sum + (host.status().log?.dropped.events ?? 0), 0)
  await test.advance(3 * minute)
  await test.call(Pings.ping, { id: 'a' })
  await test.advance(3 * minute)
  expect(log('pings')).toMatchObject({ last: { counted: 1, missing: 0, duplicated: 0, inverted: 0 }, faulty: 0 })
  expect(groups()).toMatchObject({ 'ears pings': { last: { unmarked: 0 }, faulty: 0 } })
  expect(dropped()).toBe(0)
  await test.advance(20 * minute)
  expect([dropped(), heard]).toEqual([1, ['a']])
  await test.stop()
})
