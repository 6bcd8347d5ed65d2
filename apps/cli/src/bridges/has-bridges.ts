/** Whether a database has what the bridge desk looks at. */
import type { Store } from 'banyan/store'

/** False for a service that has never run, or not since there are bridges. */
export async function hasBridges(store: Store): Promise<boolean> {
  const [row] = await store.sql<{ there: boolean }>`SELECT to_regclass('banyan.bridge_request') IS NOT NULL AS there`
  return row?.there === true
}
