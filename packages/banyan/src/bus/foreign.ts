/**
 * What others than relays have written into a log (a broker lets whoever has the right) and what is no event of the source: a type
 * that its contract does not have, an envelope that cannot be read, data that do not fit. A consumer that is not subscribed to the
 * type passes it over, so nobody would ever hear of it. Who relays the source parks it, with the reason, in the dead letters of the
 * source's own service. It is a reader like any other too: retention drops nothing that it has not looked at.
 *
 * That group has an assignment like any other, so it happens once, and goes on where it stood. Nobody has a handler for what lies
 * there, so it is looked at and discarded; a replay looks at it again, with the contract of today.
 */
import { AlreadyApplied, type Assignment, type Inbox } from '../store/inbox.ts'
import type { LoggedEvent } from './bus.ts'
import type { LogKeeping } from './keeping.ts'

/** The group under which it is parked; no service can be called that. */
export const foreignGroup = '(log)'

/** A source and where its rubbish goes. */
export interface ForeignWatch {
  readonly source: string
  readonly keeping: LogKeeping
  /** Of the source's service. */
  readonly inbox: Inbox
  /** Why this is no event of the source; undefined when it is one. */
  readonly refusal: (event: LoggedEvent) => string | undefined
  /** See `ConsumerOptions.holder`. */
  readonly holder: string
}

/** Longer than a look takes; a host that dies in the middle keeps the next one waiting for so long. */
const leaseMs = 120_000
/** Messages of others looked at in one go, and how often one after the other in a round. */
const pageSize = 100
const maxPages = 100
const keepMarksMs = 7 * 86_400_000
const passedOver = 'PASSED_OVER: it is an event of the contract by now, but consumers are past it; publish it again'

/** Parks what is new and no event; says how many. Nothing when another host looks just now. */
export async function parkForeign(watch: ForeignWatch): Promise<number> {
  const { inbox, source, holder, keeping } = watch
  if (keeping.foreign === undefined) return 0
  const assignment = await inbox.claim(foreignGroup, source, holder, leaseMs, 0)
  if (assignment === undefined) return 0
  try {
    const parked = await parkBehind(watch, assignment)
    await lookAgain(watch, assignment)
    return parked
  } finally {
    await inbox.release(assignment)
  }
}

async function parkBehind(watch: ForeignWatch, assignment: Assignment): Promise<number> {
  const { inbox, source, keeping } = watch
  let [at, parked] = [assignment.cursor, 0]
  await keeping.report({ source, group: foreignGroup, cursor: at })
  for (let pages = 0; pages < maxPages; pages += 1) {
    const page = await keeping.foreign?.(source, at, pageSize)
    if (page === undefined || page.to <= at) break
    for (const event of page.events) parked += await park(watch, assignment, event)
    at = page.to
    if (!(await inbox.advance(assignment, at))) break
  }
  await keeping.report({ source, group: foreignGroup, cursor: at })
  if (parked > 0) await inbox.trim(assignment, keepMarksMs)
  return parked
}

async function park({ inbox, refusal }: ForeignWatch, assignment: Assignment, event: LoggedEvent): Promise<number> {
  const error = refusal(event)
  if (error === undefined) return 0
  const { id, offset, key, type, envelope } = event
  const { group, source, epoch } = assignment
  try {
    await inbox.park({ group, source, epoch, eventId: id, offset, key }, { type, envelope, attempts: 0, error })
    return 1
  } catch (thrown) {
    // Parked before, by a round that was interrupted, or sent twice by its publisher.
    if (thrown instanceof AlreadyApplied) return 0
    throw thrown
  }
}

/** Requests of a person for keys of the group: over when nothing is parked any more, refused with the reason otherwise. */
async function lookAgain({ inbox, source, refusal }: ForeignWatch, assignment: Assignment): Promise<void> {
  for (const { key } of await inbox.replays(foreignGroup, source, pageSize)) {
    const [first] = await inbox.parkedOf(foreignGroup, source, key, 1)
    if (first === undefined) await inbox.endReplay(assignment, key)
    else {
      const { group, epoch } = assignment
      const error = refusal({ ...first, id: first.eventId }) ?? passedOver
      await inbox.parkAgain({ ...first, group, source, epoch }, { attempts: 1, error })
    }
  }
}
