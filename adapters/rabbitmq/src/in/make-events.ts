/** What a message becomes: by default the one event that it is, or whatever a function makes of it. */
import { toNewEvent } from 'banyan/bus'
import { BanyanError } from 'banyan/core'
import type { NewEvent } from 'banyan/store'
import type { InboundEvent, RabbitMessage } from './from-message.ts'

/** Where an event comes from. */
export interface MessageFacts {
  /** Of the n-th event of the message, from 0; always the same for the same message. */
  readonly idOf: (place: number) => string
  readonly timeMs: number
}

/** Throws for a message that says nothing usable; none for one that is of no interest. */
export type MakeEvents = (message: RabbitMessage, facts: MessageFacts) => readonly NewEvent[]

/** Events that one message may become. */
export const maxEventsPerMessage = 100

/** For a bridge without a host: one event, of whatever type the message says. */
export function createMakeEvents(
  system: string,
  service: string,
  toEvent: (message: RabbitMessage) => InboundEvent,
): MakeEvents {
  return (message, { idOf, timeMs }) => [toNewEvent({ id: idOf(0), system, service, timeMs, ...toEvent(message) })]
}

/** More than {@link maxEventsPerMessage}. */
export function tooManyEvents(): BanyanError {
  const message = `one message makes at most ${maxEventsPerMessage} events (maxEventsPerMessage)`
  return new BanyanError('RESOURCE_EXHAUSTED', message, { reason: 'TOO_MANY_EVENTS' })
}
