/**
 * Changes of a source's entry in the bucket by compare-and-set, for whoever reads it again when that did not work. No answer is
 * then the same as a race that was lost: what was sent lands at its revision or nowhere, and the next look says which.
 */
import { BanyanError } from 'banyan/core'
import type { Link } from '../connection/link.ts'
import type { FoundRecord, RelayRecord, RelayRecords } from './record.ts'

/** Compare-and-set that lost a race is tried again so often. */
export const maxRaces = 10
/** How long an answer about the entry is waited for before it is looked at again, and how often. */
const answerMs = 1_000
const maxUnanswered = 5

/** Writes at a revision: the new one, or undefined when the entry is to be read again. */
export type WriteEntry = (revision: number, record: RelayRecord) => Promise<number | undefined>

/** For one piece of work: it bounds how often no answer comes. */
export function createWriteEntry(link: Link, records: RelayRecords, source: string): WriteEntry {
  const withinMs = Math.min(answerMs, link.requestTimeoutMs)
  let unanswered = 0
  return async (revision, record) => {
    try {
      return await records.write(source, revision, record, withinMs)
    } catch (error) {
      unanswered += 1
      if (!(error instanceof BanyanError) || error.outcome !== 'unknown' || unanswered > maxUnanswered) throw error
      return undefined
    }
  }
}

/** Changes the entry to what `next` makes of it; the revisions before and after, or undefined when it says that nothing is to do. */
export async function changeEntry(
  link: Link,
  records: RelayRecords,
  source: string,
  next: (found: FoundRecord) => RelayRecord | undefined,
): Promise<{ readonly from: number; readonly to: number } | undefined> {
  const write = createWriteEntry(link, records, source)
  for (let races = 0; races < maxRaces; races++) {
    const found = await records.read(source)
    const record = next(found)
    if (record === undefined) return undefined
    const revision = await write(found.revision, record)
    if (revision !== undefined) return { from: found.revision, to: revision }
  }
  throw new BanyanError('ABORTED', `the entry of '${source}' is changed by others all the time`, { retryable: true })
}
