/** What audits ask: events without their contents, whether some are there, and what others than relays have written. */
import type { LogEntry, LoggedEvent, LogKeeping } from 'banyan/bus'
import { timeOfEventId } from 'banyan/store'
import { apiCodes, isApiError } from '../connection/errors.ts'
import type { Link } from '../connection/link.ts'
import { lastSequence } from '../log/last-sequence.ts'
import { createLogged, typeOf } from '../log/logged.ts'
import { isForeign, type StoredMessage, toKey, toRelayMark } from '../log/message.ts'
import type { PullFrom } from '../log/pull.ts'
import type { Names } from '../names.ts'
import type { Counting } from './counting.ts'
import { createForeign } from './foreign.ts'
import { fetchMessages, walkHeaders } from './walk.ts'

/** Entries of one call. */
export const maxEntries = 100_000
/** Messages that are not counted yet and are looked at to say which schemas there are. */
export const maxUncounted = 100_000
/** An event is in the log later than it was made, but the clocks of its service and of the broker may disagree by this. */
const clocksMs = 3_600_000

export function createLookups(
  link: Link,
  names: Names,
  counting: Counting,
): Pick<LogKeeping, 'entries' | 'having' | 'foreign' | 'schemas'> {
  async function read(source: string, seqs: readonly number[]): Promise<readonly LoggedEvent[]> {
    const messages = await fetchMessages(link, names.stream(source), seqs)
    return messages.map(createLogged(names, source))
  }

  return {
    async entries(source, afterOffset, limit) {
      const max = Math.min(limit, maxEntries)
      const end = Math.min(await lastSequence(link, names.stream(source)), afterOffset + max)
      const found: StoredMessage[] = []
      await walkHeaders(link, names.stream(source), { from: { after: afterOffset }, end, max }, (page) => {
        for (const message of page) if (message.seq <= end) found.push(message)
        return 'more'
      })
      // The id of a foreign message is in its contents.
      const foreign = await read(
        source,
        found.filter(isForeign).map(({ seq }) => seq),
      )
      const others = new Map(
        foreign.map(({ offset, id, type, key }) => [offset, { offset, id, type, key, foreign: true }]),
      )
      return found.flatMap((message) => others.get(message.seq) ?? toEntry(names, source, message) ?? [])
    },
    async having(source, ids) {
      const wanted = new Set(ids)
      const found = new Set<string>()
      const end = await lastSequence(link, names.stream(source))
      await walkHeaders(link, names.stream(source), { from: toStart(ids), end, max: end }, (page) => {
        for (const message of page) {
          const id = toRelayMark(message)?.id
          if (id !== undefined && wanted.has(id)) found.add(id)
        }
        return found.size < wanted.size ? 'more' : 'enough'
      })
      return found
    },
    async schemas(source, type) {
      try {
        return (await counting.peek(source, maxUncounted))?.schemasOf(type)
      } catch (error) {
        if (isApiError(error, apiCodes.streamNotFound)) return undefined
        throw error
      }
    },
    foreign: createForeign(link, names, counting),
  }
}

function toEntry(names: Names, source: string, message: StoredMessage): LogEntry | undefined {
  const [mark, key] = [toRelayMark(message), toKey(message.headers)]
  if (mark === undefined || key === undefined) return undefined
  return { offset: message.seq, id: mark.id, type: typeOf(names, source, message), key }
}

/** Where a search for these events begins. */
function toStart(ids: readonly string[]): PullFrom {
  const times = ids.map((id) => timeOfEventId(id))
  const earliestMs = Math.min(...times.map((time) => time ?? 0))
  return earliestMs - clocksMs > 0 && Number.isFinite(earliestMs) ? { sinceMs: earliestMs - clocksMs } : { after: 0 }
}
