import { expect, test } from 'vitest'
import { type Addresses, createRegistry } from './registry.ts'

function setUp() {
  const told: Addresses[] = []
  return { told, registry: createRegistry((addresses) => told.push(addresses)) }
}

test('only hosts that are ready and listen are told of', () => {
  const { told, registry } = setUp()
  registry.register({ host: 'a', services: ['orders'], address: undefined, ready: true })
  registry.register({ host: 'b', services: ['orders'], address: 'http://b', ready: false })
  expect(told).toEqual([])
  registry.register({ host: 'b', services: ['orders', 'catalog'], address: 'http://b', ready: true })
  expect(told).toEqual([{ orders: ['http://b'], catalog: ['http://b'] }])
})

test('the same again is not told again', () => {
  const { told, registry } = setUp()
  for (let times = 0; times < 3; times++)
    registry.register({ host: 'a', services: ['orders'], address: 'http://a', ready: true })
  registry.remove('nobody')
  expect(told).toHaveLength(1)
})

test('a host that becomes unready or is removed is not told of any more', () => {
  const { told, registry } = setUp()
  const host = { services: ['orders'], ready: true }
  registry.register({ ...host, host: 'a', address: 'http://a' })
  registry.register({ ...host, host: 'b', address: 'http://b' })
  registry.register({ ...host, host: 'a', address: 'http://a', ready: false })
  expect(told.at(-1)).toEqual({ orders: ['http://b'] })
  registry.remove('b')
  expect(told.at(-1)).toEqual({})
  expect(registry.addresses()).toEqual({})
})

test('a host that comes back elsewhere is told of at its new address alone', () => {
  const { told, registry } = setUp()
  registry.register({ host: 'a', services: ['orders'], address: 'http://old', ready: true })
  registry.register({ host: 'a', services: ['orders'], address: 'http://new', ready: true })
  expect(told.at(-1)).toEqual({ orders: ['http://new'] })
})
