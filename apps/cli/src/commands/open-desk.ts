/** The event desk of a project, for as long as a command takes. */
import type { EventsApi } from 'banyan/control'
import type { Store } from 'banyan/store'
import { createEventDesk } from '../events/event-desk.ts'
import { isMigrated } from '../events/migrated.ts'
import { openLog } from '../events/open-log.ts'
import { type ServiceDatabasesOptions, withServiceDatabases } from '../parent/service-databases.ts'

/** Opens databases and log, hands the desk over, closes everything again. */
export async function withEventDesk<Result>(
  options: ServiceDatabasesOptions,
  use: (desk: EventsApi) => Promise<Result>,
): Promise<Result> {
  return withServiceDatabases(options, async (databases, place) => {
    const bus = await openLog(place)
    try {
      const stores = new Map<string, Store>()
      for (const { service, store } of databases) if (await isMigrated(store)) stores.set(service, store)
      return await use(createEventDesk({ stores, bus, now: Date.now }))
    } finally {
      await bus.close()
    }
  })
}
