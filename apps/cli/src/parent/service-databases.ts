/**
 * The databases of a project for commands that look into them: on a server, in the embedded one of a system that runs, or,
 * when none runs, in an embedded one that is started for as long as the command takes.
 */
import { join } from 'node:path'
import { createPostgresStore, filePasswords, type PostgresStore, type Provisioned, provision } from '@banyan/postgres'
import { realEnvironment } from 'banyan/core'
import type { DatabaseDefinition } from 'banyan/store'
import { UsageError } from '../failure.ts'
import { isRunning } from '../process/identity.ts'
import { readRunRecord } from '../process/run-record.ts'
import { overrideOf, toDataDir, toOverrides } from '../settings/dev-settings.ts'
import { loadProject } from '../settings/project.ts'
import { loadSystem } from '../settings/system-module.ts'
import { openDataDirectory } from './data-directory.ts'
import { startDatabase } from './database.ts'

/** One service's database, open. */
export interface ServiceDatabase {
  readonly service: string
  readonly definition: DatabaseDefinition
  readonly store: PostgresStore
}

/** Where the log between services is, and whose it is. */
export interface LogPlace {
  readonly system: string
  readonly bus: string
}

/** What {@link withServiceDatabases} takes. */
export interface ServiceDatabasesOptions {
  readonly project: string
  /** All services that have a database when left out. */
  readonly services?: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/** Opens them, hands them over, closes everything again. */
export async function withServiceDatabases<Result>(
  options: ServiceDatabasesOptions,
  use: (databases: readonly ServiceDatabase[], log: LogPlace) => Promise<Result>,
): Promise<Result> {
  const { systemPath } = await loadProject(options.project)
  const system = await loadSystem(systemPath)
  const known = system.services.map(({ contract }) => contract.name)
  const unknown = (options.services ?? []).filter((name) => !known.includes(name))
  if (unknown.length > 0)
    throw new UsageError(`the system has no service ${unknown.join(', ')}`, `It has: ${known.join(', ')}.`)
  const entries = system.services.filter(({ contract }) => options.services?.includes(contract.name) ?? true)
  const loaded = await Promise.all(entries.map((entry) => entry.load()))
  const wanted = loaded.flatMap(({ contract, database }) =>
    database === undefined ? [] : [{ service: contract.name, definition: database as DatabaseDefinition }],
  )
  return withServer(options, async (adminUrl) => {
    const stores: ServiceDatabase[] = []
    try {
      const { services: urls, bus } = await provisionAll(
        options,
        adminUrl,
        system.name,
        wanted.map(({ service }) => service),
      )
      for (const one of wanted) {
        const url = urls[one.service] ?? ''
        stores.push({ ...one, store: await createPostgresStore({ url, service: one.service, maxConnections: 2 }) })
      }
      return await use(stores, { system: system.name, bus })
    } finally {
      await Promise.all(stores.map(({ store }) => store.close(1_000)))
    }
  })
}

async function provisionAll(
  { env, cwd }: ServiceDatabasesOptions,
  adminUrl: string,
  system: string,
  services: readonly string[],
): Promise<Provisioned> {
  const faults: string[] = []
  const given = toOverrides(env, faults)
  if (faults.length > 0) throw new UsageError(faults.join('; '))
  const passwords = filePasswords(join(toDataDir(env, cwd), 'passwords'))
  const overrides = Object.fromEntries([...services, 'bus'].map((name) => [name, overrideOf(given, name)]))
  return provision({ adminUrl, system, services, passwords, overrides })
}

/** An administrator's address, for as long as the work takes. */
async function withServer<Result>(
  { env, cwd }: ServiceDatabasesOptions,
  work: (adminUrl: string) => Promise<Result>,
): Promise<Result> {
  if (env['DATABASE_URL']) return work(env['DATABASE_URL'])
  const dataDir = toDataDir(env, cwd)
  const running = readRunRecord(dataDir)
  if (running?.databaseUrl !== undefined && isRunning(running.parent)) return work(running.databaseUrl)
  const data = await openDataDirectory(dataDir, { fresh: false, processNames: [] })
  try {
    const database = await startDatabase({
      environment: realEnvironment(),
      dataDir: join(dataDir, 'postgres'),
      url: undefined,
      connections: 20,
      onLine: () => undefined,
      say: () => undefined,
    })
    try {
      return await work(database.url)
    } finally {
      await database.stop()
    }
  } finally {
    data.close()
  }
}
