/** Starts the whole shop in this very process, for tests of the services: no command line, no supervisor, no gateway port. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPostgresBus, createPostgresStore, filePasswords, loadMigrations, provision } from '@banyan/postgres'
import { createHost, type Host } from 'banyan'
import { realEnvironment } from 'banyan/core'
import { createGateway } from 'banyan/gateway'
import { createLog } from 'banyan/telemetry'
import system from '../system.ts'

/** A running shop. */
export interface InProcessShop {
  readonly host: Host
  readonly gatewayUrl: string
  /** With `drainMs: 0` it ends as a crash would: what is under way is cut off, nothing is told to anybody. */
  stop(options?: { readonly drainMs?: number }): Promise<void>
}

export interface InProcessOptions {
  /** Default: a free one. */
  readonly gatewayPort?: number
  /** Services to run; all of them unless told otherwise. */
  readonly services?: readonly string[]
  /** Takes a line of the log. Default: standard error. */
  readonly write?: (line: string) => void
}

const gatewayDrainMs = 2_000

/** On a database server given by an administrator's URL. */
export async function startInProcess(adminUrl: string, options: InProcessOptions = {}): Promise<InProcessShop> {
  const folder = await mkdtemp(join(tmpdir(), 'banyan-shop-'))
  const environment = realEnvironment()
  const log = createLog({
    write: options.write ?? ((line) => process.stderr.write(`${line}\n`)),
    now: environment.clock.now,
    level: 'warn',
  })
  const names = system.services.map((entry) => entry.contract.name)
  const { services, bus: busUrl } = await provision({
    adminUrl,
    system: system.name,
    services: names,
    passwords: filePasswords(folder),
  })
  const bus = await createPostgresBus({ url: busUrl })
  const host = createHost({
    system,
    environment,
    bus,
    log,
    ...(options.services && { services: options.services }),
    openStore: async (service, database) => {
      const store = await createPostgresStore({
        url: services[service] as string,
        service,
        maxConnections: database.maxConnections,
      })
      await store.migrate(await loadMigrations(database.migrations))
      return store
    },
  })
  await host.start()
  const gateway = createGateway({
    environment,
    contracts: host.contracts,
    webhooks: system.webhooks,
    invoke: (operation, input, options) => host.invoke(operation, input, options),
    info: { name: system.name },
    ready: () => host.readiness(),
    log,
  })
  const server = await gateway.listen({ host: '127.0.0.1', port: options.gatewayPort ?? 0 })
  return {
    host,
    gatewayUrl: `http://127.0.0.1:${server.port}`,
    async stop({ drainMs } = {}) {
      await gateway.drain(drainMs ?? gatewayDrainMs)
      await server.close(Math.min(drainMs ?? 500, 500))
      await host.stop(drainMs === undefined ? {} : { drainMs })
      await bus.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
