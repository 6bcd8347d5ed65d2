/** All hosts of a system: planned, given their secrets, told of each other, restarted together when the code has changed. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Provisioned } from '@banyan/postgres'
import { type ConnectionPlan, createRegistry, type HostPlan, type Registry } from 'banyan/control'
import type { Environment } from 'banyan/core'
import { type SystemDescription, shapeOf } from '../host/description.ts'
import type { Fault, HostConfiguration } from '../host/messages.ts'
import { schemaCacheFile } from '../host/schemas.ts'
import { generateTokens, toTokenTable } from '../host/tokens.ts'
import { createHostChild, type HostChild } from './host-child.ts'
import type { SchemaPlace } from './system-schemas.ts'

/** What {@link createHostGroup} takes. */
export interface HostGroupOptions {
  readonly environment: Environment
  /** As the plans have it; a host that finds another is not configured, since they are not for it. */
  readonly system: SystemDescription
  readonly plans: readonly HostPlan[]
  readonly connections: ConnectionPlan
  /** Hosts are started before these are known, and wait for them. */
  readonly databases: Promise<Provisioned>
  /** Likewise; undefined when there is no registry. */
  readonly schemas: Promise<SchemaPlace | undefined>
  readonly gatewayPort: number
  readonly dataDir: string
  readonly projectFolder: string
  /** Path of this command's main module. */
  readonly cli: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly onLine: (from: string, line: string) => void
  readonly onChange: () => void
  readonly onEnd: (host: string, how: string, fault: Fault | undefined, retryInMs: number) => boolean
}

/** See the top of the file. */
export interface HostGroup {
  readonly hosts: readonly HostChild[]
  /** Resolves with what the first of them has found the system to be. */
  readonly found: Promise<SystemDescription>
  readonly allReady: boolean
  start(): void
  restart(drainMs: number): Promise<void>
  /** The gateway first, so that nothing new comes in; then all others. */
  stop(drainMs: () => number): Promise<void>
}

/** However long the gateway took: what is committed still goes out. */
const flushMs = 1_000
const loopback = '127.0.0.1'
/** The gateway among the holders of tokens, as the runtime calls it. */
const gatewayToken = 'gateway'

/** Creates the hosts; nothing runs until `start`. */
export function createHostGroup(options: HostGroupOptions): HostGroup {
  const { environment, plans, gatewayPort } = options
  const services = plans.flatMap((plan) => plan.services)
  const tokens = generateTokens([...services, gatewayToken])
  const system = systemIdOf(options.dataDir)
  const registry: Registry = createRegistry((addresses) => {
    for (const host of hosts) host.send({ type: 'addresses', addresses })
  })

  const configure = (plan: HostPlan, databases: Provisioned, schemas: SchemaPlace | undefined): HostConfiguration => ({
    name: plan.name,
    instance: `${system}/${plan.name}`,
    services: plan.services,
    ...(plan.gateway ? { gateway: { host: loopback, port: gatewayPort } } : {}),
    listen: { host: loopback, port: 0 },
    databases: Object.fromEntries(plan.services.map((name) => [name, databases.services[name] ?? ''])),
    ...(plan.services.length > 0 ? { bus: databases.bus } : {}),
    connections: options.connections,
    tokens: toTokenTable(tokens, [...plan.services, ...(plan.gateway ? [gatewayToken] : [])]),
    addresses: registry.addresses(),
    ...(schemas === undefined || plan.services.length === 0
      ? {}
      : { schemas: { ...schemas, cacheFile: schemaCacheFile(options.dataDir, plan.name) } }),
  })

  const configured = async (plan: HostPlan): Promise<HostConfiguration> =>
    configure(plan, await options.databases, await options.schemas)
  const found = Promise.withResolvers<SystemDescription>()
  const hosts: readonly HostChild[] = plans.map((plan) =>
    createHostChild({
      environment,
      plan,
      registry,
      command: toCommand(plan, options),
      folder: options.projectFolder,
      env: options.env,
      configure: (system) => {
        found.resolve(system)
        return shapeOf(system) === shapeOf(options.system)
          ? configured(plan)
          : Promise.reject(new Error('another system'))
      },
      onLine: (line) => options.onLine(plan.name, line),
      onChange: options.onChange,
      onEnd: (how, fault, retryInMs) => options.onEnd(plan.name, how, fault, retryInMs),
    }),
  )

  return {
    hosts,
    found: found.promise,
    get allReady() {
      return hosts.every(({ supervisor }) => supervisor.state === 'ready')
    },
    start() {
      for (const { supervisor } of hosts) supervisor.start()
    },
    async restart(drainMs) {
      await Promise.all(hosts.map((host) => host.restart(drainMs)))
    },
    async stop(drainMs) {
      const gateways = hosts.filter(({ plan }) => plan.gateway)
      await Promise.all(gateways.map((host) => host.stop(drainMs())))
      const others = hosts.filter((host) => !gateways.includes(host))
      await Promise.all(others.map((host) => host.stop(Math.max(flushMs, drainMs()))))
    },
  }
}

/** The names are in the arguments so that a listing of processes says what each of them is. */
function toCommand(plan: HostPlan, { cli, projectFolder }: HostGroupOptions): readonly [string, ...string[]] {
  const gateway = plan.gateway ? ['--gateway'] : []
  const services = ['--services', plan.services.join(',')]
  return ['node', cli, 'run', ...services, ...gateway, '--name', plan.name, '--project', projectFolder, '--supervised']
}

/** Two systems on one server may have hosts of the same names; what holds leases must not be taken for the other's. */
function systemIdOf(dataDir: string): string {
  const path = join(dataDir, 'instance')
  if (!existsSync(path)) writeFileSync(path, randomBytes(8).toString('hex'), { mode: 0o600 })
  return readFileSync(path, 'utf8').trim()
}
