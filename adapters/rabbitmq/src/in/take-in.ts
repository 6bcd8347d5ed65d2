/** Takes messages into the outbox: marks and events in one transaction, each message once, the unusable ones parked. */
import { AlreadyApplied, type Assignment, type StoreTransaction } from 'banyan/store'
import type { RabbitMessage } from './from-message.ts'
import { toKeptText } from './kept-message.ts'
import type { ResolvedBridgeInOptions } from './options.ts'
import { createParkedMessages } from './parked-messages.ts'
import { type Prepared, prepareMessage, type Ready } from './prepare.ts'

/** What has been done. */
export interface TakeInCounts {
  /** Messages that became events. */
  readonly taken: number
  /** Messages that had been taken in before. */
  readonly repeated: number
  readonly parked: number
  /** Parked messages that were taken in later. */
  readonly replayed: number
}

/** See the top of the file. */
export interface TakeIn {
  readonly counts: TakeInCounts
  /** When it resolves, all of them may be acknowledged. */
  apply(assignment: Assignment, messages: readonly RabbitMessage[]): Promise<void>
  /** Takes parked messages in that are to be replayed, moves the low-water mark, forgets old marks; each when it is time. */
  tidy(assignment: Assignment): Promise<void>
  advance(assignment: Assignment): Promise<void>
}

const advanceEveryMs = 1_000
/** Not right after a start: what is redelivered then is what the marks are needed for most. */
const trimEveryMs = 3_600_000
/** Events of one transaction; a batch with more goes message by message. Below the store's bound. */
const maxEvents = 900

export function createTakeIn(options: ResolvedBridgeInOptions): TakeIn {
  const { store, environment, keepMarksMs } = options
  const { clock } = environment
  const counts = { taken: 0, repeated: 0, parked: 0, replayed: 0 }
  const parked = createParkedMessages(options, counts)
  /** Messages so far, as the offsets of a log that a queue does not have. */
  let offset = 0
  let epoch = -1
  let advanced = 0
  let advancedMs = clock.monotonic()
  let trimmedMs = clock.monotonic()

  function begin(assignment: Assignment): void {
    if (assignment.epoch === epoch) return
    epoch = assignment.epoch
    offset = assignment.cursor
    advanced = assignment.cursor
    trimmedMs = clock.monotonic()
  }
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
  async function advance(assignment: Assignment): Promise<void> {
    if (offset > advanced) await store.inbox.advance(assignment, offset)
    advanced = offset
    advancedMs = clock.monotonic()
  }

  return {
    counts,
    async apply(assignment, messages) {
      begin(assignment)
      const before = offset
      try {
        const all = messages.map((message) => prepareMessage(options, assignment, message, ++offset))
        const prepared = withoutRepetitions(all)
        counts.repeated += messages.length - prepared.length
        const ready = prepared.filter((item) => 'events' in item)
        const events = ready.reduce((sum, item) => sum + item.events.length, 0)
        const together = ready.length === prepared.length && events <= maxEvents
        if (together && (await inOne(ready, publish))) return
        for (const item of prepared) await one(item)
      } catch (error) {
        offset = before
        throw error
      }
    },
    async tidy(assignment) {
      begin(assignment)
      await parked.look(assignment)
      const nowMs = clock.monotonic()
      if (nowMs - advancedMs >= advanceEveryMs) await advance(assignment)
      if (nowMs - trimmedMs < trimEveryMs) return
      trimmedMs = nowMs
      await store.inbox.trim(assignment, keepMarksMs)
    },
    advance,
  }
}

/** All at once; false when one of them was taken in before, so that they must go one by one. */
async function inOne(ready: readonly Ready[], publish: (all: readonly Ready[]) => Promise<void>): Promise<boolean> {
  try {
    await publish(ready)
    return true
  } catch (error) {
    if (error instanceof AlreadyApplied) return false
    throw error
  }
}

function withoutRepetitions(all: readonly Prepared[]): readonly Prepared[] {
  const seen = new Set<string>()
  return all.filter(({ mark }) => !seen.has(mark.eventId) && seen.add(mark.eventId))
}
