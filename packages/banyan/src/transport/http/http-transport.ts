/**
 * The Transport over HTTP/1.1 with kept connections: `POST /<contract>.v<major>/<operation>`, JSON both ways. An error is
 * a status for whoever looks on, and an error document for the caller. The one path besides is health, for probes.
 */
import { codes } from '../../core/code.ts'
import type { HttpRequest, HttpResponse, Network } from '../../core/environment/network.ts'
import { BanyanError, fromErrorDocument, fromUnknown, toErrorDocument } from '../../core/error.ts'
import type { Channel, InboundCall, Transport, WireCall, WireHandler, WireMetadata } from '../transport.ts'
import { fromHeaders, toHeaders } from './headers.ts'

/** Options of {@link createHttpTransport}; sizes in bytes. */
export interface HttpTransportOptions {
  readonly network: Network
  /** Largest input or output. Default 4 MiB. */
  readonly maxBodyBytes?: number
  /** Answers GET requests on the same port (health); undefined is a 404. */
  readonly onGet?: (path: string) => HttpResponse | undefined
}

const decoder = new TextDecoder('utf-8', { fatal: true })
const json = { 'content-type': 'application/json' }
const okStatus = 200

function toResponse(error: BanyanError): HttpResponse {
  const status = error.code === 'CANCELLED' ? 499 : codes[error.code].http
  return { status, headers: json, body: JSON.stringify(toErrorDocument(error)) }
}

const bad = (message: string): BanyanError => new BanyanError('INVALID_ARGUMENT', message, { reason: 'BAD_WIRE_CALL' })

/** A call that came in. Its signal is made when somebody asks for it: few handlers ever do. */
class Received implements InboundCall {
  readonly wire: string
  readonly body: string
  readonly metadata: WireMetadata
  readonly #request: HttpRequest
  #controller: AbortController | undefined
  constructor(request: HttpRequest, metadata: WireMetadata, body: string) {
    this.wire = request.target.slice(1)
    this.body = body
    this.metadata = metadata
    this.#request = request
  }
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController()
      this.#controller = controller
      this.#request.onAbort(() => controller.abort(new BanyanError('CANCELLED', 'the caller gave up')))
    }
    return this.#controller.signal
  }
}

async function receive(request: HttpRequest, handler: WireHandler, maxBodyBytes: number): Promise<HttpResponse> {
  const metadata = fromHeaders(request.headers)
  if (metadata === undefined)
    throw new BanyanError('UNAUTHENTICATED', 'this port is for hosts of the same system', { reason: 'NOT_A_HOST' })
  if (request.method !== 'POST') throw bad('a call is a POST')
  const bytes = await request.body(maxBodyBytes, metadata.timeoutMs + 1_000)
  return { status: okStatus, headers: json, body: await handler(new Received(request, metadata, decode(bytes))) }
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw bad('the body is not UTF-8')
  }
}

/** Creates the transport. */
export function createHttpTransport(options: HttpTransportOptions): Transport {
  const { network, maxBodyBytes = 4 * 1024 * 1024 } = options
  return {
    async listen({ host, port, handler }) {
      const server = await network.listen({
        host,
        port,
        handler: (request, respond) => {
          if (request.method === 'GET') return respond(options.onGet?.(request.target) ?? { status: 404, headers: {} })
          receive(request, handler, maxBodyBytes).then(respond, (error: unknown) =>
            respond(toResponse(fromUnknown(error))),
          )
        },
      })
      return { address: `http://${server.host}:${server.port}`, close: (withinMs) => server.close(withinMs) }
    },
    connect: (address) => connect(network, address, maxBodyBytes),
  }
}

function connect(network: Network, address: string, maxBytes: number): Channel {
  const client = network.connect(address)
  return {
    async call({ wire, body, metadata, signal }: WireCall) {
      const headers = toHeaders(metadata as WireMetadata)
      const answer = await client.send({
        method: 'POST',
        path: `/${wire}`,
        headers,
        body,
        maxBytes,
        ...(signal === undefined ? {} : { signal }),
      })
      const text = answer.text()
      if (answer.status === okStatus) return text
      throw fromErrorDocument(parse(text))
    },
    close: () => client.close(),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
