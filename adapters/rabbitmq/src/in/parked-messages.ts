/**
 * Replay of parked messages: what could not be read is tried again when a person asks for it, because `toEvent` knows more now.
 * It leaves the parked ones in the transaction that publishes its events. It comes behind what came meanwhile: a queue has no
 * order by key that could be kept.
 */
import {
  AlreadyApplied,
  type Assignment,
  type ParkedEvent,
  type ReplayRequest,
  type StoreTransaction,
} from 'banyan/store'
import { fromKeptText } from './kept-message.ts'
import type { ResolvedBridgeInOptions } from './options.ts'
import { prepareMarked } from './prepare.ts'

/** How often it looks whether something is asked for. */
const lookEveryMs = 1_000
/** Requests looked at, and messages of one request, in one look. */
const maxPerLook = 100

/** See the top of the file. */
export interface ParkedMessages {
  look(assignment: Assignment): Promise<void>
}

export function createParkedMessages(options: ResolvedBridgeInOptions, counts: { replayed: number }): ParkedMessages {
  const { store, environment } = options
  const { inbox } = store
  let lookedMs = Number.NEGATIVE_INFINITY

  /** Whether the parked message is one no more. */
  async function replay(assignment: Assignment, parked: ParkedEvent): Promise<boolean> {
    const { group, source, epoch } = assignment
    const { eventId, offset, key } = parked
    const mark = { group, source, epoch, eventId, offset, key, replay: true as const }
    const message = fromKeptText(parked.envelope)
    const why = 'only a part of the message was kept: put it into the queue again, and discard this one'
    const prepared = message === undefined ? undefined : prepareMarked(options, message, mark)
    try {
      if (prepared === undefined || 'error' in prepared) {
        await inbox.parkAgain(mark, { attempts: 1, error: prepared?.error.message ?? why })
        return false
      }
      const { events } = prepared
      const publishAll = async (tx: StoreTransaction): Promise<void> => {
        for (const event of events) tx.publish(event)
      }
      await store.transact(publishAll, { delivery: mark })
      counts.replayed += 1
    } catch (error) {
      if (!(error instanceof AlreadyApplied)) throw error
    }
    return true
  }
  async function replayKey(assignment: Assignment, key: string): Promise<void> {
    const { group, source } = assignment
    for (const parked of await inbox.parkedOf(group, source, key, maxPerLook))
      if (!(await replay(assignment, parked))) return
    await inbox.endReplay(assignment, key)
  }

  return {
    async look(assignment) {
      const nowMs = environment.clock.monotonic()
      if (nowMs - lookedMs < lookEveryMs) return
      lookedMs = nowMs
      const { group, source } = assignment
      for (const { key } of inPace(await inbox.replays(group, source, maxPerLook))) await replayKey(assignment, key)
    },
  }
}

/** So many keys of each request as it wants in the time of one look. */
function inPace(requests: readonly ReplayRequest[]): readonly ReplayRequest[] {
  const taken = new Map<string, number>()
  return requests.filter(({ request, perSecond }) => {
    const count = (taken.get(request) ?? 0) + 1
    taken.set(request, count)
    return count <= Math.max(1, (perSecond * lookEveryMs) / 1_000)
  })
}
