/**
 * The HTTP edge of a system. Everything that can be decided before the first request is: routes, conversions, schemas and
 * answers that never change are compiled by {@link createGateway}, which therefore also finds their faults.
 */
import { type AnyContract, operationsOf } from '../contract/define-contract.ts'
import { toOpenApi } from '../contract/openapi.ts'
import type { BadRequestStatus, HttpResponse } from '../core/environment/network.ts'
import { BanyanError } from '../core/error.ts'
import type { Webhook } from '../runtime/webhook.ts'
import { silentLog } from '../telemetry/log.ts'
import { createCors } from './cors.ts'
import { createDocumentPages } from './document-pages.ts'
import type { Destination, Edge, SystemPage } from './edge.ts'
import { Exchange } from './exchange.ts'
import { InFlight } from './in-flight.ts'
import { defaultLimits, type GatewayLimits } from './limits.ts'
import type { Gateway, GatewayOptions } from './options.ts'
import { createProbes } from './probes.ts'
import { toProblem } from './problem.ts'
import { compileRoute } from './route.ts'
import { RouteTree } from './route-tree.ts'
import { compileWebhook, webhookFaults } from './webhook/compile-webhook.ts'

function invalid(message: string): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', `gateway: ${message}`, { reason: 'INVALID_GATEWAY' })
}

function checkLimits(given: Partial<GatewayLimits> | undefined): GatewayLimits {
  const limits = { ...defaultLimits, ...given }
  for (const [name, value] of Object.entries(limits))
    if (!Number.isSafeInteger(value) || value < 1)
      throw invalid(`limits.${name} must be a whole number from 1, found ${value}`)
  return limits
}

function nameOf(destination: Destination): string {
  if ('page' in destination) return `${destination.page.path} of the gateway itself`
  if ('webhook' in destination) return `webhook '${destination.webhook.webhook.name}'`
  return `${destination.route.operation.contract}.${destination.route.operation.name}`
}

function checkWebhooks(webhooks: readonly Webhook[], contracts: readonly AnyContract[]): void {
  const names = webhooks.map(({ name }) => name)
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  const faults = [
    ...twice.map((name) => `webhook '${name}' is listed twice`),
    ...webhooks.flatMap((webhook) => webhookFaults(webhook, contracts)),
  ]
  if (faults.length > 0) throw invalid(faults.join('; '))
}

function buildTree(
  contracts: readonly AnyContract[],
  pages: readonly SystemPage[],
  webhooks: readonly Webhook[],
  limits: GatewayLimits,
): RouteTree<Destination> {
  const tree = new RouteTree<Destination>()
  const add = (method: string, segments: Parameters<typeof tree.add>[1], destination: Destination): void => {
    const other = tree.add(method, segments, destination)
    if (other !== undefined)
      throw invalid(`${nameOf(destination)} has the same route as ${nameOf(other)}: change the 'http' of one of them`)
  }
  for (const page of pages) add('GET', [{ literal: page.path.slice(1) }], { page })
  for (const operation of contracts.flatMap(operationsOf)) {
    const route = compileRoute(operation, limits.timeoutMs)
    if (route !== undefined) add(route.parsed.method, route.parsed.segments, { route })
  }
  for (const webhook of webhooks.map(compileWebhook)) add('POST', webhook.segments, { webhook })
  return tree
}

const badRequests = {
  400: ['INVALID_ARGUMENT', 'MALFORMED_REQUEST', 'this is no HTTP request'],
  408: ['DEADLINE_EXCEEDED', 'REQUEST_TOO_SLOW', 'the request did not arrive in time'],
  431: ['RESOURCE_EXHAUSTED', 'HEADERS_TOO_LARGE', 'the header fields are too large'],
} as const

/**
 * Creates the HTTP edge of some contracts. Throws a {@link BanyanError} (reason `INVALID_GATEWAY`) when two operations
 * have one route, when one has a path of the gateway itself, when a webhook's secret is missing, or when an option is out of its range.
 *
 * @example
 * const gateway = createGateway({ environment, contracts: [Orders], info: { name: 'shop' }, invoke })
 * const server = await gateway.listen({ host: '127.0.0.1', port: 8080 })
 * await gateway.drain(5_000)
 * await server.close(1_000)
 */
export function createGateway(options: GatewayOptions): Gateway {
  const { environment, contracts, info, webhooks = [], ready = () => ({ ready: true, reasons: [] }) } = options
  checkWebhooks(webhooks, contracts)
  const limits = checkLimits(options.limits)
  const inFlight = new InFlight(environment, limits.maxInFlight)
  const document = toOpenApi(contracts, {
    title: info.name,
    ...(info.version === undefined ? {} : { version: info.version }),
  })
  const pages = [...createProbes(ready, () => inFlight.draining), ...createDocumentPages(info.name, document)]
  const edge: Edge = {
    environment,
    tree: buildTree(contracts, pages, webhooks, limits),
    invoke: options.invoke,
    limits,
    cors: options.cors === undefined ? undefined : createCors(options.cors),
    authenticate: options.authenticate,
    inFlight,
    sampleRatio: options.sampleRatio ?? 0.01,
    log: options.log ?? silentLog,
  }
  const handler: Gateway['handler'] = (request, respond) => new Exchange(edge, request, respond).run()
  const onBadRequest = (status: BadRequestStatus): HttpResponse => {
    const [code, reason, message] = badRequests[status]
    const requestId = environment.random.uuidv7()
    const error = new BanyanError(code, message, { httpStatus: status, reason, outcome: 'none' })
    const answer = toProblem(error, requestId, undefined, [], limits.maxIssues)
    return { ...answer, headers: { ...answer.headers, 'x-content-type-options': 'nosniff', 'x-request-id': requestId } }
  }
  return {
    handler,
    listen: ({ host, port }) => environment.network.listen({ ...limits, host, port, handler, onBadRequest }),
    get inFlight() {
      return inFlight.size
    },
    drain: (withinMs) => inFlight.drain(withinMs),
    openapi: () => document,
  }
}
