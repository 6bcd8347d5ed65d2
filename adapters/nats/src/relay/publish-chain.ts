/**
 * Many messages on their way at once, each of which the broker takes only right behind the one before it. So what lands is
 * always the front of the chain, however the rest gets lost, and an append of n events is one round trip, not n.
 */
import { createInbox, type Msg, type MsgHdrs } from '@nats-io/transport-node'
import type { BanyanError } from 'banyan/core'
import { apiCodes, fromApi, unavailable } from '../connection/errors.ts'
import type { Link } from '../connection/link.ts'
import { expectAfter } from '../log/message.ts'

/** Bytes and messages on their way at a time. */
export const maxInFlightBytes = 8_388_608
export const maxInFlight = 1_000

/** One message of a chain. */
export interface ChainMessage {
  readonly subject: string
  readonly headers: MsgHdrs
  readonly data: Uint8Array
}

/**
 * How it went. `broken`: somebody else's message came between (or these were there before, `duplicate`); what is in the log
 * must be looked at. Everything else is thrown.
 */
export type ChainOutcome = { readonly done: true } | { readonly done: false; readonly duplicate: boolean }

/** Sends a chain behind a sequence, in portions that bound what is on its way. */
export async function publishChain(
  link: Link,
  messages: readonly ChainMessage[],
  after: number,
): Promise<ChainOutcome> {
  let sent = 0
  while (sent < messages.length) {
    const portion = portionOf(messages, sent)
    const outcome = await publishPortion(link, portion, after + sent)
    if (!outcome.done) return outcome
    sent += portion.length
  }
  return { done: true }
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

type Answer = { readonly seq?: number; readonly duplicate?: boolean; readonly code?: number; readonly text?: string }

async function publishPortion(link: Link, messages: readonly ChainMessage[], after: number): Promise<ChainOutcome> {
  link.assertUp()
  const answers = await collect(link, messages, after)
  let duplicate = false
  for (const [index, answer] of answers.entries()) {
    duplicate ||= answer?.duplicate === true
    if (answer?.seq === after + index + 1 && answer.duplicate !== true) continue
    if (answer === undefined) throw unavailable('the NATS server did not confirm an append in time', 'unknown')
    const { code, text = '' } = answer
    if (code === undefined || code === apiCodes.wrongLastSequence || code === apiCodes.wrongLastSequenceUnknown)
      return { done: false, duplicate }
    const nothing = index === 0 && answers.every((one) => one?.code !== undefined)
    throw fromApi(code, text, nothing ? 'none' : 'unknown')
  }
  return { done: true }
}

/** Sends, and waits until all are answered, or the connection breaks, or there is silence for too long. */
function collect(link: Link, messages: readonly ChainMessage[], after: number): Promise<(Answer | undefined)[]> {
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
    for (const [index, { subject, headers, data }] of messages.entries()) {
      expectAfter(headers, after + index)
      link.nc.publish(subject, data, { headers, reply: `${inbox}.${index}` })
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
    const { error, seq, duplicate } = message.json<{
      error?: { err_code?: number; code: number; description?: string }
      seq?: number
      duplicate?: boolean
    }>()
    if (error !== undefined) return { code: error.err_code ?? error.code, text: error.description ?? 'no reason given' }
    return { ...(seq === undefined ? {} : { seq }), duplicate: duplicate === true }
  } catch {
    return { code: 0, text: 'an answer that is not JSON' }
  }
}
