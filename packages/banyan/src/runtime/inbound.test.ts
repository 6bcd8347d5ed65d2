import { describe, expect, it } from 'vitest'
import { createVirtualEnvironment } from '../core/environment/virtual/index.ts'
import { createTokens, type Tokens } from '../transport/tokens.ts'
import type { InboundCall } from '../transport/transport.ts'
import { createInbound } from './inbound.ts'

function setUp() {
  const { clock, random } = createVirtualEnvironment()
  const table = createTokens({ orders: 'token-of-orders', stock: 'token-of-stock' })
  const asked: string[] = []
  const tokens: Tokens = {
    of: table.of,
    identify: (token) => {
      asked.push(token)
      return table.identify(token)
    },
  }
  const handler = createInbound({
    clock,
    random,
    tokens,
    find: (wire) => (wire === 'a.v1/whoami' ? async (frame) => frame.self : undefined),
    isDraining: () => false,
  })
  const call = (token: string, connection: object, wire = 'a.v1/whoami'): Promise<string> => {
    const inbound: InboundCall = {
      wire,
      body: '{}',
      metadata: { token, timeoutMs: 1_000 },
      connection,
      follow: () => {},
    }
    return handler(inbound)
  }
  return { call, asked }
}

describe('who calls', () => {
  it('is found out once a connection', async () => {
    const { call, asked } = setUp()
    const [one, other] = [{}, {}]
    expect(await call('token-of-orders', one)).toBe('"orders"')
    expect(await call('token-of-orders', one)).toBe('"orders"')
    expect(await call('token-of-orders', other)).toBe('"orders"')
    expect(asked).toHaveLength(2)
  })

  it('follows the token where several services share a connection', async () => {
    const { call } = setUp()
    const shared = {}
    const answers = []
    for (const name of ['orders', 'stock', 'orders', 'stock']) answers.push(await call(`token-of-${name}`, shared))
    expect(answers).toEqual(['"orders"', '"stock"', '"orders"', '"stock"'])
  })

  it('must be known on each call, whoever called over the connection before', async () => {
    const { call } = setUp()
    const connection = {}
    await call('token-of-orders', connection)
    for (const token of ['', 'token-of-order', 'token-of-ordersx', 'guess'])
      await expect(call(token, connection)).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
        reason: 'UNKNOWN_CALLER',
      })
    expect(await call('token-of-orders', connection)).toBe('"orders"')
  })

  it('is told what is wrong with the call as a rejection', async () => {
    const { call } = setUp()
    await expect(call('token-of-orders', {}, 'a.v1/none')).rejects.toMatchObject({ reason: 'UNKNOWN_OPERATION' })
  })
})
