import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cancellation } from '../../cancellation.ts'
import type { HttpServer } from '../network.ts'
import { realEnvironment } from './index.ts'

const { network, files } = realEnvironment()

describe('the real network', () => {
  let server: HttpServer
  let aborted = 0
  beforeAll(async () => {
    server = await network.listen({
      host: '127.0.0.1',
      port: 0,
      handler: (request, respond) => {
        request.onAbort(() => {
          aborted++
        })
        if (request.target === '/hang') return
        request.body(1_000, 300).then(
          (bytes) =>
            respond({ status: 200, headers: { 'x-duplicates': request.duplicates.join(' ') || 'none' }, body: bytes }),
          (error: { httpStatus?: number; reason?: string }) =>
            respond({ status: error.httpStatus ?? 500, headers: {}, body: String(error.reason) }),
        )
      },
    })
  })
  afterAll(() => server.close(100))
  const origin = (): string => `http://127.0.0.1:${server.port}`

  it('sends a body and gets it back', async () => {
    const client = network.connect(origin())
    const answer = await client.send({
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'text/plain' },
      body: 'häm',
    })
    expect([answer.status, answer.text()]).toEqual([200, 'häm'])
    await client.close()
  })

  it('refuses a body that is too large, and the client sees it', async () => {
    const client = network.connect(origin())
    const answer = await client.send({ method: 'POST', path: '/', headers: {}, body: 'x'.repeat(100_000) })
    expect([answer.status, answer.text()]).toEqual([413, 'BODY_TOO_LARGE'])
    await client.close()
  })

  it('gives a slow body up', async () => {
    const text = await raw(server.port, 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc')
    expect(text).toContain('408')
  })

  it('names headers that came twice', async () => {
    const text = await raw(server.port, 'GET / HTTP/1.1\r\nhost: a\r\nx-a: 1\r\nX-A: 2\r\nconnection: close\r\n\r\n')
    expect(text.toLowerCase()).toContain('x-duplicates: x-a')
  })

  it('answers what is no HTTP with 400', async () => {
    expect(await raw(server.port, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
  })

  it('does not serve a request line without a version', async () => {
    expect(await raw(server.port, 'GET /\r\nhost: a\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
  })

  it('cancels: the client gives up, the server hears of it', async () => {
    const client = network.connect(origin())
    const cancellation = new Cancellation()
    const sent = client.send({ method: 'GET', path: '/hang', headers: {}, cancellation })
    const timer = setTimeout(() => cancellation.cancel('enough'), 50)
    await expect(sent).rejects.toMatchObject({ code: 'CANCELLED' })
    clearTimeout(timer)
    await expect.poll(() => aborted).toBe(1)
    await client.close()
  })

  it('says whether anything was sent when the other side is not there', async () => {
    const gone = await network.listen({ host: '127.0.0.1', port: 0, handler: () => {} })
    await gone.close(10)
    const client = network.connect(`http://127.0.0.1:${gone.port}`)
    await expect(client.send({ method: 'GET', path: '/', headers: {} })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      outcome: 'none',
      retryable: true,
    })
    await client.close()
  })

  it.each<[string, 'http' | 'https', (socket: Socket) => void, string]>([
    ['speaks no TLS', 'https', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), 'none'],
    ['hangs up in the middle of the handshake', 'https', (socket) => socket.destroy(), 'none'],
    ['hangs up in the middle of the request', 'http', (socket) => socket.destroy(), 'unknown'],
  ])('says whether anything was sent when the other side %s', async (_, scheme, answer, outcome) => {
    const other = createServer((socket) => void socket.on('error', () => undefined).once('data', () => answer(socket)))
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    const client = network.connect(`${scheme}://127.0.0.1:${(other.address() as AddressInfo).port}`)
    await expect(client.send({ method: 'POST', path: '/', headers: {}, body: 'x' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      outcome,
      retryable: outcome === 'none',
    })
    await client.close()
    other.close()
  })

  it('names the port that is in use', async () => {
    await expect(network.listen({ host: '127.0.0.1', port: server.port, handler: () => {} })).rejects.toMatchObject({
      reason: 'PORT_IN_USE',
    })
  })
})

describe('the real files', () => {
  it('replaces a document whole, readable by its owner alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'banyan-files-'))
    const path = join(folder, 'deep', 'token')
    expect(await files.readText(path)).toBeUndefined()
    await files.writeText(path, 'one')
    await files.writeText(path, 'two')
    expect(await files.readText(path)).toBe('two')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await files.list(join(folder, 'deep'))).toEqual(['token'])
    await files.remove(path)
    expect(await files.list(join(folder, 'none'))).toEqual([])
    await rm(folder, { recursive: true })
  })
})

function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write(text))
    let received = ''
    socket.setTimeout(5_000, () => reject(new Error(`no answer, only: ${received}`)))
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.on('close', () => resolve(received))
    socket.on('error', reject)
  })
}
