/**
 * The Transport over HTTP/1.1 with kept connections: `POST /<contract>.v<major>/<operation>`, JSON both ways. An error is
 * a status for whoever looks on, and an error document for the caller. What is asked by GET is health and metrics, for probes.
 */
import type { Cancellable } from '../../core/cancellation.ts'
import { codes } from '../../core/code.ts'
import type { HttpAnswer, HttpRequest, HttpResponse, Network } from '../../core/environment/network.ts'
import { BanyanError, fromErrorDocument, fromUnknown, toErrorDocument } from '../../core/error.ts'
import { decodeUtf8 } from '../../core/utf8.ts'
import type { Channel, InboundCall, Transport, WireCall, WireHandler, WireMetadata } from '../transport.ts'
import { fromHeaders, positionHeader, toHeaders } from './headers.ts'

/** Options of {@link createHttpTransport}; sizes in bytes. */
export interface HttpTransportOptions {
  readonly network: Network
  /** Largest input or output. Default 4 MiB. */
  readonly maxBodyBytes?: number
  /** Answers GET requests on the same port (health, metrics); undefined is a 404, a rejection a 500. */
  readonly onGet?: (path: string, request: HttpRequest) => HttpResponse | Promise<HttpResponse> | undefined
}

const json = { 'content-type': 'application/json' }
const okStatus = 200
// Said outright, Node does not add for how long it keeps the connection, which the other side would read with every answer.
const okHeaders = { ...json, connection: 'keep-alive' }
/** Below what the server keeps them for (65 s), so that no call is sent on a connection that is being closed. */
const keepConnectionsMs = 55_000

function toResponse(error: BanyanError): HttpResponse {
  const status = error.code === 'CANCELLED' ? 499 : codes[error.code].http
  return { status, headers: json, body: JSON.stringify(toErrorDocument(error)) }
}

const notAHost = (): BanyanError =>
  new BanyanError('UNAUTHENTICATED', 'this port is for hosts of the same system', { reason: 'NOT_A_HOST' })

const bad = (message: string): BanyanError => new BanyanError('INVALID_ARGUMENT', message, { reason: 'BAD_WIRE_CALL' })

/** A call that came in. It watches the connection when somebody wants to hear of it: few handlers ever do. */
class Received implements InboundCall {
  readonly wire: string
  readonly body: string
  readonly metadata: WireMetadata
  published?: string
  readonly #request: HttpRequest
  constructor(request: HttpRequest, metadata: WireMetadata, body: string) {
    this.wire = request.target.slice(1)
    this.body = body
    this.metadata = metadata
    this.#request = request
  }
  get connection(): object {
    return this.#request.connection
  }
  follow(follower: Cancellable): void {
    this.#request.onAbort(() => follower.cancel(new BanyanError('CANCELLED', 'the caller gave up')))
  }
}

/** Takes a request up to the handler. Every step is called by the one before: a chain of awaits would cost as much as the work. */
function receive(
  request: HttpRequest,
  respond: (response: HttpResponse) => void,
  handler: WireHandler,
  maxBodyBytes: number,
): void {
  const fail = (thrown: unknown): void => respond(toResponse(fromUnknown(thrown)))
  const metadata = fromHeaders(request.headers)
  if (metadata === undefined) return fail(notAHost())
  if (request.method !== 'POST') return fail(bad('a call is a POST'))
  // How long a body may take is the server's own limit.
  request.body(maxBodyBytes).then((bytes) => {
    const body = decodeUtf8(bytes)
    if (body === undefined) return fail(bad('the body is not UTF-8'))
    const call = new Received(request, metadata, body)
    handler(call).then((answer) => respond({ status: okStatus, headers: headersOf(call), body: answer }), fail)
  }, fail)
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
          if (request.method === 'GET') return void answerGet(request, options).then(respond)
          receive(request, respond, handler, maxBodyBytes)
        },
      })
      return { address: `http://${server.host}:${server.port}`, close: (withinMs) => server.close(withinMs) }
    },
    connect: (address) => connect(network, address, maxBodyBytes),
  }
}

/** The usual headers: few calls have another. */
function headersOf({ published }: Received): HttpResponse['headers'] {
  return published === undefined ? okHeaders : { ...okHeaders, [positionHeader]: published }
}

async function answerGet(request: HttpRequest, { onGet }: HttpTransportOptions): Promise<HttpResponse> {
  try {
    return (await onGet?.(request.target, request)) ?? { status: 404, headers: {} }
  } catch (error) {
    return toResponse(fromUnknown(error))
  }
}

function connect(network: Network, address: string, maxBytes: number): Channel {
  const client = network.connect(address, { keepConnectionsMs })
  return {
    call(sent: WireCall) {
      const { wire, body, metadata, cancellation } = sent
      const headers = toHeaders(metadata)
      return client.send({ method: 'POST', path: `/${wire}`, headers, body, maxBytes, cancellation }).then((answer) => {
        const position = answer.headers[positionHeader]
        if (position !== undefined && answer.status === okStatus) sent.answered?.(position)
        return toOutput(answer)
      })
    },
    close: () => client.close(),
  }
}

function toOutput(answer: HttpAnswer): string {
  const text = answer.text()
  if (answer.status === okStatus) return text
  throw fromErrorDocument(parse(text))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
