/**
 * The control port: status page, status document, probes, and the few things that change state. It listens on loopback, but
 * any page in the developer's browser can reach loopback too; so names other than loopback's in Host (DNS rebinding) and
 * foreign Origins are refused, and what changes state takes JSON and the token of the data directory.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { codes } from '../core/code.ts'
import type { Environment } from '../core/environment/environment.ts'
import type { HttpRequest, HttpResponse, HttpServer } from '../core/environment/network.ts'
import { fromUnknown } from '../core/error.ts'
import { type BridgesApi, changeBridges, readBridges } from './bridges-api.ts'
import { changeEvents, type EventsApi, readEvents } from './events-api.ts'
import { changeProjections, type ProjectionsApi, readProjections } from './projections-api.ts'
import { changeSagas, readSagas, type SagasApi, sagaBodyBytes, sagaContentPages } from './sagas-api.ts'
import { readinessOf, type StatusDocument, targetsOf } from './status.ts'
import { statusPage } from './status-page.ts'

/** What {@link createControlServer} takes. */
export interface ControlServerOptions {
  readonly environment: Environment
  readonly status: () => Promise<StatusDocument>
  /** What whoever changes state must know. */
  readonly token: string
  /** Ends a host and starts it again; false when there is none of that name. */
  readonly restart: (host: string) => Promise<boolean>
  /** Events and dead letters under `/events/`; 404 without it. */
  readonly events?: EventsApi
  /** Bridges under `/bridges/`; 404 without it. */
  readonly bridges?: BridgesApi
  /** Read models under `/projections/`; 404 without it. */
  readonly projections?: ProjectionsApi
  /** Runs of sagas under `/sagas/`; 404 without it. */
  readonly sagas?: SagasApi
}

const loopbackNames = ['127.0.0.1', 'localhost', '[::1]']
const maxBodyBytes = 4_096
const safeHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
}

