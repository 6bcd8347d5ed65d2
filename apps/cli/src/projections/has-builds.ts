/** Whether a database has the books of projections as they are now. */
import type { Store } from 'banyan/store'

/** A service that has never run has none, and one that runs an older program has others. */
export async function hasBuilds(store: Store): Promise<boolean> {
  const [row] = await store.sql<{ there: boolean }>`
    SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('banyan.projection_version') AND attname = 'build')
      AS there`
  return row?.there === true
}
