/**
 * Many messages on their way at once, each of which the broker takes only directly behind the one before it. So what lands is
 * always the front of the chain, in one piece, however the rest gets lost; and an append of n events is one round trip, not n.
 *
 * The sequence alone would not do: when message 3 is refused because somebody else's message took its place, message 4 finds
 * the sequence it expects, and would land without 3. So each but the first also names the message it must follow.
 */
import { createInbox, type Msg, type MsgHdrs } from '@nats-io/transport-node'
import type { BanyanError } from 'banyan/core'
import { apiCodes, fromApi, unavailable } from '../connection/errors.ts'
import type { Link } from '../connection/link.ts'

/** Bytes and messages on their way at a time. */
export const maxInFlightBytes = 8_388_608
export const maxInFlight = 1_000

/** One message of a chain. */
export interface ChainMessage {
  /** No other message was ever sent with it. */
  readonly id: string
  readonly subject: string
  readonly headers: MsgHdrs
  readonly data: Uint8Array
}

/**
 * Sends a chain behind a sequence, in portions that bound what is on its way. False when somebody else's message came between:
 * the front of the chain may have landed, and what is in the log must be looked at. Everything else that is wrong is thrown.
 */
export async function publishChain(link: Link, messages: readonly ChainMessage[], after: number): Promise<boolean> {
  let sent = 0
  while (sent < messages.length) {
    const portion = portionOf(messages, sent)
    if (!(await publishPortion(link, portion, after + sent, messages[sent - 1]?.id))) return false
    sent += portion.length
  }
  return true
}

function portionOf(messages: readonly ChainMessage[], from: number): readonly ChainMessage[] {
  let bytes = 0
  let end = from
  while (end < messages.length && end - from < maxInFlight) {
    bytes += (messages[end] as ChainMessage).data.byteLength
    if (bytes > maxInFlightBytes && end > from) break
    end += 1
  }
  return messages.slice(from, end)
}

type Answer = { readonly seq?: number; readonly code?: number; readonly text?: string }

const refusals: ReadonlySet<number | undefined> = new Set([
  apiCodes.wrongLastMessageId,
  apiCodes.wrongLastSequence,
  apiCodes.wrongLastSequenceUnknown,
])

async function publishPortion(
  link: Link,
  messages: readonly ChainMessage[],
  after: number,
  behind: string | undefined,
): Promise<boolean> {
  link.assertUp()
  const answers = await collect(link, messages, after, behind)
  const none = answers.every((answer) => answer?.code !== undefined)
  for (const [index, answer] of answers.entries()) {
    if (answer === undefined) throw unavailable('the NATS server did not confirm an append in time', 'unknown')
    if (answer.seq === after + index + 1) continue
    if (answer.code === undefined || refusals.has(answer.code)) return false
    throw fromApi(answer.code, answer.text ?? '', none ? 'none' : 'unknown')
  }
  return true
}

/** Sends, and waits until all are answered, or the connection breaks, or there is silence for too long. */
function collect(
  link: Link,
  messages: readonly ChainMessage[],
  after: number,
  behind: string | undefined,
): Promise<(Answer | undefined)[]> {
  const answers = new Array<Answer | undefined>(messages.length).fill(undefined)
  const { promise, resolve, reject } = Promise.withResolvers<(Answer | undefined)[]>()
  const inbox = createInbox()
  const { clock, timers } = link.environment
  let missing = messages.length
  let heardMs = clock.monotonic()
  const sub = link.nc.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      heardMs = clock.monotonic()
      const index = Number(message.subject.slice(inbox.length + 1))
      if (error !== null || answers[index] !== undefined) return
      answers[index] = toAnswer(message)
      missing -= 1
      if (missing === 0) resolve(answers)
    },
  })
  const stopWatching = link.onLoss((error) => reject(unavailable(error.message, 'unknown')))
  const look = (): void => {
    const quietMs = clock.monotonic() - heardMs
    if (quietMs >= link.requestTimeoutMs) return resolve(answers)
    timer = timers.after(link.requestTimeoutMs - quietMs, look)
  }
  let timer = timers.after(link.requestTimeoutMs, look)
  try {
    let before = behind
    for (const [index, { id, subject, headers, data }] of messages.entries()) {
      headers.set('Nats-Msg-Id', id)
      headers.set('Nats-Expected-Last-Sequence', `${after + index}`)
      if (before !== undefined) headers.set('Nats-Expected-Last-Msg-Id', before)
      link.nc.publish(subject, data, { headers, reply: `${inbox}.${index}` })
      before = id
    }
  } catch (error) {
    reject(error as BanyanError)
  }
  return promise.finally(() => {
    timer.cancel()
    stopWatching()
    sub.unsubscribe()
  })
}

/** No stream takes the subject, or its leader is away. */
const noResponders = 503

function toAnswer(message: Msg): Answer {
  if (message.headers?.code === noResponders) return { code: noResponders, text: 'no server leads the stream now' }
  try {
    const { error, seq } = message.json<{
      error?: { err_code?: number; code: number; description?: string }
      seq?: number
    }>()
    if (error !== undefined) return { code: error.err_code ?? error.code, text: error.description ?? 'no reason given' }
    return seq === undefined ? {} : { seq }
  } catch {
    return { code: 0, text: 'an answer that is not JSON' }
  }
}
