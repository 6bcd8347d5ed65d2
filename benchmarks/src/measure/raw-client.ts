/**
 * An HTTP/1.1 client that does the least there is to do: one prepared request, one kept connection per worker, answers with a
 * content-length. What the load costs is then small beside what is measured.
 */
import { createConnection, type Socket } from 'node:net'

const headEnd = '\r\n\r\n'

/** One connection; one request at a time. */
export class RawConnection {
  readonly #socket: Socket
  #buffer = ''
  #settle: { resolve: (body: string) => void; reject: (error: Error) => void } | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#onData(text))
    socket.on('error', (error) => this.#settle?.reject(error))
    socket.on('close', () => this.#settle?.reject(new Error('the connection was closed')))
  }

  /** Sends a prepared request; resolves to the body of an answer 200, rejects for any other. */
  send(request: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#socket.write(request, 'latin1')
    })
  }
  close(): void {
    this.#settle = undefined
    this.#socket.destroy()
  }

  #onData(text: string): void {
    this.#buffer += text
    const end = this.#buffer.indexOf(headEnd)
    if (end < 0) return
    const head = this.#buffer.slice(0, end)
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN)
    const from = end + headEnd.length
    if (this.#buffer.length < from + length) return
    const body = this.#buffer.slice(from)
    this.#buffer = ''
    const settle = this.#settle
    this.#settle = undefined
    if (head.startsWith('HTTP/1.1 200')) settle?.resolve(body)
    else settle?.reject(new Error(`unexpected answer: ${head.slice(0, 80)} ${body.slice(0, 300)}`))
  }
}

/** Connects to a port of this machine. */
export function connectRaw(port: number): Promise<RawConnection> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port, noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(new RawConnection(socket))
    })
  })
}
