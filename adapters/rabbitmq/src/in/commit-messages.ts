/** Commits prepared messages: all in one transaction when that can be, else one by one; the unusable ones parked. */
import { AlreadyApplied, type StoreTransaction } from 'banyan/store'
import { toKeptText } from './kept-message.ts'
import type { ResolvedBridgeInOptions } from './options.ts'
import type { Prepared, Ready } from './prepare.ts'

/** What is counted. */
export interface CommitCounts {
  taken: number
  repeated: number
  parked: number
}

/** Events of one transaction; a batch with more goes message by message. Below the store's bound. */
const maxEvents = 900

/** When what it gives resolves, each of the messages is an event, was one before, or is parked. */
export function createCommit(
  { store }: ResolvedBridgeInOptions,
  counts: CommitCounts,
): (all: readonly Prepared[]) => Promise<void> {
  async function publish(all: readonly Ready[]): Promise<void> {
    const delivery = all.map(({ mark }) => mark)
    const publishAll = async (tx: StoreTransaction): Promise<void> => {
      for (const { events } of all) for (const event of events) tx.publish(event)
    }
    await store.transact(publishAll, { delivery })
    counts.taken += all.length
  }
  async function one(prepared: Prepared): Promise<void> {
    try {
      if ('events' in prepared) return await publish([prepared])
      const { mark, message, error } = prepared
      const type = message.type ?? 'unknown'
      await store.inbox.park(mark, { type, envelope: toKeptText(message), attempts: 1, error: error.message })
      counts.parked += 1
    } catch (error) {
      if (!(error instanceof AlreadyApplied)) throw error
      counts.repeated += 1
    }
  }
  /** False when one of them was taken in before, so that they must go one by one. */
  async function inOne(ready: readonly Ready[]): Promise<boolean> {
    try {
      await publish(ready)
      return true
    } catch (error) {
      if (error instanceof AlreadyApplied) return false
      throw error
    }
  }
  return async (all) => {
    const prepared = withoutRepetitions(all)
    counts.repeated += all.length - prepared.length
    const ready = prepared.filter((item) => 'events' in item)
    const events = ready.reduce((sum, item) => sum + item.events.length, 0)
    const together = ready.length === prepared.length && events <= maxEvents
    if (together && (await inOne(ready))) return
    for (const item of prepared) await one(item)
  }
}

function withoutRepetitions(all: readonly Prepared[]): readonly Prepared[] {
  const seen = new Set<string>()
  return all.filter(({ mark }) => !seen.has(mark.eventId) && seen.add(mark.eventId))
}
