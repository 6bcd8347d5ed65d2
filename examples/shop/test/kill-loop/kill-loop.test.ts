// The parts of the kill loop that decide: whom to kill, what counts as a promise, and what breaks one.

import { describe, expect, it } from 'vitest'
import type { Answer, NewOrder, PlacedOrder } from '../client.ts'
import { createSeededRandom } from '../seeded-random.ts'
import { toKillLoopOptions } from './arguments.ts'
import { type Account, type LoadOptions, placeUntilAcknowledged, startLoad } from './load.ts'
import { chooseVictim, downOf, toProcesses } from './status.ts'

const document = {
  processes: [
    { name: 'parent', pid: 100, kind: 'parent', state: 'running' },
    { name: 'postgres', pid: 101, kind: 'postgres', state: 'running' },
    { name: 'payment-provider', pid: 102, kind: 'process', state: 'running' },
    { name: 'host-orders', pid: 103, kind: 'host', state: 'ready', services: ['orders'] },
    { name: 'host-payments', pid: 104, kind: 'host', state: 'ready', services: ['payments'] },
    { name: 'host-shipping', pid: null, kind: 'host', state: 'restarting' },
  ],
}

describe('the status document', () => {
  it('is read as it is, and tells what is down', () => {
    const processes = toProcesses(document)
    expect(processes[3]).toEqual({ name: 'host-orders', pid: 103, kind: 'host', state: 'ready', services: ['orders'] })
    expect(downOf(processes)).toEqual(['host-shipping is restarting'])
  })

  it.each([
    ['nothing', null],
    ['no list', { processes: {} }],
    ['an unknown kind', { processes: [{ name: 'x', pid: 1, kind: 'shell', state: 'running' }] }],
    ['a pid that is none', { processes: [{ name: 'x', pid: '12', kind: 'host', state: 'running' }] }],
    ['a negative pid, which would be a group', { processes: [{ name: 'x', pid: -1, kind: 'host', state: 'running' }] }],
  ])('with %s is refused', (_, bad) => {
    expect(() => toProcesses(bad)).toThrow(/status.json/)
  })
})

describe('the victim', () => {
  const draw = (target: 'hosts' | 'all', seed = 1): (string | undefined)[] => {
    const random = createSeededRandom(seed)
    return Array.from({ length: 200 }, () => chooseVictim(toProcesses(document), target, random)?.name)
  }

  it('is any running process, or only a host', () => {
    expect(new Set(draw('hosts'))).toEqual(new Set(['host-orders', 'host-payments']))
    expect(new Set(draw('all'))).toEqual(
      new Set(['parent', 'postgres', 'payment-provider', 'host-orders', 'host-payments']),
    )
  })

  it('is the same for the same seed, in whatever order the processes are listed', () => {
    expect(draw('all', 5)).toEqual(draw('all', 5))
    expect(draw('all', 5)).not.toEqual(draw('all', 6))
    const turned = toProcesses({ processes: document.processes.toReversed() })
    const [one, other] = [createSeededRandom(3), createSeededRandom(3)]
    for (let i = 0; i < 20; i++) {
      expect(chooseVictim(turned, 'all', one)).toEqual(chooseVictim(toProcesses(document), 'all', other))
    }
  })

  it('is nobody when nobody runs, and never this very process', () => {
    const random = createSeededRandom(1)
    expect(chooseVictim([], 'all', random)).toBeUndefined()
    const self = { processes: [{ name: 'self', pid: process.pid, kind: 'host', state: 'ready' }] }
    expect(chooseVictim(toProcesses(self), 'all', random)).toBeUndefined()
  })
})

