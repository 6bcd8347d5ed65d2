/** Runs `toEvent` and makes what it publishes ready for the outbox: validated by the contract, in an envelope. */
import { toNewEvent } from 'banyan/bus'
import type { AnyEvent } from 'banyan/contract'
import { validateStandard, validator } from 'banyan/contract'
import { BanyanError } from 'banyan/core'
import { type Compiled, compileSchema, INVALID } from 'banyan/schema'
import type { NewEvent } from 'banyan/store'
import type { Change } from '../change.ts'
import { messageOf, refuse } from '../errors.ts'
import type { PublishChange, ResolvedOptions } from '../options.ts'
import { toEventId } from './event-id.ts'

/** Events of one change that may be published. */
export const maxEventsPerChange = 100

/** Maps changes of one history of one source. */
export type Mapping = (change: Change) => readonly NewEvent[]

/** `origin` tells this history from others: ids are made from it. */
export function createMapping(options: ResolvedOptions, origin: string): Mapping {
  const checks = new WeakMap<AnyEvent, (data: unknown) => unknown>()
  const checkOf = (event: AnyEvent): ((data: unknown) => unknown) => {
    const known = checks.get(event) ?? createCheck(event)
    checks.set(event, known)
    return known
  }
  return (change) => {
    const events: NewEvent[] = []
    const publish: PublishChange = (event, data) => {
      if (events.length >= maxEventsPerChange) throw tooMany()
      events.push(toEvent(options, origin, change, event, checkOf(event)(data), events.length))
    }
    try {
      options.toEvent(change, publish)
      return events
    } catch (error) {
      throw mappingFailed(change, error)
    }
  }
}

function toEvent(
  options: ResolvedOptions,
  origin: string,
  change: Change,
  event: AnyEvent,
  data: unknown,
  place: number,
): NewEvent {
  const { commit, generation } = change
  const row = 'key' in change ? JSON.stringify(change.key) : ''
  const where = [commit.lsn, commit.index, generation, change.schema, change.table, row, event.wire, place]
  return toNewEvent({
    id: toEventId(commit.timeMs, [origin, options.name, ...where]),
    system: options.system,
    service: options.service,
    type: event.wire,
    key: String((data as Record<string, unknown>)[event.key]),
    timeMs: commit.timeMs,
    data,
  })
}

/** The schema's own library first, when it has one; then the copy by JSON Schema, without what the schema does not name. */
function createCheck(event: AnyEvent): (data: unknown) => unknown {
  const { standard, json } = validator(event.data, 'output')
  const compiled = compileSchema(json, { extras: 'strip' })
  return (data) => {
    const result = standard === undefined ? { value: data } : validateStandard(standard, data)
    if (result.issues !== undefined) throw invalid(event, result.issues[0]?.message ?? 'invalid')
    return copy(event, compiled, result.value)
  }
}

function copy(event: AnyEvent, compiled: Compiled, value: unknown): unknown {
  const copied = compiled.copy(value)
  if (copied !== INVALID) return copied
  const [first] = compiled.explain(value)
  throw invalid(event, `${first?.path ?? ''}: ${first?.message ?? 'invalid'}`)
}

function invalid(event: AnyEvent, why: string): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', `the data of ${event.wire} does not fit its schema: ${why}`, {
    reason: 'INVALID_EVENT',
  })
}

function tooMany(): BanyanError {
  return new BanyanError(
    'RESOURCE_EXHAUSTED',
    `one change makes at most ${maxEventsPerChange} events (maxEventsPerChange)`,
  )
}

function mappingFailed(change: Change, error: unknown): BanyanError {
  const key = 'key' in change ? ` ${JSON.stringify(change.key).slice(0, 200)}` : ''
  return refuse(
    'CDC_MAPPING',
    `toEvent failed on ${change.op} of ${change.schema}.${change.table}${key} at ${change.commit.lsn}: ${messageOf(error)}`,
    'Correct toEvent (or catch the error there and publish something else), and start the source again: it goes on at this change.',
    error,
  )
}
