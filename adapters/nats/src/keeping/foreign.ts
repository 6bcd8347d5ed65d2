/** What others than relays have written into a stream. */
import type { LogKeeping } from 'banyan/bus'
import type { Link } from '../connection/link.ts'
import { lastSequence } from '../log/last-sequence.ts'
import { createLogged } from '../log/logged.ts'
import { isForeign } from '../log/message.ts'
import type { Names } from '../names.ts'
import type { Counting } from './counting.ts'
import { fetchMessages, walkHeaders } from './walk.ts'

/** Messages looked at in one call. */
export const maxWalked = 100_000

/** Where the index knows of none, nothing is looked at. */
export function createForeign(link: Link, names: Names, counting: Counting): NonNullable<LogKeeping['foreign']> {
  return async (source, afterOffset, limit) => {
    const stream = names.stream(source)
    const end = await lastSequence(link, stream)
    if (end <= afterOffset) return { events: [], to: afterOffset }
    const index = await counting.index(source, 0)
    if (index.scanned > afterOffset && !index.hasForeignAfter(afterOffset)) return { events: [], to: index.scanned }
    const seqs: number[] = []
    let to = afterOffset
    await walkHeaders(link, stream, { from: { after: afterOffset }, end, max: maxWalked }, (page) => {
      for (const message of page) {
        if (seqs.length >= limit) return 'enough'
        if (isForeign(message)) seqs.push(message.seq)
        to = message.seq
      }
      return 'more'
    })
    return { events: (await fetchMessages(link, stream, seqs)).map(createLogged(names, source)), to }
  }
}
