/**
 * The readers of all streams: whoever reads on where a page ended finds the pull consumer that gave that page, so that reading
 * a log costs one request a page. Readers are few (one for each group that reads a source here), and the ones that are not
 * used are forgotten on both sides.
 */
import { apiCodes, isApiError } from '../connection/errors.ts'
import type { Link } from '../connection/link.ts'
import type { StoredMessage } from './message.ts'
import { keptMs, openPull, type Pull } from './pull.ts'

/** Readers kept for the next page. */
export const maxReaders = 64
/** Messages of a page, whatever was asked for. */
export const maxPage = 10_000

/** Reads streams. */
export interface Readers {
  /** Messages behind a sequence, in order; none when there is no such stream. Rejects with UNAVAILABLE. */
  page(stream: string, after: number, limit: number): Promise<StoredMessage[]>
}

interface Kept {
  readonly pull: Pull
  readonly usedMs: number
}

export function createReaders(link: Link, maxPageBytes: number): Readers {
  const kept = new Map<string, Kept>()
  const { clock } = link.environment
  // After a reconnection the broker may have forgotten them, and a page may be half delivered.
  link.onLoss(() => kept.clear())

  function take(place: string): Pull | undefined {
    const found = kept.get(place)
    kept.delete(place)
    if (found === undefined || clock.monotonic() - found.usedMs < keptMs / 2) return found?.pull
    found.pull.close()
    return undefined
  }
  function keep(place: string, pull: Pull): void {
    kept.get(place)?.pull.close()
    kept.delete(place)
    kept.set(place, { pull, usedMs: clock.monotonic() })
    for (const [oldest, { pull: unused }] of kept) {
      if (kept.size <= maxReaders) return
      kept.delete(oldest)
      unused.close()
    }
  }
  async function once(stream: string, after: number, limit: number): Promise<StoredMessage[]> {
    const pull = take(`${stream} ${after}`) ?? (await openPull(link, stream, { after }))
    try {
      const found = await pull.page(Math.min(limit, maxPage), maxPageBytes)
      keep(`${stream} ${pull.position}`, pull)
      return found
    } catch (error) {
      pull.close()
      throw error
    }
  }
  return {
    async page(stream, after, limit) {
      if (limit <= 0) return []
      try {
        // A reader that went bad says so once; a new one reads from the same place.
        return await once(stream, after, limit).catch((error: unknown) => {
          if (isApiError(error, apiCodes.streamNotFound)) throw error
          return once(stream, after, limit)
        })
      } catch (error) {
        if (isApiError(error, apiCodes.streamNotFound)) return []
        throw error
      }
    },
  }
}
