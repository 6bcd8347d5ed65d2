/** Dead letters in memory: parked events in the order of the log, the keys that are to be replayed, and what was given up. */
import type { Clock } from '../../core/environment/environment.ts'
import {
  type DeadGroup,
  type DeadLetters,
  type DeadSelection,
  defaultReplaysPerSecond,
  fingerprintOf,
} from '../dead-letters.ts'
import { AlreadyApplied, type DeliveryMark, type Inbox, type ParkedEvent } from '../inbox.ts'
import { assertReplayRate, assertSelection } from '../selection.ts'
import { nameOf } from './group-name.ts'

type Fact = { readonly type: string; readonly envelope: string; readonly attempts: number; readonly error: string }

/** The dead letters of the port without what is about assignments, and what the inbox does with them. */
export interface MemoryDeadLetters
  extends Pick<DeadLetters, 'deadGroups' | 'replay' | 'discard' | 'replays' | 'parkedOf'>,
    Pick<Inbox, 'parked' | 'parkedKeys'> {
  add(mark: DeliveryMark, event: Fact): void
  has(mark: DeliveryMark): boolean
  remove(mark: DeliveryMark): void
  /** Throws {@link AlreadyApplied} when the event is not parked. */
  again(mark: DeliveryMark, failure: { readonly attempts: number; readonly error: string }): void
  /** Ends the request for a key, unless something of it is parked. */
  end(group: string, source: string, key: string): boolean
  countsOf(group: string, source: string): { readonly parkedEvents: number; readonly parkedKeys: number }
  /** Events that are parked for a group, whatever the source. */
  countOf(group: string): number
  /** Removes all that is parked for a group. */
  forget(group: string): void
}

interface Request {
  readonly group: string
  readonly source: string
  readonly key: string
  readonly request: string
  readonly perSecond: number
}

/** `forget` drops the count of failures of events that begin anew. */
export function createMemoryDeadLetters(
  clock: Clock,
  forget: (group: string, eventId: string) => void,
): MemoryDeadLetters {
  const parked = new Map<string, ParkedEvent>()
  const requests = new Map<string, Request>()
  const discarded: (ParkedEvent & { readonly by: string; readonly why: string })[] = []
  let asked = 0

  const of = (group: string, source: string): ParkedEvent[] =>
    [...parked.values()].filter((one) => one.group === group && one.source === source)
  const keyed = (group: string, source: string, key: string): ParkedEvent[] =>
    of(group, source)
      .filter((one) => one.key === key)
      .sort(byPlace)
  const at = ({ group, source, offset }: { group: string; source: string; offset: number }): string =>
    nameOf(group, `${offset} ${source}`)
  const isoNow = (): string => new Date(clock.now()).toISOString()

  function ask({ group, source }: DeadSelection, keys: ReadonlySet<string>, perSecond: number): void {
    asked += 1
    for (const key of keys) {
      requests.set(nameOf(group, `${key} ${source}`), { group, source, key, request: `r-${asked}`, perSecond })
      for (const one of keyed(group, source, key)) forget(group, one.eventId)
    }
  }

  return {
    add(mark, event) {
      const { group, source, key, offset, eventId } = mark
      const fingerprint = fingerprintOf(event.type, event.error)
      const place = { group, source, key, offset, eventId }
      parked.set(at(mark), { ...place, ...event, fingerprint, replays: 0, parkedAt: isoNow() })
    },
    has: (mark) => parked.get(at(mark))?.eventId === mark.eventId,
    remove: (mark) => void parked.delete(at(mark)),
    again(mark, { attempts, error }) {
      const before = parked.get(at(mark))
      if (before?.eventId !== mark.eventId) throw new AlreadyApplied(mark)
      const fingerprint = fingerprintOf(before.type, error)
      const counts = { attempts: before.attempts + attempts, replays: before.replays + 1 }
      parked.set(at(mark), { ...before, ...counts, error, fingerprint, parkedAt: isoNow() })
      requests.delete(nameOf(mark.group, `${mark.key} ${mark.source}`))
      forget(mark.group, mark.eventId)
    },
    end(group, source, key) {
      if (keyed(group, source, key).length > 0) return false
      requests.delete(nameOf(group, `${key} ${source}`))
      return true
    },
    countOf: (group) => [...parked.values()].filter((one) => one.group === group).length,
    forget(group) {
      for (const [name, one] of parked) if (one.group === group) parked.delete(name)
      for (const [name, one] of requests) if (one.group === group) requests.delete(name)
    },
    countsOf(group, source) {
      const all = of(group, source)
      return { parkedEvents: all.length, parkedKeys: new Set(all.map((one) => one.key)).size }
    },
    parked: async (limit) => [...parked.values()].sort(byPlace).slice(0, limit),
    parkedKeys: async (group, source) => new Set(of(group, source).map((one) => one.key)),
    parkedOf: async (group, source, key, limit) => keyed(group, source, key).slice(0, limit),
    replays: async (group, source, limit) =>
      [...requests.values()]
        .filter((one) => one.group === group && one.source === source)
        .slice(0, limit)
        .map(({ key, request, perSecond }) => ({ key, request, perSecond })),
    deadGroups: async (limit = 1_000) =>
      toGroups([...parked.values()], (one) => requests.has(nameOf(one.group, `${one.key} ${one.source}`))).slice(
        0,
        limit,
      ),
    async replay(what, options = {}) {
      assertSelection(what)
      const perSecond = assertReplayRate(options.perSecond ?? defaultReplaysPerSecond)
      const keys = new Set(
        of(what.group, what.source)
          .filter(matches(what))
          .map((one) => one.key),
      )
      ask(what, keys, perSecond)
      return keys.size
    },
    async discard(what, { by, why }) {
      assertSelection(what)
      const given = of(what.group, what.source).filter(matches(what))
      const gone = 'eventId' in what ? given : given.filter((one) => one.error !== '')
      for (const one of gone) {
        parked.delete(at(one))
        discarded.push({ ...one, by, why })
      }
      // What waited goes on, and a key without any is not parked any more: the running consumer learns both by the request.
      const free = gone.filter(({ key }) => (keyed(what.group, what.source, key)[0]?.error ?? '') === '')
      ask(what, new Set(free.map((one) => one.key)), defaultReplaysPerSecond)
      return gone.length
    },
  }
}

