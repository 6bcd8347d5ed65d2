/**
 * The index of a source, kept in the bucket and brought up to date by whoever needs it: each message is counted once, by its
 * headers. What it says is a function of the stream, so it does not matter who counts, and one that is lost is counted again.
 */
import type { StreamInfo } from '@nats-io/jetstream'
import type { Link } from '../connection/link.ts'
import { typeOf } from '../log/logged.ts'
import { isForeign, type StoredMessage, sizeOf, toSchema, toStoredAt } from '../log/message.ts'
import type { Names } from '../names.ts'
import type { Bucket, BucketEntry } from './bucket.ts'
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
  /** The same up to the end of the stream, stored nowhere; undefined when more than so many messages are not counted yet. */
  peek(source: string, maxUncounted: number): Promise<SegmentIndex | undefined>
}

export function createCounting(link: Link, names: Names, bucket: Bucket): Counting {
  async function count(source: string, index: SegmentIndex, upTo: number): Promise<void> {
    if (index.scanned >= upTo) return
    const toCounted = (message: StoredMessage): CountedMessage => {
      const [foreign, type] = [isForeign(message), typeOf(names, source, message)]
      const schema = foreign ? undefined : toSchema(message.headers)
      const timeMs = foreign ? message.timeMs : toStoredAt(message)
      return { seq: message.seq, type, bytes: sizeOf(message), timeMs, foreign, schema }
    }
    const walk = { from: { after: index.scanned }, end: upTo, max: maxCounted }
    await walkHeaders(link, names.stream(source), walk, (page) => {
      for (const message of page) if (message.seq <= upTo) index.add(toCounted(message))
      return 'more'
    })
  }
  const look = (source: string): Promise<[BucketEntry, StreamInfo]> =>
    Promise.all([bucket.read(names.index(source)), link.run('none', () => link.jsm.streams.info(names.stream(source)))])

  return {
    async index(source, upTo, change = () => undefined) {
      const subject = names.index(source)
      const [{ revision, value }, info] = await look(source)
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
    async peek(source, maxUncounted) {
      const [{ value }, { created, state }] = await look(source)
      const index = new SegmentIndex(toStored(value, created, state.last_seq))
      index.beginAt(state.first_seq)
      if (state.last_seq - index.scanned > maxUncounted) return undefined
      await count(source, index, state.last_seq)
      return index.scanned === state.last_seq ? index : undefined
    },
  }
}

/** What was stored, if it is of this stream. */
function toStored(value: unknown, created: string, end: number): StoredCounting | undefined {
  const { stream, scanned, segments, types, schemas } = (value ?? {}) as Partial<StoredCounting>
  const isOurs = stream === created && typeof scanned === 'number' && scanned <= end
  return isOurs && [segments, types, schemas].every(Array.isArray) ? (value as StoredCounting) : undefined
}
