// Both transports on virtual time, and what only HTTP can get wrong.
import { describe, expect, it } from 'vitest'
import { createVirtualEnvironment } from '../core/environment/virtual/index.ts'
import { transportSuite } from '../testing/suites/index.ts'
import { createHttpTransport } from './http/http-transport.ts'
import { createMemoryTransport } from './memory/memory-transport.ts'

transportSuite('memory', () => {
  const environment = createVirtualEnvironment()
  return { transport: createMemoryTransport(), host: 'memory', run: (work) => environment.run(work) }
})

transportSuite('HTTP on a virtual network', () => {
  const environment = createVirtualEnvironment()
  environment.network.setLatency(1, 5)
  return {
    transport: createHttpTransport({ network: environment.network }),
    host: 'a',
    run: (work) => environment.run(work),
  }
})

describe('the HTTP transport', () => {
  const start = async () => {
    const environment = createVirtualEnvironment()
    const { network } = environment
    let calls = 0
    const transport = createHttpTransport({
      network,
      maxBodyBytes: 100,
      onGet: (path) => (path === '/livez' ? { status: 200, headers: {}, body: 'alive' } : undefined),
    })
    const listener = await transport.listen({ host: 'a', port: 0, handler: async (call) => `${++calls}${call.body}` })
    const client = network.connect(listener.address)
    const send = (
      method: string,
      headers: Record<string, string>,
      body?: string | Uint8Array,
      path = '/orders.v1/place',
    ) => environment.run(client.send({ method, path, headers, ...(body === undefined ? {} : { body }) }))
    return { send, calls: () => calls, environment, transport, listener }
  }
  const host = { authorization: 'Bearer secret', 'banyan-timeout-ms': '1000' }

  it('answers probes, and nothing else that is no call of a host', async () => {
    const { send, calls } = await start()
    expect((await send('GET', {}, undefined, '/livez')).text()).toBe('alive')
    expect((await send('GET', {}, undefined, '/secrets')).status).toBe(404)
    for (const headers of [
      {},
      { ...host, authorization: 'Basic x' },
      { ...host, 'banyan-timeout-ms': '-1' },
      { ...host, 'banyan-timeout-ms': 'soon' },
      { ...host, 'banyan-caller': '%ff' },
    ])
      expect((await send('POST', headers, '{}')).status).toBe(401)
    expect((await send('DELETE', host)).status).toBe(422)
    expect(calls()).toBe(0)
  })

  it('refuses what is too large or no text', async () => {
    const { send, calls } = await start()
    expect((await send('POST', host, 'x'.repeat(101))).status).toBe(429)
    expect((await send('POST', host, Uint8Array.of(0xff, 0xfe))).status).toBe(422)
    expect(calls()).toBe(0)
  })

  it('makes an error of an answer that is no error document', async () => {
    const { environment, transport } = await start()
    const server = await environment.network.listen({
      host: 'a',
      port: 0,
      handler: (_, respond) => respond({ status: 502, headers: {}, body: '<html>bad gateway</html>' }),
    })
    const channel = transport.connect(`http://a:${server.port}`)
    const call = channel.call({ wire: 'a.v1/b', body: '{}', metadata: { token: 't', timeoutMs: 10 } })
    await expect(environment.run(call)).rejects.toMatchObject({ code: 'UNKNOWN', outcome: 'unknown' })
  })
})