function matches(what: DeadSelection): (one: ParkedEvent) => boolean {
  if ('eventId' in what) return (one) => one.eventId === what.eventId
  if ('fingerprint' in what) return (one) => one.fingerprint === what.fingerprint
  return () => true
}

function toGroups(events: readonly ParkedEvent[], isAsked: (one: ParkedEvent) => boolean): DeadGroup[] {
  const keys = Map.groupBy([...events].sort(byPlace), (one) => JSON.stringify([one.group, one.source, one.key]))
  const heads = [...keys.values()].map((all) => ({ head: all[0] as ParkedEvent, waiting: all.length - 1 }))
  const alike = Map.groupBy(heads, ({ head }) => JSON.stringify([head.group, head.source, head.type, head.fingerprint]))
  return [...alike.values()]
    .map((all) => toGroup(all, isAsked))
    .sort((one, other) => other.events - one.events || (one.fingerprint < other.fingerprint ? -1 : 1))
}

function toGroup(
  all: readonly { readonly head: ParkedEvent; readonly waiting: number }[],
  isAsked: (one: ParkedEvent) => boolean,
): DeadGroup {
  const heads = all.map(({ head }) => head)
  const byTime = heads.toSorted((one, other) => (one.parkedAt < other.parkedAt ? -1 : 1))
  const [first, last] = [byTime[0] as ParkedEvent, byTime.at(-1) as ParkedEvent]
  const { group, source, type, fingerprint } = first
  return {
    ...{ group, source, type, fingerprint },
    error: last.error,
    events: heads.length,
    waiting: all.reduce((sum, { waiting }) => sum + waiting, 0),
    replaying: heads.filter(isAsked).length,
    replays: Math.max(...heads.map(({ replays }) => replays)),
    eventId: (heads[0] as ParkedEvent).eventId,
    firstParkedAt: first.parkedAt,
    lastParkedAt: last.parkedAt,
  }
}

function byPlace(one: ParkedEvent, other: ParkedEvent): number {
  if (one.group !== other.group) return one.group < other.group ? -1 : 1
  if (one.source !== other.source) return one.source < other.source ? -1 : 1
  return one.offset - other.offset
}
