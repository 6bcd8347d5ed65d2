/**
 * An aggregate's events on their way into a stream and out of it. Going in they are validated by their own schema; coming
 * out they are brought up to date and checked again, so that `evolve` never meets what its types exclude.
 */
import { type Border, createServiceBorder, createWireBorder } from '../contract/border.ts'
import type { AnyEvent } from '../contract/define-contract.ts'
import type { AnySchema } from '../contract/schema.ts'
import { type Upcasters, upcastData, upcastMajors } from '../contract/upcast.ts'
import { BanyanError, type FieldIssue } from '../core/error.ts'
import { INVALID } from '../schema/index.ts'
import type { StreamEvent } from '../store/event-store.ts'
import { type AnyAggregate, type FactSource, toContractEvent } from './aggregate.ts'

/** An event without its types. */
export interface Fact {
  readonly type: string
  readonly data: unknown
}

/** An event that passed its schema, ready to be appended. */
export interface WrittenFact extends Fact {
  readonly major: number
  /** The event of the contract that it is published as. */
  readonly publishes: AnyEvent | undefined
}

/** The events of one aggregate. */
export interface FactCodec {
  /** Throws INTERNAL `INVALID_EVENT` with field and rule: a decision that breaks its own schema is a defect. */
  write(id: string, fact: Fact): WrittenFact
  /** As `evolve` takes it. Throws DATA_LOSS `UNREADABLE_EVENT`. */
  read(event: StreamEvent): Fact
  /** What was written, as `evolve` will read it. */
  reread(fact: WrittenFact): Fact
}

interface Entry {
  readonly major: number
  readonly upcast: Upcasters | undefined
  readonly publishes: AnyEvent | undefined
  readonly into: Border
  readonly out: Border
}

const codecs = new WeakMap<AnyAggregate, FactCodec>()

/** The codec of an aggregate; made once. */
export function codecOf(aggregate: AnyAggregate): FactCodec {
  const known = codecs.get(aggregate) ?? createCodec(aggregate)
  codecs.set(aggregate, known)
  return known
}

function toEntry(source: FactSource, upcast: Upcasters | undefined): Entry {
  const event = toContractEvent(source)
  const schema = event?.data ?? (source as AnySchema)
  const own = event === undefined ? upcast : event.upcast
  return {
    major: event?.major ?? (upcastMajors(own).at(-1) ?? 0) + 1,
    upcast: own,
    publishes: event,
    into: createServiceBorder(schema),
    out: createWireBorder(schema, 'output'),
  }
}

function createCodec({ name, events, upcast }: AnyAggregate): FactCodec {
  const entries = new Map(Object.entries(events).map(([type, source]) => [type, toEntry(source, upcast[type])]))

  return {
    write(id, fact) {
      const type = fact?.type
      const entry = entries.get(type)
      if (entry === undefined) throw invalid(name, type, [unknownType(entries, type)])
      const data = entry.into.copy(fact.data)
      if (data === INVALID) throw invalid(name, type, entry.into.explain(fact.data))
      const issue = keyIssue(entry.publishes, id, data)
      if (issue !== undefined) throw invalid(name, type, [issue])
      return { type, data, major: entry.major, publishes: entry.publishes }
    },
    read(event) {
      const entry = entries.get(event.type)
      if (entry === undefined) throw unreadable(event, `aggregate '${name}' has no such event`)
      const data = upToDate(event, entry)
      const copy = entry.out.copy(data)
      if (copy === INVALID) throw unreadable(event, entry.out.explain(data)[0]?.message ?? 'it does not fit its schema')
      return { type: event.type, data: copy }
    },
    reread({ type, data }) {
      return { type, data: entries.get(type)?.out.copy(data) }
    },
  }
}

/** The key of a published event is its stream's id, or its order would not be the stream's. */
function keyIssue(event: AnyEvent | undefined, id: string, data: unknown): FieldIssue | undefined {
  if (event === undefined) return undefined
  const { key } = event
  const found = (data as Readonly<Record<string, unknown>>)[key]
  if (found === id) return undefined
  return {
    path: `/${key}`,
    rule: 'key',
    message: `/${key} must be the aggregate's id, '${id}'; found '${String(found)}'`,
  }
}

function upToDate(event: StreamEvent, { upcast, major }: Entry): unknown {
  if (event.major === major) return event.data
  try {
    return upcastData(upcast, event.major, major, event.data)
  } catch (error) {
    throw unreadable(event, (error as Error).message, error)
  }
}

function unknownType(entries: ReadonlyMap<string, Entry>, type: unknown): FieldIssue {
  const message = `there is no such event; it has ${[...entries.keys()].map((one) => `'${one}'`).join(', ')}`
  return { path: '/type', rule: 'enum', message: `'${String(type)}': ${message}` }
}

function invalid(aggregate: string, type: unknown, given: readonly FieldIssue[]): BanyanError {
  const issues = given.length > 0 ? given : [{ path: '', rule: 'schema', message: 'it does not fit its schema' }]
  return new BanyanError(
    'INTERNAL',
    `event '${String(type)}' of aggregate '${aggregate}' is not valid: ${issues[0]?.message}`,
    { reason: 'INVALID_EVENT', issues, hint: 'Nothing was appended. Decide events that fit their schemas.' },
  )
}

function unreadable({ stream, version, type, major }: StreamEvent, why: string, cause?: unknown): BanyanError {
  const message = `version ${version} of stream '${stream}' ('${type}', version ${major} of its schema) cannot be read: ${why}`
  return new BanyanError('DATA_LOSS', message, {
    reason: 'UNREADABLE_EVENT',
    hint: 'Facts are not rewritten: add an upcaster that brings it up to date, or take the event back into the aggregate.',
    cause,
  })
}
