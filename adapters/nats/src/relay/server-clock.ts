/**
 * The broker's time, for the one question that needs it: is somebody else's lease over? A host's own clock is not asked, since
 * two hosts that disagree by a minute would take a source from each other. The time is that of an entry written for the
 * purpose; between two of them the monotonic clock counts on, which can only make it seem earlier than it is.
 */
import type { Link } from '../connection/link.ts'
import type { Names } from '../names.ts'

const trustedMs = 10_000

/** The broker's clock, in milliseconds since 1970. */
export interface ServerClock {
  now(): Promise<number>
}

/** What it says is believed for `trustMs`. */
export function createServerClock(link: Link, names: Names, trustMs: number = trustedMs): ServerClock {
  const { clock } = link.environment
  let aheadMs = 0
  let askedMs = Number.NEGATIVE_INFINITY

  async function ask(): Promise<number> {
    await link.run('none', () => link.js.publish(names.clock))
    const query = { last_by_subj: names.clock }
    const found = await link.run('none', () => link.jsm.streams.getMessage(names.bucketStream, query))
    const nowMs = clock.monotonic()
    if (found === null) return Number.NEGATIVE_INFINITY
    aheadMs = found.time.getTime() - nowMs
    askedMs = nowMs
    return found.time.getTime()
  }
  return {
    async now() {
      const nowMs = clock.monotonic()
      return nowMs - askedMs < trustMs ? nowMs + aheadMs : ask()
    },
  }
}
