/** Says that something is parked, as an alarm of a bridge. The database is asked at most every five seconds. */
import type { Clock } from 'banyan/core'
import type { Inbox } from 'banyan/store'

/** How old it may be, in milliseconds. */
const freshMs = 5_000

/** Alarms: one line, or none. */
export function createParkedAlarm(
  { groups }: Pick<Inbox, 'groups'>,
  of: { readonly group: string; readonly source: string; readonly what: string },
  clock: Clock,
): () => Promise<readonly string[]> {
  let known: Promise<number> | undefined
  let askedMs = Number.NEGATIVE_INFINITY
  async function ask(): Promise<number> {
    const found = (await groups()).find(({ group, source }) => group === of.group && source === of.source)
    return found?.parkedEvents ?? 0
  }
  return async () => {
    const nowMs = clock.monotonic()
    if (known === undefined || nowMs - askedMs >= freshMs) {
      askedMs = nowMs
      known = ask()
    }
    const count = await known
    return count === 0 ? [] : [`${count} ${of.what} parked (banyan bridges parked)`]
  }
}
