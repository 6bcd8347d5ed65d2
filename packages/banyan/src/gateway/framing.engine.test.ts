// What a client may do to the framing of HTTP/1.1, over real sockets: each is answered with a clean 4xx or a closed
// connection, never with a 500, never with silence, and nothing behind it is read as a request of its own.
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HttpServer, realEnvironment } from '../core/index.ts'
import { createGateway, type Gateway } from './index.ts'
import { Orders } from './testing/orders-gateway.ts'

let gateway: Gateway
let server: HttpServer
const seen: string[] = []
const signals: AbortSignal[] = []

beforeAll(async () => {
  gateway = createGateway({
    environment: realEnvironment(),
    contracts: [Orders],
    info: { name: 'Shop' },
    limits: {
      maxBodyBytes: 100_000,
      bodyTimeoutMs: 300,
      headersTimeoutMs: 400,
      requestTimeoutMs: 5_000,
      maxHeaderBytes: 8_192,
      keepAliveTimeoutMs: 2_000,
    },
    invoke: async (operation, input, { signal }) => {
      seen.push(`${operation.name} ${JSON.stringify(input)}`)
      if (operation.name === 'search') {
        signals.push(signal)
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
      }
      return { orderId: 'o-1', echo: input }
    },
  })
  server = await gateway.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => server.close(1_000))

/** Everything that comes back until the server closes the connection, or `untilMs` has passed. */
function talk(
  send: string | Buffer | readonly (string | Buffer)[],
  untilMs = 4_000,
): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1')
    let text = ''
    const end = (closed: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ text, closed })
    }
    const timer = setTimeout(() => end(false), untilMs)
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
    })
    socket.on('close', () => end(true)).on('error', () => end(true))
    for (const part of Array.isArray(send) ? send : [send]) socket.write(part)
  })
}
const statusesOf = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
const good = JSON.stringify({ customerId: 'c', items: [{ sku: 's', quantity: 1 }] })
const post = (headers: string, body: string, version = '1.1') =>
  `POST /orders HTTP/${version}\r\nhost: x\r\ncontent-type: application/json\r\n${headers}\r\n${body}`
const smuggled = 'GET /orders/smuggled HTTP/1.1\r\nhost: x\r\n\r\n'
const chunk = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

