/**
 * Everything that runs in a host's process: databases, bus, transport, the runtime's host, the gateway. Used by hosts of a
 * parent and by `banyan run` alone; who configures it is the only difference between them.
 */
import type { Bus } from 'banyan/bus'
import { BanyanError, type Environment, type HttpResponse, type HttpServer } from 'banyan/core'
import { createStaticResolver, type StaticResolver } from 'banyan/discovery'
import { createGateway, type Gateway } from 'banyan/gateway'
import { answerHealth, answerMetrics, createHost, type Host, type Readiness, type System } from 'banyan/runtime'
import type { Log } from 'banyan/telemetry'
import { createHttpTransport } from 'banyan/transport'
import type { HostConfiguration, HostReport } from './messages.ts'
import { type Probes, startProbes } from './probes.ts'
import { processFamilies } from './process-families.ts'
import { createReporter } from './report.ts'
import { openSchemaGate } from './schemas.ts'
import { createHostStores, type HostStores, openBus } from './stores.ts'
import { fromTokenTable } from './tokens.ts'

/** A host that runs. */
export interface HostProcess {
  readonly host: Host
  readonly resolver: StaticResolver
  readonly gatewayUrl: string | undefined
  readiness(): Readiness
  report(): Promise<HostReport>
  /** Drains the gateway, then the services, then lets go of everything; bounded. False when work had to be cut. */
  stop(drainMs: number): Promise<boolean>
}

/** What {@link startHostProcess} takes. */
export interface HostProcessOptions {
  readonly system: System
  readonly configuration: HostConfiguration
  readonly environment: Environment
  readonly log: Log
}

/** Kept back from the time to drain for closing what was drained. */
const closeMs = 1_000

interface Parts {
  readonly host: Host
  readonly stores: HostStores
  readonly bus: Bus | undefined
  readonly resolver: StaticResolver
  probes?: Probes
}

function build({ system, configuration, environment, log }: HostProcessOptions, bus: Parts['bus']): Parts {
  const stores = createHostStores(configuration, log)
  const resolver = createStaticResolver(configuration.addresses)
  const transport = createHttpTransport({
    network: environment.network,
    onGet: (path, { headers }) =>
      path === '/metrics' ? metricsOf(host, headers['accept']) : answerHealth(path, host.state, () => host.readiness()),
  })
  const parts: Parts = { host: undefined as never, stores, bus, resolver }
  const schemas = openSchemaGate(configuration, environment, log, bus)
  const host = createHost({
    system,
    services: configuration.services,
    environment,
    // The part before '#' is the instance: a new incarnation of it takes the leases of the old one over at once.
    incarnation: `${configuration.instance}#${environment.random.uuidv7()}`,
    openStore: stores.open,
    ...(bus === undefined ? {} : { bus }),
    ...(schemas === undefined ? {} : { schemas }),
    log,
    network: { transport, listen: configuration.listen, resolver, tokens: fromTokenTable(configuration.tokens) },
    readiness: () => parts.probes?.readiness() ?? { ready: true, reasons: [] },
  })
  return Object.assign(parts, { host })
}

async function metricsOf(host: Host, accept: string | undefined): Promise<HttpResponse> {
  return answerMetrics([...(await host.metrics()), ...processFamilies()], accept)
}

interface Edge {
  readonly gateway: Gateway
  readonly server: HttpServer
}

async function openEdge(
  { system, configuration, environment, log }: HostProcessOptions,
  host: Host,
): Promise<Edge | undefined> {
  if (configuration.gateway === undefined) return undefined
  const gateway = createGateway({
    environment,
    contracts: host.contracts,
    webhooks: system.webhooks,
    invoke: (operation, input, options) => host.invoke(operation, input, options as never),
    info: { name: system.name },
    ready: () => host.readiness(),
    log,
  })
  return { gateway, server: await gateway.listen(configuration.gateway) }
}

/** Starts; rejects, with everything closed again, when something is wrong. */
export async function startHostProcess(options: HostProcessOptions): Promise<HostProcess> {
  const { configuration, environment, log } = options
  const bus = await openBus(configuration, options.system.name, log)
  const parts = build(options, bus)
  try {
    await parts.host.start()
    const edge = await openEdge(options, parts.host)
    parts.probes = startProbes(environment, toProbed(parts))
    return toHostProcess(parts, edge, environment)
  } catch (error) {
    await parts.host.stop({ drainMs: 0 })
    await bus?.close()
    throw withPortHint(error, configuration)
  }
}

function toProbed({ stores, bus }: Parts): Parameters<typeof startProbes>[1] {
  return [
    ...[...stores.opened].map(([name, store]) => ({
      name: `the database of ${name}`,
      ping: (signal: AbortSignal) => store.ping(signal),
    })),
    ...(bus === undefined ? [] : [{ name: 'the log', ping: () => bus.ping() }]),
  ]
}

function toHostProcess(parts: Parts, edge: Edge | undefined, environment: Environment): HostProcess {
  const { host, resolver } = parts
  const gatewayUrl = edge === undefined ? undefined : `http://${edge.server.host}:${edge.server.port}`
  const report = createReporter({ environment, host, stores: parts.stores, bus: parts.bus, gatewayUrl })
  const { clock } = environment
  return {
    host,
    resolver,
    gatewayUrl,
    readiness: () => host.readiness(),
    report,
    async stop(drainMs) {
      const endMs = clock.monotonic() + drainMs
      const left = (): number => Math.max(0, endMs - clock.monotonic() - closeMs)
      await edge?.gateway.drain(left())
      const { clean } = await host.stop({ drainMs: left() })
      parts.probes?.stop()
      await Promise.allSettled([edge?.server.close(closeMs), parts.bus?.close()])
      return clean
    },
  }
}

function withPortHint(error: unknown, { gateway }: HostConfiguration): unknown {
  if (!(error instanceof BanyanError) || error.reason !== 'PORT_IN_USE' || gateway === undefined) return error
  return new BanyanError('FAILED_PRECONDITION', `the gateway cannot start: ${error.message}`, {
    reason: 'PORT_IN_USE',
    hint: 'Free it, or choose another with --gateway-port or BANYAN_GATEWAY_PORT.',
    cause: error,
  })
}
