/**
 * Pages of a stream by a pull consumer that the broker keeps for one reader: one request for a page, not one for a message, and
 * the messages come only when they are asked for, so a slow reader costs neither side memory.
 *
 * What is asked for is delivered once and not acknowledged (positions live with the readers), so a message that got lost on
 * the way must not go unnoticed: deliveries are numbered by the broker, and a number that is missing ends this consumer. The
 * next page is then read by a new one from the last good place.
 */
import { AckPolicy, type ConsumerConfig, DeliverPolicy } from '@nats-io/jetstream'
import { createInbox, type Msg, type MsgHdrs, nanos } from '@nats-io/transport-node'
import type { BanyanError } from 'banyan/core'
import { unavailable } from '../connection/errors.ts'
import type { Link } from '../connection/link.ts'
import type { StoredMessage } from './message.ts'

/** How long the broker keeps a consumer that asks for nothing, and how long we trust it to. */
export const keptMs = 30_000
/** Longest silence in the middle of a page. A broker that is there answers at once, also that there is nothing. */
export const silenceMs = 1_000

/** A reader of one stream. */
export interface Pull {
  /** The last sequence it gave; the next page begins behind it. */
  readonly position: number
  /** Up to `limit` messages that are there now, in order. After an error the reader must not be used again. */
  page(limit: number, maxBytes: number): Promise<StoredMessage[]>
  /** Lets the broker forget it. */
  close(): void
}

/** Where a reader begins: behind a sequence, or with what was stored from a time on (milliseconds since 1970). */
export type PullFrom = { readonly after: number } | { readonly sinceMs: number }

/** Makes a reader. `headersOnly` leaves payloads out. */
export async function openPull(link: Link, stream: string, from: PullFrom, headersOnly = false): Promise<Pull> {
  // One that is made twice because the answer was late is forgotten by the broker when nobody asks it for anything.
  const { name } = await link.run('none', () =>
    link.jsm.consumers.add(stream, {
      ack_policy: AckPolicy.None,
      ...toStart(from),
      inactive_threshold: nanos(keptMs),
      mem_storage: true,
      num_replicas: 1,
      headers_only: headersOnly,
    }),
  )
  const subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`
  let position = 'after' in from ? from.after : 0
  let deliveries = 0

  function take(message: Msg): StoredMessage & { readonly left: number } {
    const { delivery, left, ...stored } = toStored(message)
    deliveries += 1
    if (delivery !== deliveries || stored.seq <= position)
      throw unavailable('a message of the log got lost between the NATS server and here; it is read again', 'none')
    position = stored.seq
    return { ...stored, left }
  }
  async function ask(
    batch: number,
    maxBytes?: number,
  ): Promise<{ readonly found: StoredMessage[]; readonly tooBig: boolean }> {
    link.assertUp()
    const found: StoredMessage[] = []
    const request = { batch, no_wait: true, ...(maxBytes === undefined ? {} : { max_bytes: maxBytes }) }
    const status = await listen(link, subject, JSON.stringify(request), (message) => {
      const stored = take(message)
      found.push(stored)
      return found.length === batch || stored.left === 0
    })
    return { found, tooBig: status === 409 }
  }
  return {
    get position() {
      return position
    },
    async page(limit, maxBytes) {
      const { found, tooBig } = await ask(limit, maxBytes)
      // The first one alone is bigger than a page may be.
      if (tooBig && found.length === 0) return (await ask(1)).found
      return found
    },
    close() {
      if (!link.nc.isClosed()) void link.jsm.consumers.delete(stream, name).catch(() => undefined)
    },
  }
}

function toStart(from: PullFrom): Partial<ConsumerConfig> {
  if ('after' in from) return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from.after + 1 }
  return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: new Date(from.sinceMs).toISOString() }
}

/** Sends a request and gives every answer to `take` until it says that this was the last; the code of a status that ends it. */
function listen(
  link: Link,
  subject: string,
  request: string,
  take: (message: Msg) => boolean,
): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  const inbox = createInbox()
  const { clock, timers } = link.environment
  let heardMs = clock.monotonic()
  const sub = link.nc.subscribe(inbox, {
    callback: (error, message) => {
      heardMs = clock.monotonic()
      try {
        if (error !== null) throw unavailable(error.message, 'none', error)
        const status = statusOf(message)
        if (status !== undefined) resolve(status)
        else if (take(message)) resolve(undefined)
      } catch (thrown) {
        reject(thrown as BanyanError)
      }
    },
  })
  const stopWatching = link.onLoss(() => reject(unavailable('the connection broke while the log was read', 'none')))
  const look = (): void => {
    const quietMs = clock.monotonic() - heardMs
    if (quietMs >= silenceMs) return reject(unavailable('the NATS server fell silent while the log was read', 'none'))
    timer = timers.after(silenceMs - quietMs, look)
  }
  let timer = timers.after(silenceMs, look)
  link.nc.publish(subject, request, { reply: inbox })
  return promise.finally(() => {
    timer.cancel()
    stopWatching()
    sub.unsubscribe()
  })
}

/** 404 none there, 408 and 409 the end of a page, anything else an error; undefined for a message of the stream. */
function statusOf(message: Msg): number | undefined {
  if (message.reply?.startsWith('$JS.ACK.') === true) return undefined
  const code = safeHeaders(message)?.code ?? 0
  if (code === 404 || code === 408) return code
  if (code === 409 && safeHeaders(message)?.description.startsWith('Message Size Exceeds')) return code
  throw unavailable(`the NATS server ended the page with ${code}`, 'none')
}

/** Headers that cannot be read are none: whoever wrote them is foreign. */
function safeHeaders(message: Msg): MsgHdrs | undefined {
  try {
    return message.headers
  } catch {
    return undefined
  }
}

/** `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<nanoseconds>.<pending>[.<random>]` */
function toStored(message: Msg): StoredMessage & { readonly delivery: number; readonly left: number } {
  const parts = (message.reply ?? '').split('.')
  const at = parts.length > 9 ? 6 : 4
  const [, seq, delivery, nanoseconds = '', left] = parts.slice(at)
  return {
    seq: Number(seq),
    delivery: Number(delivery),
    left: Number(left),
    timeMs: Number(nanoseconds.slice(0, -6)),
    subject: message.subject,
    headers: safeHeaders(message),
    data: message.data,
  }
}
