/** The database server of a system, large enough for it, and a database and a role in it for each of its services. */
import { join } from 'node:path'
import type { Provisioned } from '@banyan/postgres'
import type { ConnectionPlan } from 'banyan/control'
import type { Environment } from 'banyan/core'
import type { SystemDescription } from '../host/description.ts'
import type { ConsoleLog } from '../log/console-log.ts'
import { fromPostgresLine } from '../log/postgres-line.ts'
import { type DevSettings, overrideOf } from '../settings/dev-settings.ts'
import { type SystemDatabase, startDatabase } from './database.ts'

/** Connections that an embedded server allows unless a system needs more. */
const usualConnections = 120
/** Between what the pools may hold and what the server allows. */
const spareConnections = 20

/** What {@link SystemDatabases} is made of. */
export interface SystemDatabasesOptions {
  readonly environment: Environment
  readonly settings: DevSettings
  readonly log: ConsoleLog
  /** Whether the server's routine messages are wanted too. */
  readonly verbose: boolean
}

/** See the top of the file. */
export class SystemDatabases {
  server: SystemDatabase | undefined
  readonly #options: SystemDatabasesOptions
  #starting: Promise<SystemDatabase> | undefined

  constructor(options: SystemDatabasesOptions) {
    this.#options = options
  }

  /** Starts the server; a second call waits for the first. */
  start(): Promise<SystemDatabase> {
    this.#starting ??= this.#start(usualConnections)
    return this.#starting
  }

  async #start(connections: number): Promise<SystemDatabase> {
    const { environment, settings, log } = this.#options
    this.server = await startDatabase({
      environment,
      dataDir: join(settings.dataDir, 'postgres'),
      url: settings.databaseUrl,
      connections,
      onLine: (line) => this.#line(line),
      say: (message, level) => log.say(message, level),
    })
    return this.server
  }

  /** Makes what is missing; the connection strings of all services. */
  async provision(system: SystemDescription, connections: ConnectionPlan): Promise<Provisioned> {
    // Loaded while the server starts: it is half of what this process would load.
    const loading = import('@banyan/postgres')
    loading.catch(() => undefined)
    const server = await this.#withConnections(await this.start(), connections)
    const { settings, log } = this.#options
    const services = system.services.map(({ name }) => name)
    const overrides = [...services, 'bus', 'schemas'].map((name) => [
      name,
      overrideOf(settings.databaseOverrides, name),
    ])
    const { filePasswords, provision } = await loading
    return provision({
      adminUrl: server.url,
      system: system.name,
      services,
      passwords: filePasswords(join(settings.dataDir, 'passwords')),
      schemas: settings.schemaPort !== undefined,
      overrides: Object.fromEntries(overrides),
      log: (message) => log.say(message),
    })
  }

  /** A system of very many services needs a server that allows more. */
  async #withConnections(server: SystemDatabase, { total }: ConnectionPlan): Promise<SystemDatabase> {
    if (server.mode === 'server' || total + spareConnections <= usualConnections) return server
    await server.stop()
    this.#starting = this.#start(total + spareConnections)
    return this.#starting
  }

  #line(text: string): void {
    const { environment, log, verbose } = this.#options
    const { level, line } = fromPostgresLine(text, environment.clock.now())
    if (verbose || level > 20) log.line('postgres', line)
  }

  async stop(): Promise<void> {
    await this.#starting?.catch(() => undefined)
    await this.server?.stop()
  }
}
