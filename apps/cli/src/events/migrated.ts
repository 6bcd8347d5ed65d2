/** Whether a database has what the event desk looks at. */
import type { Store } from 'banyan/store'

/** A service that has never run has a database without tables. */
export async function isMigrated(store: Store): Promise<boolean> {
  const [row] = await store.sql<{ there: boolean }>`SELECT to_regclass('banyan.replay') IS NOT NULL AS there`
  return row?.there === true
}
