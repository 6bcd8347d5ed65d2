import { expect, test } from 'vitest'
import { parseSplit, planTopology } from './topology.ts'

const services = ['catalog', 'orders', 'payments']

test('nothing split: one host with everything, the gateway included', () => {
  expect(planTopology(services, [])).toEqual([{ name: 'main', services, gateway: true }])
})

test('all split: a host for each service, and the gateway alone', () => {
  expect(planTopology(services, 'all')).toEqual([
    { name: 'gateway', services: [], gateway: true },
    { name: 'catalog', services: ['catalog'], gateway: false },
    { name: 'orders', services: ['orders'], gateway: false },
    { name: 'payments', services: ['payments'], gateway: false },
  ])
})

test('some split: the rest stays together; order and repetition in the wish do not matter', () => {
  const hosts = planTopology(services, ['payments', 'catalog', 'payments'])
  expect(hosts.map(({ name, services: on, gateway }) => [name, on.join(), gateway])).toEqual([
    ['gateway', '', true],
    ['main', 'orders', false],
    ['catalog', 'catalog', false],
    ['payments', 'payments', false],
  ])
})

test('a service with the name of a special host does not make two hosts of one name', () => {
  const names = planTopology(['main', 'gateway', 'other'], ['main', 'gateway']).map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(names).toContain('main')
  expect(names).toContain('gateway-host')
})

test('a service that the system does not have is refused by name, with those it has', () => {
  expect(() => planTopology(services, ['order'])).toThrow(
    expect.objectContaining({
      reason: 'UNKNOWN_SERVICE',
      message: expect.stringContaining("'order'"),
      hint: expect.stringContaining('catalog, orders, payments'),
    }),
  )
})

test.each([
  ['all', 'all'],
  ['none', []],
  ['', []],
  [' orders , payments ', ['orders', 'payments']],
])('reads %j', (text, split) => {
  expect(parseSplit(text)).toEqual(split)
})
