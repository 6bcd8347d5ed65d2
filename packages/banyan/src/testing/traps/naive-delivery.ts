/**
 * Deliveries as one writes them first: the effect commits, and that it is done is written down afterwards, in another
 * transaction, without asking whether the assignment is still held. A crash in between does it twice, and so does a host that
 * wakes after somebody else took over. For showing that a test or a rig notices.
 */
import type { DeliveryMark } from '../../store/inbox.ts'
import type { Store, StoreTransaction } from '../../store/store.ts'

/**
 * Runs an effect in a transaction of its own and marks the delivery in a second one. `between` is the moment at which a test ends
 * the host, or the round trip to a broker that is told of it.
 *
 * @example
 * const mark = { group: 'mail', source: 'orders', epoch: 1, eventId: 'e-1', offset: 1, key: 'k' }
 * const deliver = () => deliverNaively(store, mark, (tx) => tx.sql`INSERT INTO effect VALUES (1)`)
 */
export async function deliverNaively(
  store: Store,
  mark: DeliveryMark,
  effect: (tx: StoreTransaction) => Promise<unknown>,
  between: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  await store.transact(effect)
  await between()
  await store.transact(async () => undefined, { delivery: mark })
}

/**
 * Marks the delivery first and runs the effect then, as inboxes with a placeholder do: an attempt that fails leaves its mark
 * behind, and the next one takes the event for a duplicate.
 *
 * @example
 * const mark = { group: 'mail', source: 'orders', epoch: 1, eventId: 'e-1', offset: 1, key: 'k' }
 * const deliver = () => markFirst(store, mark, (tx) => tx.sql`INSERT INTO effect VALUES (1)`)
 */
export async function markFirst(
  store: Store,
  mark: DeliveryMark,
  effect: (tx: StoreTransaction) => Promise<unknown>,
): Promise<void> {
  await store.transact(async () => undefined, { delivery: mark })
  await store.transact(effect)
}
