// The provider's HTTP face. Routes are few and fixed, so they are matched by hand.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Answer } from './answer.ts'
import type { Charges } from './charges.ts'
import { ProviderError } from './provider-error.ts'
import { assertEmptyBody, invalid, toChargeRequest, toIdempotencyKey, toPageSize, toRefundRequest } from './requests.ts'

export const maxBodyBytes = 16 * 1024
export const maxConnections = 2_000

/** Serves as soon as it listens; requests that come before `charges` is there (the ledger is read) wait for it. */
export function createProviderServer(charges: Promise<Charges>): Server {
  const server = createServer((request, response) => {
    void answer(charges, request).then(
      (found) => send(server, request, response, found),
      (error: unknown) => request.socket.destroyed || send(server, request, response, refusal(error)),
    )
  })
  server.maxConnections = maxConnections
  server.headersTimeout = 5_000
  server.requestTimeout = 10_000
  // Longer than clients keep idle connections, so that it is them who close: no request meets a closing socket.
  server.keepAliveTimeout = 65_000
  return server
}

async function answer(charges: Promise<Charges>, request: IncomingMessage): Promise<Answer> {
  const url = URL.parse(request.url ?? '/', 'http://provider')
  if (!url) throw new ProviderError(400, 'invalid_path', 'the request target is not a URL')
  const [first, id, action, ...rest] = url.pathname.split('/').slice(1).map(decode)
  if (rest.length > 0) throw notFound()
  const route = [first, id === undefined ? '' : '{id}', action ?? ''].filter((part) => part !== '').join('/')
  if (route === 'healthz') return health(charges, request)
  if (route === 'charges') return request.method === 'GET' ? list(await charges, url) : charge(charges, request)
  if (route === 'refunds') return refund(charges, request)
  if (route === 'charges/{id}/capture') {
    await readNothing(request)
    return (await charges).capture(id ?? '')
  }
  if (route === 'charges/{id}/void') {
    await readNothing(request)
    return (await charges).void(id ?? '')
  }
  throw notFound()
}

async function health(charges: Promise<Charges>, request: IncomingMessage): Promise<Answer> {
  assertMethod(request, 'GET')
  await charges
  return { status: 200, body: { status: 'ok' } }
}

async function charge(charges: Promise<Charges>, request: IncomingMessage): Promise<Answer> {
  assertMethod(request, 'POST', 'GET, POST')
  const key = toIdempotencyKey(request.headers['idempotency-key'])
  const body = toChargeRequest(await readJson(request))
  return (await charges).authorize(body, key)
}

async function refund(charges: Promise<Charges>, request: IncomingMessage): Promise<Answer> {
  assertMethod(request, 'POST')
  const key = toIdempotencyKey(request.headers['idempotency-key'])
  const body = toRefundRequest(await readJson(request))
  return (await charges).refund(body, key)
}

async function list(charges: Charges, url: URL): Promise<Answer> {
  const orderId = url.searchParams.get('orderId')
  if (orderId === '') throw invalid('orderId', 'must not be empty; leave it out to list all charges')
  if (orderId !== null) return charges.ofOrder(orderId)
  return charges.page(url.searchParams.get('after') ?? undefined, toPageSize(url.searchParams.get('limit')))
}

async function readNothing(request: IncomingMessage): Promise<void> {
  assertMethod(request, 'POST')
  const text = await readText(request)
  assertEmptyBody(text === '' ? undefined : toJson(text))
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') {
    throw new ProviderError(415, 'unsupported_media_type', 'send the body as application/json')
  }
  return toJson(await readText(request))
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ProviderError(400, 'invalid_json', 'the body is not JSON')
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBodyBytes) {
      throw new ProviderError(413, 'body_too_large', `the body must have at most ${maxBodyBytes} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function send(server: Server, request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { status, body, replayed, dropped } = answer
  if (dropped) request.socket.destroy()
  // Also when the client has gone away: there is nobody to tell.
  if (request.socket.destroyed) return
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...(replayed ? { 'idempotent-replayed': 'true' } : {}),
    ...(status === 405 ? { allow: (body as { allow: string }).allow } : {}),
    // What is left of a body that was not read would be taken for the next request; and a server that is stopping
    // keeps no connection.
    ...(request.complete && server.listening ? {} : { connection: 'close' }),
  })
  response.end(text)
}

function refusal(error: unknown): Answer {
  if (!(error instanceof ProviderError)) {
    process.stderr.write(`payment-provider: ${error instanceof Error ? error.message : String(error)}\n`)
    return { status: 500, body: { code: 'internal', message: 'the request may or may not have been carried out' } }
  }
  const { status, code, message, field } = error
  if (status === 405) return { status, body: { code, message: `use ${message}`, allow: message } }
  return { status, body: { code, message, ...(field === undefined ? {} : { field }) } }
}

function assertMethod(request: IncomingMessage, method: string, allowed = method): void {
  if (request.method !== method) throw new ProviderError(405, 'method_not_allowed', allowed)
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new ProviderError(400, 'invalid_path', 'the path is not valid percent-encoding')
  }
}

function notFound(): ProviderError {
  return new ProviderError(404, 'not_found', 'there is no such resource')
}
