/** Runs `toEvent` and makes what it publishes ready for the outbox. Changes that a person gave up are passed over. */
import { BanyanError } from 'banyan/core'
import type { NewEvent } from 'banyan/store'
import type { Change } from '../change.ts'
import { messageOf, refuse } from '../errors.ts'
import type { PublishChange, ResolvedOptions } from '../options.ts'
import { toEventId } from './event-id.ts'
import { describeChange, placeOf } from './place.ts'

/** Events of one change that may be published. */
export const maxEventsPerChange = 100

/** Maps changes of one history of one source. */
export type Mapping = (change: Change) => readonly NewEvent[]

/** `origin` tells this history from others: ids are made from it. `skipped`: places of changes that are given up. */
export function createMapping(options: ResolvedOptions, origin: string, skipped: ReadonlySet<string>): Mapping {
  return (change) => {
    if (skipped.size > 0 && skipped.has(placeOf(change, origin))) return []
    const events: NewEvent[] = []
    const publish: PublishChange = (event, data) => {
      if (events.length >= maxEventsPerChange) throw tooMany()
      const id = eventIdOf(options, origin, change, [event.wire, events.length])
      events.push(options.makeEvent(event, data, { id, timeMs: change.commit.timeMs }))
    }
    try {
      options.toEvent(change, publish)
      return events
    } catch (error) {
      throw mappingFailed(change, placeOf(change, origin), error)
    }
  }
}

function eventIdOf(
  options: ResolvedOptions,
  origin: string,
  change: Change,
  event: readonly [type: string, place: number],
): string {
  const { commit, generation } = change
  const row = 'key' in change ? JSON.stringify(change.key) : ''
  const where = [commit.lsn, commit.index, generation, change.schema, change.table, row, ...event]
  return toEventId(commit.timeMs, [origin, options.name, ...where])
}

function tooMany(): BanyanError {
  return new BanyanError(
    'RESOURCE_EXHAUSTED',
    `one change makes at most ${maxEventsPerChange} events (maxEventsPerChange)`,
  )
}

function mappingFailed(change: Change, place: string, error: unknown): BanyanError {
  return refuse(
    'CDC_MAPPING',
    `toEvent failed on ${describeChange(change)}: ${messageOf(error)}`,
    'Correct toEvent (or catch the error there and publish something else), and start the source again: it goes on at this change.',
    error,
    { place, change: describeChange(change) },
  )
}
