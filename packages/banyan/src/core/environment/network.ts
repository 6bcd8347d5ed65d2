/**
 * HTTP exchanges, as a port: the real one is node:http and undici, the virtual one is memory, so that gateway and
 * transports run under virtual time too. Bodies are whole: everything that streams comes later, over its own port.
 */

import type { Cancellation } from '../cancellation.ts'

/** Header names are lower case; a header that came several times is joined with ', ' (`duplicates` has the rest). */
export type Headers = Readonly<Record<string, string>>

/** A request that a server received. */
export interface HttpRequest {
  readonly method: string
  /** Path and query, as sent. */
  readonly target: string
  readonly headers: Headers
  /** Header names (lower case) that came more than once. */
  readonly duplicates: readonly string[]
  readonly remoteAddress: string
  /** The connection it came over: the same object for every request on it, and nothing else. */
  readonly connection: object
  /** The whole body. Rejects with RESOURCE_EXHAUSTED (413) over `maxBytes`, CANCELLED when the client goes away, DEADLINE_EXCEEDED (408) over `timeoutMs`. */
  body(maxBytes: number, timeoutMs?: number): Promise<Uint8Array>
  /** Called at most once, when the client goes away before the answer is out. */
  onAbort(listener: () => void): void
}

/** The answer to a request. Sent whole. */
export interface HttpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Uint8Array
}

/** Answers one request. A rejection or throw becomes a bare 500. */
export type HttpHandler = (request: HttpRequest, respond: (response: HttpResponse) => void) => void

/** Why a request never got as far as the handler: no HTTP/1, too slow, headers too large. */
export type BadRequestStatus = 400 | 408 | 431

/** Where to listen and what to bear. */
export interface HttpServerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly handler: HttpHandler
  /** Largest header section, in bytes; 431 above it. Default 16 KiB. */
  readonly maxHeaderBytes?: number
  /** Time a client has for its headers, in milliseconds; 408 after it. Default 10 000. */
  readonly headersTimeoutMs?: number
  /** Time a client has for the whole request, in milliseconds. Default 30 000. */
  readonly requestTimeoutMs?: number
  /** Idle time before a kept connection is closed, in milliseconds. Default 65 000. */
  readonly keepAliveTimeoutMs?: number
  /** Connections at a time; more are closed at once. Default 10 000. */
  readonly maxConnections?: number
  /** The answer to a request that is no HTTP, or too slow, or too large in its headers. */
  readonly onBadRequest?: (status: BadRequestStatus) => HttpResponse
}

/** A server that listens. */
export interface HttpServer {
  readonly host: string
  readonly port: number
  /** Takes no new connections and closes idle ones; resolves when the last exchange is over or `withinMs` has passed (then it cuts). */
  close(withinMs: number): Promise<void>
}

/** A request to send. */
export interface HttpCall {
  readonly method: string
  readonly path: string
  readonly headers: Headers
  readonly body?: string | Uint8Array
  /** Cancelled: the exchange is cut off. */
  readonly cancellation?: Cancellation | undefined
  /** Answers over this size are refused. Default 4 MiB. */
  readonly maxBytes?: number
}

/** What came back. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Headers
  text(): string
}

/** How connections to one origin are kept. */
export interface HttpClientOptions {
  /** Connections at a time; calls above it wait. Default 64. */
  readonly maxConnections?: number
  /** Default 3 000. */
  readonly connectTimeoutMs?: number
  /** An idle connection is closed after it, unless the server names another time. Choose it below the server's. Default 4 000. */
  readonly keepConnectionsMs?: number
}

/** Kept connections to one origin. */
export interface HttpClient {
  /** Rejects with UNAVAILABLE: `outcome` 'none' when nothing was sent (refused), 'unknown' when the connection broke. */
  send(call: HttpCall): Promise<HttpAnswer>
  close(): Promise<void>
}

/** The network. */
export interface Network {
  listen(options: HttpServerOptions): Promise<HttpServer>
  /** `origin` like 'http://127.0.0.1:8070'. */
  connect(origin: string, options?: HttpClientOptions): HttpClient
}
