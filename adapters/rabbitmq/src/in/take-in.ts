/** Takes messages into the outbox: marks and events in one transaction, each message once, the unusable ones parked. */
import type { Assignment } from 'banyan/store'
import { createCommit } from './commit-messages.ts'
import type { RabbitMessage } from './from-message.ts'
import type { ResolvedBridgeInOptions } from './options.ts'
import { createParkedMessages } from './parked-messages.ts'
import { prepareMessage } from './prepare.ts'

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

export function createTakeIn(options: ResolvedBridgeInOptions): TakeIn {
  const { store, environment, keepMarksMs } = options
  const { clock } = environment
  const counts = { taken: 0, repeated: 0, parked: 0, replayed: 0 }
  const commit = createCommit(options, counts)
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
        await commit(messages.map((message) => prepareMessage(options, assignment, message, ++offset)))
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
