/** Brings what is known of the end of a stream up to date. */

import type { StoredMsg } from '@nats-io/jetstream'
import { BanyanError } from 'banyan/core'
import type { Link } from '../connection/link.ts'
import { fromStoredMsg, toRelayMark } from '../log/message.ts'
import { openPull } from '../log/pull.ts'
import type { Tail } from './tail.ts'

/** Up to so many messages are asked for one by one, all at once, from the leader; more come in pages. */
const fewMessages = 64
const pageSize = 1_000
const pageBytes = 8_388_608

/**
 * Looks at everything between the tail and the end of the stream, as its leader has it. A page comes from a replica, which may
 * be behind; so the last part is always asked of the leader. `onPage` runs after each page.
 */
export async function catchUp(link: Link, stream: string, tail: Tail, onPage: () => unknown = () => {}): Promise<void> {
  const { state } = await link.run('none', () => link.jsm.streams.info(stream))
  const end = state.last_seq
  if (tail.seq > end) throw logTruncated(stream, tail.seq, end)
  // What retention has removed need not be asked for one by one.
  tail.seq = Math.max(tail.seq, Math.min(end, state.first_seq - 1))
  if (end - tail.seq > fewMessages) await byPages(link, stream, tail, end, onPage)
  while (tail.seq < end) await byOne(link, stream, tail, Math.min(end, tail.seq + fewMessages))
}

async function byPages(link: Link, stream: string, tail: Tail, end: number, onPage: () => unknown): Promise<void> {
  const pull = await openPull(link, stream, { after: tail.seq }, true)
  try {
    while (end - tail.seq > fewMessages) {
      const page = await pull.page(pageSize, pageBytes)
      if (page.length === 0) return
      for (const message of page) tail.see(message.seq, toRelayMark(message))
      onPage()
    }
  } finally {
    pull.close()
  }
}

async function byOne(link: Link, stream: string, tail: Tail, end: number): Promise<void> {
  const wanted = Array.from({ length: end - tail.seq }, (_, index) => tail.seq + 1 + index)
  const ask = (seq: number): Promise<StoredMsg | null> => link.jsm.streams.getMessage(stream, { seq })
  const found = await link.run('none', () => Promise.all(wanted.map(ask)))
  // One that was deleted is null.
  for (const [index, message] of found.entries())
    tail.see(wanted[index] as number, message === null ? undefined : toRelayMark(fromStoredMsg(message)))
}

/** The log has lost messages that it had confirmed: what would be appended now would get the places of others. */
function logTruncated(stream: string, known: number, end: number): BanyanError {
  const message = `the stream '${stream}' ends at ${end}, but it had reached ${known}: confirmed events are gone from it`
  return new BanyanError('FAILED_PRECONDITION', message, {
    reason: 'LOG_TRUNCATED',
    hint: 'It was replaced, restored from an older state, or its server lost what it had not synced. Consumers may have read what is gone. forgetCursor() sends again what the outbox still holds.',
  })
}
