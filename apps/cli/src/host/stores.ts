/** The databases of a host: opened on its own roles, migrated, remembered so that they can be probed and looked into. */
import { createPostgresBus, createPostgresStore, loadMigrations } from '@banyan/postgres'
import type { Bus } from 'banyan/bus'
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

/** The log between services: on Postgres, or on NATS where the connection string says so. A host without services needs none. */
export async function openBus(
  { bus: url, connections }: Pick<HostConfiguration, 'bus' | 'connections'>,
  system: string,
  log: Log,
): Promise<Bus | undefined> {
  if (url === undefined) return undefined
  const say = (message: string): void => log.info(message)
  if (/^postgres(ql)?:/.test(url)) return createPostgresBus({ url, maxConnections: connections.perBus, log: say })
  // Loaded only where it is used: most systems never need it.
  const { createNatsBus } = await import('@banyan/nats')
  return createNatsBus({ url, system, log: say })
}

function noDatabase(service: string): BanyanError {
  const name = `DATABASE_URL_${service.toUpperCase().replaceAll('-', '_')}`
  return new BanyanError('INVALID_ARGUMENT', `there is no database for service '${service}'`, {
    reason: 'NO_DATABASE',
    hint: `Set ${name}, or DATABASE_URL to an administrator's connection string.`,
  })
}
