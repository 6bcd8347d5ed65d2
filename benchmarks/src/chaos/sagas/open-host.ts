/** A host whose ports are points. */
import { createPostgresBus, createPostgresStore, loadMigrations } from '@banyan/postgres'
import { createHost, type Host, type HostOptions } from 'banyan'
import { realEnvironment } from 'banyan/core'
import type { StaticResolver } from 'banyan/discovery'
import { createGateway } from 'banyan/gateway'
import type { Store } from 'banyan/store'
import { createLog, silentLog } from 'banyan/telemetry'
import { createHttpTransport, createTokens } from 'banyan/transport'
import { bookMigrations } from './ledger/tables.ts'
import type { Points } from './points.ts'
import { withBusPoints, withEnvironmentPoints, withStorePoints, withTransportPoints } from './ports.ts'
import type { HostGiven } from './words.ts'

/** What is idle in a transaction ends soon: a host that is stopped holds its locks until then. */
const idleInTransactionMs = 2_000

/** What the process around it knows. */
export interface Surroundings {
  readonly given: HostGiven
  readonly points: Points
  readonly skew: { readonly ms: number }
  readonly resolver: StaticResolver
}

type System = HostOptions['system']

const loadSystem = async (name: HostGiven['system']): Promise<System> =>
  name === 'ledger'
    ? (await import('./ledger/services.ts')).default
    : ((await import('@banyan/shop/system')).default as System)

/** Everything is opened and nothing has begun. */
export async function openHost({ given, points, skew, resolver }: Surroundings) {
  const real = realEnvironment()
  const environment = withEnvironmentPoints(points, real, skew)
  const system = await loadSystem(given.system)
  const names = [...system.services.map((entry) => entry.contract.name), 'gateway']
  const log =
    process.env['CHAOS_LOG'] === undefined
      ? silentLog
      : createLog({
          level: 'warn',
          now: () => real.clock.now(),
          write: (line) => void process.stderr.write(`${given.name} ${line}\n`),
        })
  const host = createHost({
    system,
    services: given.services,
    environment,
    incarnation: `${given.name}#${process.pid}-${real.random.uuidv7().slice(0, 13)}`,
    openStore: async (service, { migrations }) => {
      const store = await openStore(given, service)
      await store.migrate(given.system === 'ledger' ? bookMigrations : await loadMigrations(migrations))
      return withStorePoints(points, service, store)
    },
    bus: withBusPoints(points, await createPostgresBus({ url: given.bus, statementTimeoutMs: 10_000 })),
    log,
    sampleRatio: 0,
    network: {
      transport: withTransportPoints(points, createHttpTransport({ network: real.network })),
      ...(given.services.length > 0 && { listen: { host: '127.0.0.1', port: 0 } }),
      resolver,
      tokens: createTokens(Object.fromEntries(names.map((name) => [name, `token-of-${name}`]))),
    },
  })
  return { host, openEdge: () => openEdge(host, system) }
}

/** One service's own database, with bounds short enough for the rig. */
export function openStore({ stores }: Pick<HostGiven, 'stores'>, service: string): Promise<Store> {
  return createPostgresStore({
    url: stores[service] as string,
    service,
    idleInTransactionMs,
    acquireTimeoutMs: 3_000,
    statementTimeoutMs: 10_000,
  })
}

/** Answers HTTP; says where. */
async function openEdge(host: Host, system: System): Promise<string> {
  const gateway = createGateway({
    environment: realEnvironment(),
    contracts: host.contracts,
    webhooks: system.webhooks,
    invoke: (operation, input, options) => host.invoke(operation, input, options as never),
    info: { name: system.name },
  })
  const { port } = await gateway.listen({ host: '127.0.0.1', port: 0 })
  return `http://127.0.0.1:${port}`
}
