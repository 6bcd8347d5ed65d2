/** The one transaction of a command or delivery: the work, what it published, and the marks that commit with it. */
import { maxPositionEntries, type Position } from '../projection/position.ts'
import type { Isolation, StoreTransaction } from '../store/store.ts'
import { untilDecided } from './aggregates.ts'
import { storeOf } from './context-data.ts'
import type { Rarely } from './rarely.ts'
import type { SagaCaller } from './saga-desk.ts'
import type { EventOrigin, ServiceScope } from './service-scope.ts'
import { ServiceTransaction } from './service-transaction.ts'
import { runInTransaction } from './transaction-scope.ts'

/** The context whose transaction it is. */
interface Owner extends EventOrigin, SagaCaller {
  readonly signal: AbortSignal
  note(position: Position): void
}

/** Runs it; what was published is noted for whoever must see it. */
export async function transactIn<Result>(
  owner: Owner,
  service: ServiceScope,
  rare: Rarely,
  work: (tx: ServiceTransaction) => Promise<Result>,
  options: { readonly isolation?: Isolation },
): Promise<Result> {
  const store = storeOf(service)
  const { delivery, claim } = rare
  rare.open++
  try {
    let last: ServiceTransaction | undefined
    const run = (tx: StoreTransaction): Promise<Result> => {
      const open = new ServiceTransaction(tx, service, owner)
      last = open
      return runInTransaction(owner, async () => {
        const result = await work(open)
        await open.settle()
        return result
      })
    }
    const marks = { ...(delivery && { delivery }), ...(claim && { idempotency: claim }) }
    const result = await untilDecided(
      () => store.transact(run, { ...options, signal: owner.signal, ...marks }),
      () => last?.stale === true,
    )
    rare.committed = true
    const published = last?.published ?? []
    if (published.length > 0) owner.note(published.slice(-maxPositionEntries))
    return result
  } finally {
    rare.open--
  }
}
