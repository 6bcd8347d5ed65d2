/**
 * The registry's HTTP port. Like the control port it is meant for loopback, where any page in a developer's browser can reach
 * it too: names other than loopback's in Host and foreign Origins are refused, and what changes state needs the token, as
 * `Authorization: Bearer` or, since the dialect's clients know no other, as the password of Basic.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { errorCodeOf, errorCodes, registryError, schemaContentType } from 'banyan/control'
import {
  BanyanError,
  codes,
  type Environment,
  fromUnknown,
  type HttpRequest,
  type HttpResponse,
  type HttpServer,
} from 'banyan/core'
import { maxSchemaLength } from '../prepared-schema.ts'
import type { Registry } from '../registry-types.ts'
import { answer, Raw, type RouteRequest } from './routes.ts'

/** What {@link openRegistryServer} takes. */
export interface RegistryServerOptions {
  readonly environment: Environment
  readonly registry: Registry
  /** What whoever changes state must know. */
  readonly token: string
  readonly host?: string
  /** 0 takes a free one. */
  readonly port: number
  /** Further names of this server in Host, where it does not listen on loopback alone. */
  readonly names?: readonly string[]
}

/** Largest body in bytes: a schema with every character escaped, and its references. */
export const maxBodyBytes: number = maxSchemaLength * 2
const bodyTimeoutMs = 10_000
const loopbackNames = ['127.0.0.1', 'localhost', '[::1]']

/** Opens the port. */
export async function openRegistryServer(options: RegistryServerOptions): Promise<HttpServer> {
  const { environment, host = '127.0.0.1', port } = options
  const token = digest(options.token)
  const server = await environment.network.listen({
    host,
    port,
    maxConnections: 200,
    handler: (request, respond) => {
      handle(request, options, token, server.port).then(respond, (error) => respond(toFailure(error)))
    },
  })
  return server
}

async function handle(
  request: HttpRequest,
  { registry, names = [] }: RegistryServerOptions,
  token: Buffer,
  port: number,
): Promise<HttpResponse> {
  assertOrigin(request, [...loopbackNames, ...names], port)
  const route = toRoute(request)
  if (isWrite(route)) assertToken(request, token)
  const found = await answer(route, registry)
  return { status: 200, headers, body: found instanceof Raw ? found.text : JSON.stringify(found) }
}

const headers = {
  'content-type': schemaContentType,
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

/** Looking up and judging are POSTs that change nothing. */
function isWrite({ method, path }: RouteRequest): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  return !(method === 'POST' && (path[0] === 'compatibility' || (path[0] === 'subjects' && path.length === 2)))
}

function assertOrigin(request: HttpRequest, names: readonly string[], port: number): void {
  const hosts = names.flatMap((name) => [name, `${name}:${port}`])
  if (!hosts.includes(request.headers['host']?.toLowerCase() ?? ''))
    throw new BanyanError('FAILED_PRECONDITION', `this port answers to ${hosts[1]} only`, { httpStatus: 421 })
  const { origin } = request.headers
  if (origin !== undefined && !hosts.some((host) => origin === `http://${host}`))
    throw new BanyanError('PERMISSION_DENIED', 'not from another site', { httpStatus: 403 })
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

function assertToken(request: HttpRequest, token: Buffer): void {
  const [scheme = '', value = ''] = (request.headers['authorization'] ?? '').split(' ')
  const given = scheme.toLowerCase() === 'basic' ? passwordOf(value) : value
  if (timingSafeEqual(digest(given), token)) return
  throw registryError(errorCodes.unauthorized, 'send the token as the password of Basic, or as Bearer')
}

function passwordOf(value: string): string {
  const text = Buffer.from(value, 'base64').toString('utf8')
  return text.slice(text.indexOf(':') + 1)
}

function toRoute(request: HttpRequest): RouteRequest {
  const [path = '', query = ''] = request.target.split('?')
  const parts = path.split('/').filter((part) => part !== '')
  return {
    method: request.method,
    path: parts.map(decode),
    query: new URLSearchParams(query),
    body: async () => toBody(request, await request.body(maxBodyBytes, bodyTimeoutMs)),
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new BanyanError('INVALID_ARGUMENT', 'the path is not well encoded', { httpStatus: 400 })
  }
}

function toBody(request: HttpRequest, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? ''
  // A page of another site can send a form or plain text without being asked; JSON it cannot.
  if (!/^application\/([\w.-]+\+)?json$/.test(type) && type !== 'application/octet-stream')
    throw new BanyanError('INVALID_ARGUMENT', `send ${schemaContentType}`, { httpStatus: 415 })
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as never
  } catch {
    // Said below: whatever is wrong with the text, it is no JSON object.
  }
  throw new BanyanError('INVALID_ARGUMENT', 'the body is not a JSON object in UTF-8', { httpStatus: 400 })
}

function toFailure(thrown: unknown): HttpResponse {
  const error = fromUnknown(thrown)
  const errorCode = errorCodeOf(error)
  const status = error.httpStatus ?? codes[error.code].http
  const message = error.code === 'INTERNAL' ? 'internal error' : error.message
  const challenge: Record<string, string> =
    status === 401 ? { 'www-authenticate': 'Basic realm="schema registry"' } : {}
  const text = JSON.stringify({ error_code: errorCode ?? (status >= 500 ? 50001 : status), message })
  return { status, headers: { ...headers, ...challenge }, body: text }
}
