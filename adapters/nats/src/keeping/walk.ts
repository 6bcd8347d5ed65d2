/** Through the headers of a stream, page by page; and single messages with their contents. */
import type { StoredMsg } from '@nats-io/jetstream'
import type { Link } from '../connection/link.ts'
import { fromStoredMsg, type StoredMessage } from '../log/message.ts'
import { openPull, type PullFrom } from '../log/pull.ts'

const pageSize = 1_000
const pageBytes = 8_388_608
/** Single messages asked for at a time. */
const asked = 64

/** A reader's copy of the stream may be behind its leader by so many messages, which are then asked of the leader. */
const maxBehind = 512

/** What is walked through. */
export interface Walk {
  readonly from: PullFrom
  /** The last sequence, as the leader has it. */
  readonly end: number
  /** Messages, at most. */
  readonly max: number
}

/** Gives pages of messages without payloads to `take`, until it says that it has enough or the end of the walk is reached. */
export async function walkHeaders(
  link: Link,
  stream: string,
  { from, end, max }: Walk,
  take: (page: readonly StoredMessage[]) => 'more' | 'enough',
): Promise<void> {
  if ('after' in from && from.after >= end) return
  const pull = await openPull(link, stream, from, true)
  try {
    for (let left = max; left > 0 && pull.position < end; ) {
      const page = await pull.page(Math.min(left, pageSize), pageBytes)
      left -= page.length
      if (page.length === 0)
        return void take(await restOf(link, stream, pull.position, Math.min(end, pull.position + left)))
      if (take(page) === 'enough') return
    }
  } finally {
    pull.close()
  }
}

async function restOf(link: Link, stream: string, after: number, end: number): Promise<StoredMessage[]> {
  if (after === 0 || end - after > maxBehind) return []
  return fetchMessages(
    link,
    stream,
    Array.from({ length: end - after }, (_, index) => after + 1 + index),
  )
}

/** Messages by their sequences, as the stream's leader has them; those that are gone are left out. */
export async function fetchMessages(link: Link, stream: string, seqs: readonly number[]): Promise<StoredMessage[]> {
  const found: StoredMessage[] = []
  for (let from = 0; from < seqs.length; from += asked) {
    const some = seqs.slice(from, from + asked)
    const get = (seq: number): Promise<StoredMsg | null> => link.jsm.streams.getMessage(stream, { seq })
    const messages = await link.run('none', () => Promise.all(some.map(get)))
    for (const message of messages) if (message !== null) found.push(fromStoredMsg(message))
  }
  return found
}
