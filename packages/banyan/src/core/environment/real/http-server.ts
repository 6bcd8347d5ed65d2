/** HTTP server of the real environment: node:http, with every limit set. */
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeader,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { BanyanError } from '../../error.ts'
import type { Headers, HttpRequest, HttpResponse, HttpServer, HttpServerOptions } from '../network.ts'
import { drain, readBody } from './http-body.ts'

const none: readonly string[] = []
const ignore = (): void => {}

function findDuplicates(raw: readonly string[]): readonly string[] {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] as string).toLowerCase()
    if (seen.has(name)) twice.add(name)
    seen.add(name)
  }
  return [...twice]
}

class NodeRequest implements HttpRequest {
  readonly method: string
  readonly target: string
  readonly headers: Headers
  readonly #message: IncomingMessage
  readonly #response: ServerResponse
  constructor(message: IncomingMessage, response: ServerResponse) {
    this.#message = message
    this.#response = response
    this.method = message.method as string
    this.target = message.url as string
    this.headers = message.headers as Headers
  }
  get remoteAddress(): string {
    return this.#message.socket.remoteAddress ?? ''
  }
  get connection(): object {
    return this.#message.socket
  }
  get duplicates(): readonly string[] {
    const raw = this.#message.rawHeaders
    return Object.keys(this.headers).length * 2 === raw.length ? none : findDuplicates(raw)
  }
  body(maxBytes: number, timeoutMs?: number): Promise<Uint8Array> {
    return readBody(this.#message, maxBytes, timeoutMs)
  }
  onAbort(listener: () => void): void {
    const response = this.#response
    if (response.destroyed) return void listener()
    response.once('close', () => {
      if (!response.writableFinished) listener()
    })
  }
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'

/** Answers, after what the client still sends was read and dropped: cut off while it writes, it would not see the answer. */
function send(message: IncomingMessage, target: ServerResponse, response: HttpResponse): void {
  if (message.complete || !hasBody(message)) write(message, target, response)
  else drain(message).then(() => write(message, target, response))
}

function write(message: IncomingMessage, target: ServerResponse, { status, headers, body }: HttpResponse): void {
  if (target.headersSent || target.destroyed) return
  const lines: (string | number | readonly string[])[] = []
  for (const name in headers) lines.push(name, headers[name] as string)
  const bare = status === 204 || status === 304
  const size = typeof body === 'string' ? Buffer.byteLength(body) : (body?.byteLength ?? 0)
  if (!bare) lines.push('content-length', size)
  // More is still to come than was worth waiting for, so the connection cannot be kept.
  if (!message.complete && hasBody(message) && headers['connection'] === undefined) lines.push('connection', 'close')
  target.writeHead(status, lines as OutgoingHttpHeader[])
  if (bare || body === undefined || message.method === 'HEAD') target.end()
  // Text that is as long in bytes as in characters is ASCII, which need not be encoded.
  else if (typeof body === 'string') target.end(body, size === body.length ? 'latin1' : 'utf8')
  else target.end(body)
}

const isUsable = (socket: Socket): boolean => socket.writable && !socket.destroyed

/** The answer under way on a connection; Node keeps it there and nowhere else. */
interface Pending {
  readonly _httpMessage?: { readonly headersSent: boolean; readonly req: { readonly complete: boolean } } | null
}

function refuse(socket: Socket, error: NodeJS.ErrnoException, options: HttpServerOptions): void {
  const pending = (socket as Pending)._httpMessage
  // A whole request that still waits for its answer must not take this one for it: its work may well be done.
  const isTaken = pending != null && (pending.headersSent || pending.req.complete)
  if (!isUsable(socket) || isTaken) return void socket.destroy()
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  const response = options.onBadRequest?.(status) ?? { status, headers: {} }
  const body = response.body === undefined ? '' : String(response.body)
  const lines = Object.entries({
    ...response.headers,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  })
  const head = lines.map(([name, value]) => `${name}: ${String(value)}\r\n`).join('')
  socket.end(`HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ''}\r\n${head}\r\n${body}`, () =>
    socket.destroy(),
  )
}

function listening(server: Server, options: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const place = `${options.host}:${options.port}`
      const taken = error.code === 'EADDRINUSE'
      const message = taken
        ? `port ${options.port} on ${options.host} is in use`
        : `cannot listen on ${place}: ${error.code ?? error.message}`
      reject(new BanyanError('UNAVAILABLE', message, { reason: taken ? 'PORT_IN_USE' : 'CANNOT_LISTEN', cause: error }))
    })
    server.listen(options.port, options.host, () => resolve())
  })
}

/** Listens; see {@link HttpServerOptions} for the limits. */
export async function listen(options: HttpServerOptions): Promise<HttpServer> {
  const headersTimeout = options.headersTimeoutMs ?? 10_000
  const server = createServer(
    {
      maxHeaderSize: options.maxHeaderBytes ?? 16_384,
      headersTimeout,
      requestTimeout: Math.max(options.requestTimeoutMs ?? 30_000, headersTimeout),
      keepAliveTimeout: options.keepAliveTimeoutMs ?? 65_000,
      connectionsCheckingInterval: 1_000,
      insecureHTTPParser: false,
      requireHostHeader: true,
      noDelay: true,
    },
    (message, target) => {
      // The message needs no listener: it says that it was cut off only to those who listen.
      target.on('error', ignore)
      // Node's parser takes a request line without a version for HTTP/0.9, and would serve it.
      if (message.httpVersionMajor !== 1) {
        const response = options.onBadRequest?.(400) ?? { status: 400, headers: {} }
        send(message, target, { ...response, headers: { ...response.headers, connection: 'close' } })
        return
      }
      options.handler(new NodeRequest(message, target), (response) => send(message, target, response))
    },
  )
  server.maxHeadersCount = 100
  server.maxConnections = options.maxConnections ?? 10_000
  server.on('clientError', (error, socket) => refuse(socket as Socket, error, options))
  server.on('connection', (socket) => socket.on('error', ignore))
  await listening(server, options)
  const { port } = server.address() as AddressInfo
  return { host: options.host, port, close: (withinMs) => close(server, withinMs) }
}

function close(server: Server, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), withinMs)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    server.closeIdleConnections()
  })
}
