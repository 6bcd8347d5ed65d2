/** The databases of a host: opened on its own roles, migrated, remembered so that they can be probed and looked into. */
import { createPostgresBus, createPostgresStore, loadMigrations, type PostgresBus } from '@banyan/postgres'
import { BanyanError } from 'banyan/core'
import type { DatabaseDefinition, Store } from 'banyan/store'
import type { Log } from 'banyan/telemetry'
import type { HostConfiguration } from './messages.ts'

/** See the top of the file. */
export interface HostStores {
  readonly open: (service: string, database: DatabaseDefinition) => Promise<Store>
  /** What was opened so far. */
  readonly opened: ReadonlyMap<string, Store>
}

type Settings = Pick<HostConfiguration, 'databases' | 'connections'>

/** A service's database by its name in the configuration. */
export function createHostStores({ databases, connections }: Settings, log: Log): HostStores {
  const opened = new Map<string, Store>()
  return {
    opened,
    async open(service, database) {
      const url = databases[service]
      if (url === undefined) throw noDatabase(service)
      const store = await createPostgresStore({
        url,
        service,
        maxConnections: Math.min(connections.perService, database.maxConnections),
        log: (message) => log.info(message, { service }),
      })
      try {
        await store.migrate(await loadMigrations(database.migrations))
      } catch (error) {
        await store.close(1_000)
        throw error
      }
      opened.set(service, store)
      return store
    },
  }
}

/** The log between services; a host without services needs none. */
export async function openBus(
  { bus, connections }: Pick<HostConfiguration, 'bus' | 'connections'>,
  log: Log,
): Promise<PostgresBus | undefined> {
  if (bus === undefined) return undefined
  return createPostgresBus({ url: bus, maxConnections: connections.perBus, log: (message) => log.info(message) })
}

function noDatabase(service: string): BanyanError {
  const name = `DATABASE_URL_${service.toUpperCase().replaceAll('-', '_')}`
  return new BanyanError('INVALID_ARGUMENT', `there is no database for service '${service}'`, {
    reason: 'NO_DATABASE',
    hint: `Set ${name}, or DATABASE_URL to an administrator's connection string.`,
  })
}