describe('framing', () => {
  it.each([
    [
      'transfer-encoding and content-length',
      post('transfer-encoding: chunked\r\ncontent-length: 4\r\n', `${chunk(good)}${smuggled}`),
    ],
    [
      'content-length and transfer-encoding',
      post('content-length: 4\r\ntransfer-encoding: chunked\r\n', `${chunk(good)}${smuggled}`),
    ],
    ['two content-lengths', post(`content-length: ${good.length}\r\ncontent-length: 0\r\n`, `${good}${smuggled}`)],
    ['a list of content-lengths', post(`content-length: ${good.length}, ${good.length}\r\n`, `${good}${smuggled}`)],
    ['a signed content-length', post(`content-length: +${good.length}\r\n`, `${good}${smuggled}`)],
    ['a negative content-length', post('content-length: -1\r\n', `${good}${smuggled}`)],
    ['a hexadecimal content-length', post('content-length: 0x10\r\n', `${good}${smuggled}`)],
    ['an empty content-length', post('content-length: \r\n', `${good}${smuggled}`)],
    ['an unknown transfer coding', post('transfer-encoding: xchunked\r\n', `${chunk(good)}${smuggled}`)],
    ['chunked not last', post('transfer-encoding: chunked, identity\r\n', `${chunk(good)}${smuggled}`)],
    ['a bad chunk size', post('transfer-encoding: chunked\r\n', `zz\r\n${good}\r\n0\r\n\r\n${smuggled}`)],
    ['a chunk size with a prefix', post('transfer-encoding: chunked\r\n', `0x4\r\n{}  \r\n0\r\n\r\n${smuggled}`)],
    ['a negative chunk size', post('transfer-encoding: chunked\r\n', `-1\r\n${good}\r\n0\r\n\r\n${smuggled}`)],
    ['a huge chunk size', post('transfer-encoding: chunked\r\n', `${'f'.repeat(20)}\r\n${good}${smuggled}`)],
    ['a chunk longer than it says', post('transfer-encoding: chunked\r\n', `2\r\n${good}\r\n0\r\n\r\n${smuggled}`)],
    ['bare line feeds', `GET /orders/1 HTTP/1.1\nhost: x\n\n${smuggled}`],
    ['a bare carriage return', `GET /orders/1 HTTP/1.1\r\nhost: x\rx: y\r\n\r\n${smuggled}`],
    ['a space before the colon', `GET /orders/1 HTTP/1.1\r\nhost : x\r\n\r\n${smuggled}`],
    ['a folded header', `GET /orders/1 HTTP/1.1\r\nhost: x\r\nx: a\r\n b\r\n\r\n${smuggled}`],
    ['a header without a name', `GET /orders/1 HTTP/1.1\r\nhost: x\r\n: a\r\n\r\n${smuggled}`],
    ['a header without a colon', `GET /orders/1 HTTP/1.1\r\nhost: x\r\nnothing\r\n\r\n${smuggled}`],
    ['a NUL in a header', `GET /orders/1 HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n${smuggled}`],
    ['no host', `GET /orders/1 HTTP/1.1\r\n\r\n`],
    ['two hosts', `GET /orders/1 HTTP/1.1\r\nhost: x\r\nhost: y\r\nconnection: close\r\n\r\n`],
    ['an unknown method', `BREW /orders/1 HTTP/1.1\r\nhost: x\r\n\r\n${smuggled}`],
    ['a bad version', `GET /orders/1 HTTP/9.9\r\nhost: x\r\n\r\n${smuggled}`],
    ['HTTP/0.9', `GET /orders/1\r\n\r\n${smuggled}`],
    ['no HTTP at all', `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${'\0'.repeat(50)}`],
    ['a space in the target', `GET /orders/a b HTTP/1.1\r\nhost: x\r\n\r\n${smuggled}`],
  ])('%s: refused, closed, and nothing behind it is read', async (_name, bytes) => {
    const { text, closed } = await talk(Buffer.from(bytes, 'latin1'))
    expect(closed).toBe(true)
    for (const status of statusesOf(text)) expect(status).toBeGreaterThanOrEqual(400)
    for (const status of statusesOf(text)) expect(status).toBeLessThan(500)
    expect(seen.filter((call) => call.includes('smuggled'))).toEqual([])
  })

  it('refuses a header that comes twice and may not', async () => {
    for (const [name, value] of [
      ['content-type', 'application/json'],
      ['idempotency-key', 'k'],
      ['authorization', 'a'],
      ['traceparent', 'x'],
    ]) {
      const twice = `${name}: ${value}\r\n${name}: ${value}\r\ncontent-length: ${good.length}\r\nconnection: close\r\n`
      const { text } = await talk(
        `POST /orders HTTP/1.1\r\nhost: x\r\n${name === 'content-type' ? '' : 'content-type: application/json\r\n'}${twice}\r\n${good}`,
      )
      expect(statusesOf(text), name).toEqual([400])
      expect(text).toContain('REPEATED_HEADER')
    }
  })

  it('answers 431 as a problem to too large a header section, and 414 to too long a target', async () => {
    const large = await talk(`GET /orders/1 HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)
    expect([large.closed, statusesOf(large.text)]).toEqual([true, [431]])
    expect(large.text).toContain('"code":"RESOURCE_EXHAUSTED"')
    const many = await talk(`GET /orders/1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${'x: y\r\n'.repeat(1_500)}\r\n`)
    expect(statusesOf(many.text)).toEqual([431])
  })

  it('answers requests one behind the other in order', async () => {
    const get = (id: number, last = '') => `GET /orders/${id} HTTP/1.1\r\nhost: x\r\n${last}\r\n`
    const { text } = await talk(
      `${get(1)}${post(`content-length: ${good.length}\r\n`, good)}${get(3, 'connection: close\r\n')}`,
    )
    expect(statusesOf(text)).toEqual([200, 202, 200])
    expect(text.indexOf('"orderId":"1"')).toBeLessThan(text.indexOf('"orderId":"3"'))
  })

  it('never lets the refusal of garbage stand for the answer to what came before it', async () => {
    for (let round = 0; round < 20; round++) {
      const { text, closed } = await talk(`${post(`content-length: ${good.length}\r\n`, good)}\u0001garbage\r\n\r\n`)
      expect(closed).toBe(true)
      expect([[], [202], [202, 400]]).toContainEqual(statusesOf(text))
    }
  })

  it('serves HTTP/1.0 and chunked bodies', async () => {
    expect(statusesOf((await talk('GET /orders/1 HTTP/1.0\r\nhost: x\r\n\r\n')).text)).toEqual([200])
    const { text } = await talk(post('transfer-encoding: chunked\r\nconnection: close\r\n', chunk(good)))
    expect(statusesOf(text)).toEqual([202])
  })

  it('keeps the connection after a refusal whose body has arrived', async () => {
    const body = 'x'.repeat(5_000)
    const refused = `POST /nothing HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`
    const { text } = await talk(`${refused}GET /orders/9 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
    expect(statusesOf(text)).toEqual([404, 200])
  })
})

describe('slow and large', () => {
  it('answers 408 to slow headers and closes', async () => {
    const { text, closed } = await talk('GET /orders/1 HTTP/1.1\r\nhost: x\r\nx: ')
    expect([closed, statusesOf(text)]).toEqual([true, [408]])
    expect(text).toContain('"code":"DEADLINE_EXCEEDED"')
  })

  it('answers 408 to a slow body and closes', async () => {
    const { text, closed } = await talk(post('content-length: 1000\r\n', '{'))
    expect([closed, statusesOf(text)]).toEqual([true, [408]])
    expect(text).toContain('BODY_TOO_SLOW')
  })

  it.each([
    ['declared', (body: string) => post(`content-length: ${body.length}\r\n`, body)],
    ['chunked', (body: string) => post('transfer-encoding: chunked\r\n', chunk(body))],
  ])('answers 413 to a body that is too large (%s), also while it is still being sent', async (_name, make) => {
    const { text } = await talk(make('x'.repeat(2_000_000)))
    expect(statusesOf(text)[0]).toBe(413)
  })

  it('answers 413 to a declared size without waiting for all of it', async () => {
    const { text, closed } = await talk(post('content-length: 99999999999\r\n', 'x'))
    expect([closed, statusesOf(text)]).toEqual([true, [413]])
  })

  it('does not execute what was cut off', async () => {
    const before = seen.length
    await new Promise<void>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () => {
        socket.write(post('content-length: 1000\r\n', good), () => socket.resetAndDestroy())
      })
      socket.on('close', () => resolve()).on('error', () => {})
    })
    expect((await talk('GET /livez HTTP/1.0\r\nhost: x\r\n\r\n')).text).toContain('alive')
    expect(seen.length).toBe(before)
    expect(gateway.inFlight).toBe(0)
  })

  it('tells the call when its client goes away', async () => {
    const body = JSON.stringify({ words: ['a'] })
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(
      `POST /searches HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    await expect.poll(() => signals.length, { timeout: 3_000 }).toBe(1)
    socket.resetAndDestroy()
    await expect.poll(() => signals[0]?.aborted, { timeout: 3_000 }).toBe(true)
    await expect.poll(() => gateway.inFlight, { timeout: 3_000 }).toBe(0)
  })
})