describe('the load', () => {
  const order: NewOrder = { customerId: 'c', items: [{ sku: 'A', quantity: 1 }], payment: { token: 'tok_ok' } }
  const answer = (status: number, orderId = 'o1'): Answer<PlacedOrder> => ({
    status,
    headers: new Headers(),
    text: '',
    body: { orderId, status: 'pending', total: 1 },
  })
  const newAccount = (): Account => ({ acknowledged: new Map(), keysOf: new Map(), broken: [], retries: 0 })

  function options(place: (order: NewOrder, key?: string) => Promise<Answer<PlacedOrder>>): LoadOptions {
    let keys = 0
    const newKey = (): string => `key-${++keys}`
    let sleeps = 0
    // Takes no time. The bound is for a load that does not stop: without a wait it would never let the test fail.
    const sleep = async (): Promise<void> => {
      if (++sleeps > 1_000) throw new Error('the load does not stop')
    }
    return { shop: { place }, skus: ['A', 'B'], random: createSeededRandom(1), newKey, sleep, maxAttempts: 5 }
  }

  it('sends an order again under its key until it is acknowledged', async () => {
    const sent: (string | undefined)[] = []
    const answers = [undefined, answer(503), answer(409), answer(429), answer(202)]
    const account = newAccount()
    const place = async (_: NewOrder, key?: string): Promise<Answer<PlacedOrder>> => {
      sent.push(key)
      const next = answers.shift()
      if (!next) throw new Error('connection refused')
      return next
    }
    await placeUntilAcknowledged(order, 'k', account, options(place))
    expect(sent).toEqual(Array(5).fill('k'))
    expect(account).toMatchObject({ retries: 4, broken: [] })
    expect([...account.acknowledged]).toEqual([['k', 'o1']])
  })

  it('reports a good order refused, a key never acknowledged, and a key acknowledged as two orders', async () => {
    const account = newAccount()
    await placeUntilAcknowledged(
      order,
      'refused',
      account,
      options(async () => answer(422)),
    )
    await placeUntilAcknowledged(
      order,
      'silent',
      account,
      options(() => Promise.reject(new Error('gone'))),
    )
    await placeUntilAcknowledged(
      order,
      'twice',
      account,
      options(async () => answer(202, 'o1')),
    )
    await placeUntilAcknowledged(
      order,
      'twice',
      account,
      options(async () => answer(202, 'o2')),
    )
    expect(account.broken).toEqual([
      expect.stringContaining('a good order was answered 422'),
      'key silent was never acknowledged in 5 attempts',
      'key twice was acknowledged as order o1 and then as o2',
    ])
  })

  it('counts the keys of each customer, and ends when it is stopped', async () => {
    const orders = new Map<string, string>()
    const busy = Promise.withResolvers<void>()
    const place = async (_: NewOrder, key = ''): Promise<Answer<PlacedOrder>> => {
      if (!orders.has(key)) orders.set(key, `order-${orders.size}`)
      if (orders.size === 20) busy.resolve()
      return answer(202, orders.get(key))
    }
    const load = startLoad(options(place))
    await busy.promise
    await load.stop()
    const { acknowledged, keysOf, broken } = load.account
    expect(broken).toEqual([])
    expect(keysOf.size).toBe(4)
    expect([...keysOf.values()].reduce((sum, count) => sum + count, 0)).toBe(acknowledged.size)
    expect(acknowledged).toEqual(orders)
  })
})

describe('the command line', () => {
  it('takes everything behind -- as the command, and else npm start', () => {
    const own = ['--rounds', '3', '--target', 'hosts', '--data-dir', 'd', '--gateway-port', '1']
    expect(toKillLoopOptions([...own, '--', 'node', 'x.ts', '--split', 'all'])).toMatchObject({
      startCommand: ['node', 'x.ts', '--split', 'all'],
      rounds: 3,
      target: 'hosts',
      dataDir: 'd',
      ports: { gateway: 1, control: 18_090, provider: 18_070 },
    })
    expect(toKillLoopOptions(own)?.startCommand).toEqual(['npm', 'start', '--'])
    expect(toKillLoopOptions(['--help'])).toBeUndefined()
  })

  it('refuses what it does not understand', () => {
    expect(() => toKillLoopOptions(['--rounds', 'many', '--data-dir', 'd'])).toThrow('--rounds must be a whole number')
    expect(() => toKillLoopOptions(['--target', 'everything'])).toThrow('--target must be hosts or all')
    expect(() => toKillLoopOptions(['--nonsense'])).toThrow()
  })
})
