/** A message before its transaction: with its mark and its events, or with what is wrong with it. */
import { BanyanError } from 'banyan/core'
import type { Assignment, DeliveryMark, NewEvent } from 'banyan/store'
import { badMessage, type RabbitMessage } from './from-message.ts'
import { toEventId } from './message-id.ts'
import { type ResolvedBridgeInOptions, sourceOf } from './options.ts'

/** One that can be taken in. */
export interface Ready {
  readonly mark: DeliveryMark
  readonly events: readonly NewEvent[]
}

/** One that cannot. */
export interface Unusable {
  readonly mark: DeliveryMark
  readonly message: RabbitMessage
  readonly error: BanyanError
}

export type Prepared = Ready | Unusable

/** What a message becomes; `offset` is its place among those that were taken. */
export function prepareMessage(
  options: ResolvedBridgeInOptions,
  { epoch }: Assignment,
  message: RabbitMessage,
  offset: number,
): Prepared {
  const { group, queue, idOf, environment } = options
  const messageId = attempt(() => idOf(message))
  const known = typeof messageId === 'string' && messageId !== ''
  const eventId = known ? toEventId(queue, messageId) : environment.random.uuidv7()
  const mark = { group, source: sourceOf(queue), epoch, eventId, offset, key: `message ${eventId}` }
  if (known) return prepareMarked(options, message, mark)
  const why =
    messageId instanceof Error
      ? `idOf failed: ${messageId.message}`
      : 'it has no message-id, so its repetitions could not be told'
  return { mark, message, error: badMessage(why) }
}

/** The same with a mark that it has already. */
export function prepareMarked(options: ResolvedBridgeInOptions, message: RabbitMessage, mark: DeliveryMark): Prepared {
  const { queue, makeEvents, environment } = options
  const idOf = (place: number): string => (place === 0 ? mark.eventId : toEventId(queue, `${mark.eventId}\n${place}`))
  try {
    const events = makeEvents(message, { idOf, timeMs: environment.clock.now() })
    return { mark: { ...mark, key: mark.replay === true ? mark.key : (events[0]?.key ?? mark.key) }, events }
  } catch (error) {
    const known = error instanceof BanyanError ? error : badMessage((error as Error).message, error)
    return { mark, message, error: known }
  }
}

function attempt(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
