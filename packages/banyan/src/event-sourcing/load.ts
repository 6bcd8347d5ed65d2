/** An aggregate's state out of its stream: from the last snapshot that fits on, or from the beginning. */
import { BanyanError } from '../core/error.ts'
import type { StreamEvent, StreamPage, StreamRange, TransactionStreams } from '../store/event-store.ts'
import {
  type AnyAggregate,
  type AsOf,
  type Loaded,
  type Past,
  type PastRange,
  type StateOf,
  type StoredOf,
  streamOf,
} from './aggregate.ts'
import { codecOf, type Fact } from './fact-codec.ts'

/** Events that one load reads behind the last snapshot, at most. */
export const maxReplayedEvents = 100_000
const pageSize = 1_000

/** Whatever streams can be read from. */
export type StreamReader = Pick<TransactionStreams, 'read'>

/** What was loaded, and from how far on. */
export interface Replayed<State> extends Loaded<State> {
  /** The version of the snapshot it began with; 0 without one. */
  readonly snapshotVersion: number
}

/** Adds facts to a state. */
export function evolveAll<A extends AnyAggregate>(aggregate: A, state: StateOf<A>, facts: readonly Fact[]): StateOf<A> {
  return facts.reduce((before, fact) => aggregate.evolve(before as never, fact as never), state)
}

/**
 * The state of an aggregate now, or as of a time or a version. One that does not exist has the initial state and version 0.
 * Rejects with DATA_LOSS `UNREADABLE_EVENT` for events that cannot be brought up to date, and RESOURCE_EXHAUSTED
 * `STREAM_TOO_LONG` beyond {@link maxReplayedEvents} events.
 *
 * @example
 * const yesterdayMs = environment.clock.now() - 86_400_000
 * const { state, version } = await loadAggregate(store.streams, Account, 'a-1', { asOf: { timeMs: yesterdayMs } })
 * state // { balance: 0 }
 * version // 0
 */
export async function loadAggregate<A extends AnyAggregate>(
  streams: StreamReader,
  aggregate: A,
  id: string,
  { asOf }: AsOf = {},
): Promise<Replayed<StateOf<A>>> {
  const stream = streamOf(aggregate, id)
  const codec = codecOf(aggregate)
  const range = toRange(aggregate, asOf)
  let page: StreamPage = await streams.read(stream, range)
  const snapshotVersion = page.snapshot?.version ?? 0
  let state: StateOf<A> = page.snapshot === undefined ? aggregate.initial : (page.snapshot.state as StateOf<A>)
  let version = snapshotVersion
  for (;;) {
    state = evolveAll(aggregate, state, page.events.map(codec.read))
    version = page.events.at(-1)?.version ?? version
    if (!page.more) return { state, version, snapshotVersion }
    if (version - snapshotVersion >= maxReplayedEvents) throw tooLong(stream)
    const { snapshotSchema: _once, ...rest } = range
    page = await streams.read(stream, { ...rest, from: version + 1 })
  }
}

function toRange(aggregate: AnyAggregate, asOf: AsOf['asOf']): StreamRange {
  if (asOf !== undefined && 'timeMs' in asOf) return { limit: pageSize, asOfMs: asOf.timeMs }
  const snapshot = aggregate.snapshot === undefined ? {} : { snapshotSchema: aggregate.snapshot.schemaVersion }
  return { limit: pageSize, ...snapshot, ...(asOf === undefined ? {} : { to: asOf.version }) }
}

/** A part of an aggregate's past, brought up to date. */
export async function readPast<A extends AnyAggregate>(
  streams: StreamReader,
  aggregate: A,
  id: string,
  range: PastRange = {},
): Promise<Past<StoredOf<A>>> {
  const { events, more } = await streams.read(streamOf(aggregate, id), range)
  const { read } = codecOf(aggregate)
  return { events: events.map((event) => toPast(event, read(event))) as never, more }
}

function toPast({ version, id, position, timeMs, metadata }: StreamEvent, fact: Fact): object {
  return { ...fact, version, id, position, timeMs, metadata }
}

function tooLong(stream: string): BanyanError {
  return new BanyanError(
    'RESOURCE_EXHAUSTED',
    `stream '${stream}' has more than ${maxReplayedEvents} events behind its snapshot (maxReplayedEvents)`,
    { reason: 'STREAM_TOO_LONG', hint: "Give the aggregate a 'snapshot' rule, or shorter lives to its streams." },
  )
}
