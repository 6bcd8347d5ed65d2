import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { exchange, toAnswer } from './raw-http.ts'

/** Runs an exchange against a server that does this to every connection. */
async function against(behave: (write: (text: string) => void, end: () => void) => void): ReturnType<typeof exchange> {
  await using server = createServer((socket) => {
    // Read, or the end of the connection is never seen.
    socket.on('error', () => {}).resume()
    behave(
      (text) => socket.write(text),
      () => socket.end(),
    )
  })
  const address = await new Promise<string>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as { port: number }).port}`))
  })
  return await exchange(address, Buffer.from('GET / HTTP/1.1\r\n\r\n'), 300)
}

describe('a raw exchange', () => {
  it('knows when an answer is whole though the connection stays open', async () => {
    const plain = await against((write) => write('HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno'))
    expect(plain).toMatchObject({ outcome: 'answered', status: 404, body: 'no' })
    const chunked = await against((write) =>
      write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n'),
    )
    expect(chunked).toMatchObject({ outcome: 'answered', status: 200 })
  })

  it('tells an end without an answer from silence', async () => {
    expect(await against((_, end) => end())).toMatchObject({ outcome: 'closed', status: undefined })
    expect(await against(() => {})).toMatchObject({ outcome: 'hung', status: undefined })
    const half = await against((write) => write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'))
    expect(half).toMatchObject({ outcome: 'hung', status: 200 })
  })

  it('takes an answer without a length as whole at the end of the connection', async () => {
    const answer = await against((write, end) => {
      write('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n')
      end()
    })
    expect(answer).toMatchObject({ outcome: 'answered', status: 400 })
  })

  it('skips what only says to go on', () => {
    const text = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n'
    expect(toAnswer(Buffer.from(text))).toMatchObject({ status: 202, whole: true })
  })
})