const json = (status: number, body: object): HttpResponse => ({
  status,
  headers: { ...safeHeaders, 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

const refusal = (status: number, detail: string): HttpResponse => ({
  status,
  headers: { ...safeHeaders, 'content-type': 'application/problem+json' },
  body: JSON.stringify({ type: 'about:blank', status, detail }),
})

/** Whether the request was meant for this port by somebody who may: undefined, or the refusal. */
function checkOrigin(request: HttpRequest, port: number): HttpResponse | undefined {
  const hosts = loopbackNames.flatMap((name) => [name, `${name}:${port}`])
  if (!hosts.includes(request.headers['host']?.toLowerCase() ?? ''))
    return refusal(421, `this port answers to ${hosts[1]} only`)
  const { origin } = request.headers
  const own = loopbackNames.map((name) => `http://${name}:${port}`)
  if (origin !== undefined && !own.includes(origin)) return refusal(403, 'not from another site')
  return undefined
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Creates the server's handler and opens it. */
export async function openControlServer(
  options: ControlServerOptions,
  at: { readonly host: string; readonly port: number },
): Promise<HttpServer> {
  const { environment } = options
  const handle = createHandler(options)
  const server = await environment.network.listen({
    ...at,
    maxConnections: 100,
    handler: (request, respond) => {
      handle(request, server.port).then(respond, (thrown: unknown) => {
        const error = fromUnknown(thrown)
        respond(
          refusal(
            error.httpStatus ?? codes[error.code].http,
            error.code === 'INTERNAL' ? 'internal error' : error.message,
          ),
        )
      })
    },
  })
  return server
}

function createHandler(options: ControlServerOptions): (request: HttpRequest, port: number) => Promise<HttpResponse> {
  const expected = digest(options.token)
  const page: HttpResponse = {
    status: 200,
    headers: {
      ...safeHeaders,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': statusPage.policy,
    },
    body: statusPage.html,
  }
  let started = false

  async function answerGet(path: string): Promise<HttpResponse> {
    if (path === '/') return page
    if (path === '/livez') return json(200, { status: 'alive' })
    if (!['/status.json', '/readyz', '/startupz', '/metrics/targets'].includes(path))
      return refusal(404, 'there is no such page')
    const document = await options.status()
    if (path === '/status.json') return json(200, document)
    if (path === '/metrics/targets') return json(200, targetsOf(document))
    const { ready, reasons } = readinessOf(document)
    started ||= ready
    if (path === '/startupz') return json(started ? 200 : 503, { status: started ? 'started' : 'starting', reasons })
    return json(ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', reasons })
  }

  function checkToken(request: HttpRequest): HttpResponse | undefined {
    const given = digest(request.headers['authorization']?.replace(/^Bearer /, '') ?? '')
    if (timingSafeEqual(given, expected)) return undefined
    return refusal(401, "send 'Authorization: Bearer' with the token of the data directory")
  }
  function checkChange(request: HttpRequest): HttpResponse | undefined {
    if (request.headers['content-type']?.split(';')[0]?.trim() !== 'application/json')
      return refusal(415, 'send application/json')
    return checkToken(request)
  }

  /** Counts are for everybody who may see the status page; contents and changes are not. */
  async function answerDesk({ read, change }: Desk, request: HttpRequest, path: string): Promise<HttpResponse> {
    const changes = request.method === 'POST'
    if (!changes && request.method !== 'GET') return notAllowed('GET, POST')
    const refused = changes ? checkChange(request) : contentPages.has(path) ? checkToken(request) : undefined
    if (refused !== undefined) return refused
    const done = changes
      ? await change(path, toJson(await request.body(sagaBodyBytes.get(path) ?? maxBodyBytes, 5_000)))
      : await read(request.target)
    return done === undefined ? refusal(404, 'there is no such page') : json(200, done)
  }

  async function restart(request: HttpRequest): Promise<HttpResponse> {
    const refused = checkChange(request)
    if (refused !== undefined) return refused
    const host = toHostName(await request.body(maxBodyBytes, 5_000))
    if (host === undefined) return refusal(400, 'send {"host": "name"}')
    return (await options.restart(host)) ? json(200, { restarted: host }) : refusal(404, `there is no host '${host}'`)
  }

  return async (request, port) => {
    const refused = checkOrigin(request, port)
    if (refused !== undefined) return refused
    const path = request.target.split('?')[0] as string
    const desk = deskOf(options, path)
    if (desk !== undefined) return answerDesk(desk, request, path)
    if (path === '/restart') return request.method === 'POST' ? restart(request) : notAllowed('POST')
    return request.method === 'GET' || request.method === 'HEAD' ? answerGet(path) : notAllowed('GET, HEAD')
  }
}

/** Pages that show what was sent, not only how much of it. */
const contentPages: ReadonlySet<string> = new Set(['/events/tail', '/bridges/parked', ...sagaContentPages])

/** A part of the port that is read and changed. */
interface Desk {
  readonly read: (target: string) => Promise<object | undefined>
  readonly change: (path: string, body: unknown) => Promise<object | undefined>
}

function deskOf({ events, bridges, projections, sagas }: ControlServerOptions, path: string): Desk | undefined {
  if (path.startsWith('/events/') && events !== undefined)
    return { read: (target) => readEvents(events, target), change: (at, body) => changeEvents(events, at, body) }
  if (path.startsWith('/bridges/') && bridges !== undefined)
    return { read: (target) => readBridges(bridges, target), change: (at, body) => changeBridges(bridges, at, body) }
  if (path.startsWith('/projections/') && projections !== undefined)
    return {
      read: (target) => readProjections(projections, target),
      change: (at, body) => changeProjections(projections, at, body),
    }
  if (path.startsWith('/sagas/') && sagas !== undefined)
    return { read: (target) => readSagas(sagas, target), change: (at, body) => changeSagas(sagas, at, body) }
  return undefined
}

function notAllowed(allow: string): HttpResponse {
  const answer = refusal(405, `use ${allow}`)
  return { ...answer, headers: { ...answer.headers, allow } }
}

function toJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}

function toHostName(body: Uint8Array): string | undefined {
  try {
    const { host } = JSON.parse(new TextDecoder().decode(body)) as { host?: unknown }
    return typeof host === 'string' ? host : undefined
  } catch {
    return undefined
  }
}
