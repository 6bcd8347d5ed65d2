/**
 * The log of a source page by page, the next one being read while the last one is applied: two pages in memory, no more. A page
 * has as many events as their size allows, by the mean of the page before.
 */
import type { Bus, LoggedEvent } from '../bus/bus.ts'

/** What a page may have in its envelopes, in characters. */
export const maxPageChars = 4_194_304
/** Before anything is known of the events' size. */
const firstPage = 500
/** However large they are. */
const minPage = 16

export interface Pages {
  /** Events in memory. */
  readonly buffered: number
  /** The next events, at most so many; the same ones until they are dropped. None at the end of the log. */
  peek(count: number): Promise<readonly LoggedEvent[]>
  /** So many of those are done. */
  drop(count: number): void
  /** Waits for the read that is under way. */
  close(): Promise<void>
}

/** Reads after an offset, pages of at most `maxPage` events. */
export function createPages(bus: Bus, source: string, after: number, maxPage: number): Pages {
  let buffer: readonly LoggedEvent[] = []
  let head = 0
  let position = after
  let limit = Math.min(firstPage, maxPage)
  let next: Promise<readonly LoggedEvent[]> | undefined
  let ended = false

  function begin(): Promise<readonly LoggedEvent[]> {
    const reading = bus.read(source, position, limit)
    // Whoever waits for it is told; nobody may be when it fails.
    reading.catch(() => undefined)
    return reading
  }
  async function turn(): Promise<void> {
    const asked = limit
    const reading = next ?? begin()
    next = undefined
    buffer = await reading
    head = 0
    ended = buffer.length < asked
    position = buffer.at(-1)?.offset ?? position
    limit = limitAfter(buffer, maxPage) ?? limit
    if (!ended) next = begin()
  }

  return {
    get buffered() {
      return buffer.length - head
    },
    async peek(count) {
      if (head === buffer.length && !ended) await turn()
      return buffer.slice(head, head + count)
    },
    drop(count) {
      head += count
    },
    async close() {
      await next?.catch(() => undefined)
    },
  }
}

function limitAfter(page: readonly LoggedEvent[], maxPage: number): number | undefined {
  if (page.length === 0) return undefined
  const chars = page.reduce((sum, { envelope }) => sum + envelope.length, 0)
  return Math.max(minPage, Math.min(maxPage, Math.floor((maxPageChars * page.length) / chars)))
}
