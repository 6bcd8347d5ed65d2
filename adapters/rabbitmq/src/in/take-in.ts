/** Takes messages into the outbox: marks and events in one transaction, each message once, the unusable ones parked. */
import { toNewEvent } from 'banyan/bus'
import { BanyanError } from 'banyan/core'
import { AlreadyApplied, type Assignment, type DeliveryMark, type NewEvent } from 'banyan/store'
import { badMessage, type RabbitMessage, toKeptText } from './from-message.ts'
import { toEventId } from './message-id.ts'
import { type ResolvedBridgeInOptions, sourceOf } from './options.ts'

/** What has been done. */
export interface TakeInCounts {
  /** Messages that became events. */
  readonly taken: number
  /** Messages that had been taken in before. */
  readonly repeated: number
  readonly parked: number
}

/** See the top of the file. */
export interface TakeIn {
  readonly counts: TakeInCounts
  /** When it resolves, all of them may be acknowledged. */
  apply(assignment: Assignment, messages: readonly RabbitMessage[]): Promise<void>
  /** Moves the low-water mark and forgets old marks, when it is time. */
  tidy(assignment: Assignment): Promise<void>
  advance(assignment: Assignment): Promise<void>
}

interface Ready {
  readonly mark: DeliveryMark
  readonly event: NewEvent
}

interface Unusable {
  readonly mark: DeliveryMark
  readonly message: RabbitMessage
  readonly error: BanyanError
}

type Prepared = Ready | Unusable

const advanceEveryMs = 1_000
/** Not right after a start: what is redelivered then is what the marks are needed for most. */
const trimEveryMs = 3_600_000

export function createTakeIn(options: ResolvedBridgeInOptions): TakeIn {
  const { store, environment, keepMarksMs } = options
  const { clock } = environment
  const counts = { taken: 0, repeated: 0, parked: 0 }
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
    await store.transact(async (tx) => all.forEach(({ event }) => void tx.publish(event)), { delivery })
    counts.taken += all.length
  }
  async function one(prepared: Prepared): Promise<void> {
    try {
      if ('event' in prepared) return await publish([prepared])
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
        const prepared = withoutRepetitions(messages.map((message) => prepare(options, assignment, message, ++offset)))
        counts.repeated += messages.length - prepared.length
        const ready = prepared.filter((item) => 'event' in item)
        if (ready.length === prepared.length && (await inOne(ready, publish))) return
        for (const item of prepared) await one(item)
      } catch (error) {
        offset = before
        throw error
      }
    },
    async tidy(assignment) {
      begin(assignment)
      const nowMs = clock.monotonic()
      if (nowMs - advancedMs >= advanceEveryMs) await advance(assignment)
      if (nowMs - trimmedMs < trimEveryMs) return
      trimmedMs = nowMs
      await store.inbox.trim(assignment, keepMarksMs)
    },
    advance,
  }
}

/** What a message becomes; `offset` is its place among those that were taken. */
function prepare(
  options: ResolvedBridgeInOptions,
  { epoch }: Assignment,
  message: RabbitMessage,
  offset: number,
): Prepared {
  const { group, queue, system, service, toEvent, idOf, environment } = options
  const messageId = idOf(message)
  const eventId = messageId === undefined ? environment.random.uuidv7() : toEventId(queue, messageId)
  const mark = { group, source: sourceOf(queue), epoch, eventId, offset, key: `message ${eventId}` }
  try {
    if (messageId === undefined) throw badMessage('it has no message-id, so its repetitions could not be told')
    const made = toEvent(message)
    const facts = { id: eventId, system, service, timeMs: environment.clock.now(), ...made }
    return { mark: { ...mark, key: made.key }, event: toNewEvent(facts) }
  } catch (error) {
    const known = error instanceof BanyanError ? error : badMessage((error as Error).message, error)
    return { mark, message, error: known }
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
