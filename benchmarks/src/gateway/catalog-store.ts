/** The catalog's database as the shop opens it: the same store, pool and number of connections for both sides. */
import { createPostgresStore, loadMigrations, type PostgresStore } from '@banyan/postgres'

/** Connections of each side's pool. */
export const maxConnections = 8

/** Opens it, migrated. */
export async function openCatalogStore(url: string, migrations: URL): Promise<PostgresStore> {
  const store = await createPostgresStore({ url, service: 'catalog', maxConnections })
  await store.migrate(await loadMigrations(migrations))
  return store
}
