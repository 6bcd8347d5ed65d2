/**
 * The index of a source, kept in the bucket and brought up to date by whoever needs it: each message is counted once, by its
 * headers. What it says is a function of the stream, so it does not matter who counts, and one that is lost is counted again.
 */
import type { Link } from '../connection/link.ts'
import { typeOf } from '../log/logged.ts'
import { isForeign, type StoredMessage, sizeOf } from '../log/message.ts'
import type { Names } from '../names.ts'
import type { Bucket } from './bucket.ts'
import { type CountedMessage, SegmentIndex, type StoredIndex } from './segment-index.ts'
import { walkHeaders } from './walk.ts'

/** Messages counted at a time, at most: the next round goes on. */
export const maxCounted = 1_000_000

/** The stream an index is of: one that was made anew is another. */
interface StoredCounting extends StoredIndex {
  readonly stream: string
}

export interface Counting {
  /** The index, counted up to `upTo` or as far as it got, and what `change` does to it; stored. */
  index(source: string, upTo: number, change?: (index: SegmentIndex) => void): Promise<SegmentIndex>
}

export function createCounting(link: Link, names: Names, bucket: Bucket): Counting {
  async function count(source: string, index: SegmentIndex, upTo: number): Promise<void> {
    if (index.scanned >= upTo) return
    const toCounted = (message: StoredMessage): CountedMessage => {
      const { seq, timeMs } = message
      return { seq, timeMs, type: typeOf(names, source, message), bytes: sizeOf(message), foreign: isForeign(message) }
    }
    const walk = { from: { after: index.scanned }, end: upTo, max: maxCounted }
    await walkHeaders(link, names.stream(source), walk, (page) => {
      for (const message of page) if (message.seq <= upTo) index.add(toCounted(message))
      return 'more'
    })
  }
  return {
    async index(source, upTo, change = () => undefined) {
      const subject = names.index(source)
      const [{ revision, value }, info] = await Promise.all([
        bucket.read(subject),
        link.run('none', () => link.jsm.streams.info(names.stream(source))),
      ])
      const stored = toStored(value, info.created, info.state.last_seq)
      const index = new SegmentIndex(stored)
      const before = JSON.stringify(stored)
      index.beginAt(info.state.first_seq)
      await count(source, index, upTo)
      change(index)
      const next: StoredCounting = { ...index.toStored(), stream: info.created }
      // Somebody else may have counted meanwhile: that counts as well.
      if (JSON.stringify(next) !== before) await bucket.write(subject, revision, next)
      return index
    },
  }
}

/** What was stored, if it is of this stream. */
function toStored(value: unknown, created: string, end: number): StoredCounting | undefined {
  const { stream, scanned, segments, types } = (value ?? {}) as Partial<StoredCounting>
  const isOurs = stream === created && typeof scanned === 'number' && scanned <= end
  return isOurs && Array.isArray(segments) && Array.isArray(types) ? (value as StoredCounting) : undefined
}
