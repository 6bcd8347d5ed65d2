import { describe, expect, it } from 'vitest'
import { defineContract, query, t } from '../contract/index.ts'
import { createVirtualEnvironment } from '../core/index.ts'
import { createGateway } from './index.ts'
import { startOrdersGateway } from './testing/orders-gateway.ts'

describe('paths', () => {
  it('prefers a literal segment to a parameter, and takes the parameter back when the rest does not fit', async () => {
    const { send, calls } = await startOrdersGateway()
    await send('GET', '/orders/latest')
    await send('GET', '/orders/latest/lines/3')
    expect(calls.map(({ operation }) => operation.name)).toEqual(['latest', 'line'])
    expect(calls[1]?.input).toEqual({ orderId: 'latest', line: 3 })
  })

  it('matches methods one by one: another method of a literal path goes to the parameter', async () => {
    const { send, calls } = await startOrdersGateway()
    expect((await send('DELETE', '/orders/latest')).status).toBe(204)
    expect(calls[0]?.input).toEqual({ orderId: 'latest' })
  })

  it.each([['/nothing'], ['/orders/'], ['//orders'], ['/orders//lines/1'], ['/orders/1/'], ['/Orders/1'], ['/']])(
    'answers 404 at %s',
    async (path) => {
      const { send, calls } = await startOrdersGateway()
      const answer = await send('GET', path)
      expect(answer.status).toBe(404)
      expect(answer.json).toMatchObject({ title: 'Not Found', status: 404, code: 'NOT_FOUND', reason: 'UNKNOWN_PATH' })
      expect(calls).toEqual([])
    },
  )

  it.each([
    ['/orders/a%2Fb', 'a/b'],
    ['/orders/a%252Fb', 'a%2Fb'],
    ['/orders/%E2%82%AC', '€'],
    ['/%6frders/x', 'x'],
    ['/orders/a%5Cb', 'a\\b'],
    ['/orders/a;b=c', 'a;b=c'],
    ['/orders/a+b', 'a+b'],
  ])('decodes %s once and per segment', async (path, orderId) => {
    const { send, calls } = await startOrdersGateway()
    expect((await send('GET', path)).status).toBe(200)
    expect(calls[0]?.input).toEqual({ orderId })
  })

  it.each([
    ['/orders/..'],
    ['/orders/%2e%2e'],
    ['/orders/./latest'],
    ['/orders/%zz'],
    ['/orders/%'],
    ['/orders/%ff'],
    ['/orders/%c0%ae'],
    ['/orders/%00'],
    ['/orders/%0d%0aset-cookie:x'],
    ['/orders/a\\b'],
    ['/orders/a#b'],
    ['/orders/a b'],
    ['/orders/é'],
    ['orders'],
    ['/orders/a?x=\u0001'],
  ])('answers 400 to %j', async (path) => {
    const { send, calls } = await startOrdersGateway()
    expect((await send('GET', path)).status).toBe(400)
    expect(calls).toEqual([])
  })

  it('takes the absolute form of a target', async () => {
    const { send, calls } = await startOrdersGateway()
    expect((await send('GET', 'http://elsewhere.example/orders/7?limit=2')).status).toBe(200)
    expect(calls[0]?.input).toEqual({ orderId: '7', limit: 2 })
  })

  it('answers 414 above the length limit', async () => {
    const { send } = await startOrdersGateway()
    expect((await send('GET', `/orders/${'x'.repeat(8_200)}`)).status).toBe(414)
  })
})

describe('methods', () => {
  it('answers 405 with what is allowed', async () => {
    const { send } = await startOrdersGateway()
    const answer = await send('PATCH', '/orders/1')
    expect(answer.status).toBe(405)
    expect(answer.headers['allow']).toBe('DELETE, GET, HEAD, OPTIONS, PUT')
  })

  it('answers OPTIONS with what is allowed', async () => {
    const { send } = await startOrdersGateway()
    const answer = await send('OPTIONS', '/orders')
    expect([answer.status, answer.headers['allow'], answer.text]).toEqual([204, 'OPTIONS, POST', ''])
    expect((await send('OPTIONS', '*')).status).toBe(204)
    expect((await send('OPTIONS', '/nothing')).status).toBe(404)
  })

  it('answers HEAD as GET without a body', async () => {
    const { send } = await startOrdersGateway()
    const [get, head] = [await send('GET', '/orders/1'), await send('HEAD', '/orders/1')]
    expect([head.status, head.headers['etag'], head.text]).toEqual([200, get.headers['etag'], ''])
    expect((await send('HEAD', '/orders')).status).toBe(405)
  })
})

describe('conflicts', () => {
  const one = (name: string, http: `GET /${string}`) =>
    defineContract(name, {
      version: '1.0.0',
      owner: 'tests',
      operations: {
        find: query({
          input: t.Object({ id: t.String(), key: t.String() }),
          output: t.Object({}),
          http: http as 'GET /x',
        }),
      },
    })
  const create = (...contracts: ReturnType<typeof one>[]) =>
    createGateway({
      environment: createVirtualEnvironment(),
      contracts,
      info: { name: 'x' },
      invoke: async () => ({}),
    })

  it('names both operations of one route, whatever their parameters are called', () => {
    expect(() => create(one('cats', 'GET /things/:id'), one('dogs', 'GET /things/:key'))).toThrow(
      "gateway: dogs.find has the same route as cats.find: change the 'http' of one of them",
    )
  })

  it('keeps its own paths', () => {
    expect(() => create(one('cats', 'GET /livez'))).toThrow(
      'cats.find has the same route as /livez of the gateway itself',
    )
  })

  it('refuses limits that are none', () => {
    const options = {
      environment: createVirtualEnvironment(),
      contracts: [],
      info: { name: 'x' },
      invoke: async () => ({}),
    }
    expect(() => createGateway({ ...options, limits: { maxBodyBytes: 0 } })).toThrow(
      'gateway: limits.maxBodyBytes must be a whole number from 1, found 0',
    )
  })
})
