/** A network in memory: exchanges take virtual time, and links can be cut. */
import { BanyanError, fromAbort } from '../../error.ts'
import type {
  Headers,
  HttpAnswer,
  HttpCall,
  HttpClient,
  HttpRequest,
  HttpResponse,
  HttpServerOptions,
  Network,
} from '../network.ts'
import type { Random } from '../random.ts'
import type { Timers } from '../timers.ts'

/** What can go wrong between two programs. */
export interface VirtualNetwork extends Network {
  /** One way delay of each message, in milliseconds, drawn evenly from the range. Default [0, 0]. */
  setLatency(minMs: number, maxMs: number): void
  /** Requests to this port are not delivered, answers from it are lost, until healed. */
  cut(port: number): void
  heal(port: number): void
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const empty = new Uint8Array(0)
const toBytes = (body: string | Uint8Array | undefined): Uint8Array =>
  typeof body === 'string' ? encoder.encode(body) : (body ?? empty)
const refused = (): BanyanError =>
  new BanyanError('UNAVAILABLE', 'nothing answers there', {
    reason: 'UNREACHABLE',
    retryable: true,
    outcome: 'none',
  })

function toRequest(call: HttpCall): { readonly request: HttpRequest; abort(): void } {
  const listeners: (() => void)[] = []
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(call.headers)) headers[name.toLowerCase()] = value
  const bytes = toBytes(call.body)
  if (call.body !== undefined) headers['content-length'] ??= String(bytes.length)
  const request: HttpRequest = {
    method: call.method,
    target: call.path,
    headers,
    duplicates: [],
    remoteAddress: '127.0.0.1',
    connection: {},
    body: async (maxBytes) => {
      if (bytes.length <= maxBytes) return bytes
      throw new BanyanError('RESOURCE_EXHAUSTED', `the body is larger than ${maxBytes} bytes`, {
        reason: 'BODY_TOO_LARGE',
        httpStatus: 413,
      })
    },
    onAbort: (listener) => void listeners.push(listener),
  }
  return {
    request,
    abort: () => {
      for (const listener of listeners.splice(0)) listener()
    },
  }
}

function toAnswer(method: string, response: HttpResponse): HttpAnswer {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(response.headers))
    headers[name.toLowerCase()] = typeof value === 'string' ? value : value.join(', ')
  const bytes = toBytes(method === 'HEAD' ? undefined : response.body)
  return { status: response.status, headers: headers as Headers, text: () => decoder.decode(bytes) }
}

/** Creates a network of its own; nothing outside of it can be reached. */
export function createVirtualNetwork(timers: Timers, random: Random): VirtualNetwork {
  const servers = new Map<number, HttpServerOptions>()
  const cuts = new Set<number>()
  let latency: readonly [number, number] = [0, 0]
  let lastPort = 40_000
  const delay = (then: () => void): void =>
    void timers.after(latency[0] + random.next() * (latency[1] - latency[0]), then)

  function send(origin: string, call: HttpCall): Promise<HttpAnswer> {
    const port = Number(new URL(origin).port)
    return new Promise((resolve, reject) => {
      const { cancellation } = call
      if (cancellation?.cancelled) return reject(fromAbort(cancellation.reason))
      const { request, abort } = toRequest(call)
      cancellation?.listen({
        cancel: (reason) => {
          reject(fromAbort(reason))
          delay(abort)
        },
      })
      delay(() => {
        const server = servers.get(port)
        if (cuts.has(port)) return
        if (server === undefined) return reject(refused())
        server.handler(request, (response) => delay(() => cuts.has(port) || resolve(toAnswer(call.method, response))))
      })
    })
  }

  return {
    setLatency(minMs, maxMs) {
      latency = [minMs, maxMs]
    },
    cut: (port) => void cuts.add(port),
    heal: (port) => void cuts.delete(port),
    async listen(options) {
      const port = options.port === 0 ? ++lastPort : options.port
      if (servers.has(port))
        throw new BanyanError('UNAVAILABLE', `port ${port} on ${options.host} is in use`, { reason: 'PORT_IN_USE' })
      servers.set(port, options)
      return { host: options.host, port, close: async () => void servers.delete(port) }
    },
    connect: (origin): HttpClient => ({ send: (call) => send(origin, call), close: async () => {} }),
  }
}
