/** Whether a database has what the saga desk looks at. */
import type { Store } from 'banyan/store'

/** False for a service that has never run, or not since there are sagas. */
export async function hasSagas(store: Store): Promise<boolean> {
  const [row] = await store.sql<{ there: boolean }>`SELECT to_regclass('banyan.saga_lock_wait') IS NOT NULL AS there`
  return row?.there === true
}
