/** Dead letters in memory: parked events in the order of the log, the keys that are to be replayed, and what was given up. */
import type { Clock } from '../../core/environment/environment.ts'
import {
  type DeadLetters,
  type DeadSelection,
  type DiscardedEvent,
  type DiscardedLimits,
  defaultReplaysPerSecond,
  fingerprintOf,
  keepDiscarded,
} from '../dead-letters.ts'
import { AlreadyApplied, type DeliveryMark, type Inbox, type ParkedEvent } from '../inbox.ts'
import { assertReplayRate, assertSelection } from '../selection.ts'
import { toDeadGroups } from './dead-groups.ts'
import { nameOf } from './group-name.ts'

type Fact = { readonly type: string; readonly envelope: string; readonly attempts: number; readonly error: string }

/** The part of the inbox that needs no epoch. */
export type DeadLettersPort = Pick<
  DeadLetters,
  'deadGroups' | 'replay' | 'discard' | 'discarded' | 'trimDiscarded' | 'replays' | 'parkedOf'
> &
  Pick<Inbox, 'parked' | 'parkedKeys'>

interface Request {
  readonly group: string
  readonly source: string
  readonly key: string
  readonly request: string
  readonly perSecond: number
}

/** What the inbox in memory does with dead letters. `forget` drops the count of failures of events that begin anew. */
export class MemoryDeadLetters {
  readonly #clock: Clock
  readonly #forget: (group: string, eventId: string) => void
  readonly #parked = new Map<string, ParkedEvent>()
  readonly #requests = new Map<string, Request>()
  /** The oldest first. */
  #discarded: DiscardedEvent[] = []
  #asked = 0

  constructor(clock: Clock, forget: (group: string, eventId: string) => void) {
    this.#clock = clock
    this.#forget = forget
  }

  add(mark: DeliveryMark, event: Fact): void {
    const { group, source, key, offset, eventId } = mark
    const fingerprint = fingerprintOf(event.type, event.error)
    const place = { group, source, key, offset, eventId }
    this.#parked.set(placeOf(mark), { ...place, ...event, fingerprint, replays: 0, parkedAt: this.#now() })
  }
  has(mark: DeliveryMark): boolean {
    return this.#parked.get(placeOf(mark))?.eventId === mark.eventId
  }
  remove(mark: DeliveryMark): void {
    this.#parked.delete(placeOf(mark))
  }
  /** Throws {@link AlreadyApplied} when the event is not parked. */
  again(mark: DeliveryMark, { attempts, error }: { readonly attempts: number; readonly error: string }): void {
    const before = this.#parked.get(placeOf(mark))
    if (before?.eventId !== mark.eventId) throw new AlreadyApplied(mark)
    const fingerprint = fingerprintOf(before.type, error)
    const counts = { attempts: before.attempts + attempts, replays: before.replays + 1 }
    this.#parked.set(placeOf(mark), { ...before, ...counts, error, fingerprint, parkedAt: this.#now() })
    this.#requests.delete(keyOf(mark))
    this.#forget(mark.group, mark.eventId)
  }
  /** Ends the request for a key, unless something of it is parked. */
  end(of: { readonly group: string; readonly source: string; readonly key: string }): boolean {
    if (this.#keyed(of).length > 0) return false
    this.#requests.delete(keyOf(of))
    return true
  }
  /** Events that are parked for a group, whatever the source. */
  countOf(group: string): number {
    return [...this.#parked.values()].filter((one) => one.group === group).length
  }
  /** Removes all that is parked for a group. */
  forget(group: string): void {
    for (const [name, one] of this.#parked) if (one.group === group) this.#parked.delete(name)
    for (const [name, one] of this.#requests) if (one.group === group) this.#requests.delete(name)
  }
  countsOf(group: string, source: string): { readonly parkedEvents: number; readonly parkedKeys: number } {
    const all = this.#of(group, source)
    return { parkedEvents: all.length, parkedKeys: new Set(all.map((one) => one.key)).size }
  }

  readonly port: DeadLettersPort = {
    parked: async (limit) => [...this.#parked.values()].sort(byPlace).slice(0, limit),
    parkedKeys: async (group, source) => new Set(this.#of(group, source).map((one) => one.key)),
    parkedOf: async (group, source, key, limit) => this.#keyed({ group, source, key }).slice(0, limit),
    replays: async (group, source, limit) =>
      [...this.#requests.values()]
        .filter((one) => one.group === group && one.source === source)
        .slice(0, limit)
        .map(({ key, request, perSecond }) => ({ key, request, perSecond })),
    deadGroups: async (limit = 1_000) =>
      toDeadGroups([...this.#parked.values()].sort(byPlace), (one) => this.#requests.has(keyOf(one))).slice(0, limit),
    replay: async (what, { perSecond = defaultReplaysPerSecond } = {}) => {
      assertSelection(what)
      assertReplayRate(perSecond)
      const keys = new Set(this.#chosen(what).map((one) => one.key))
      this.#ask(what, keys, perSecond)
      return keys.size
    },
    discard: async (what, reason) => this.#discard(what, reason),
    discarded: async (limit) => this.#discarded.toReversed().slice(0, limit),
    trimDiscarded: async (limits = keepDiscarded) => this.#trimDiscarded(limits),
  }

  #discard(what: DeadSelection, reason: { readonly by: string; readonly why: string }): number {
    assertSelection(what)
    const { group, source } = what
    const gone = this.#chosen(what).filter((one) => 'eventId' in what || one.error !== '')
    for (const one of gone) {
      this.#parked.delete(placeOf(one))
      const { fingerprint: _, replays: __, ...kept } = one
      this.#discarded.push({ ...kept, ...reason, discardedAt: this.#now() })
    }
    // What waited goes on, and a key without any is not parked any more: the running consumer learns both by the request.
    const free = gone.filter(({ key }) => (this.#keyed({ group, source, key })[0]?.error ?? '') === '')
    this.#ask(what, new Set(free.map((one) => one.key)), defaultReplaysPerSecond)
    return gone.length
  }

  #trimDiscarded({ ageMs, events }: DiscardedLimits): number {
    const before = this.#discarded.length
    const edge = new Date(this.#clock.now() - ageMs).toISOString()
    const young = this.#discarded.filter(({ discardedAt }) => discardedAt > edge)
    this.#discarded = events === 0 ? [] : young.slice(-events)
    return before - this.#discarded.length
  }

  #ask({ group, source }: DeadSelection, keys: ReadonlySet<string>, perSecond: number): void {
    this.#asked += 1
    for (const key of keys) {
      const of = { group, source, key }
      this.#requests.set(keyOf(of), { ...of, request: `r-${this.#asked}`, perSecond })
      for (const one of this.#keyed(of)) this.#forget(group, one.eventId)
    }
  }
  #chosen(what: DeadSelection): readonly ParkedEvent[] {
    const all = this.#of(what.group, what.source)
    if ('eventId' in what) return all.filter((one) => one.eventId === what.eventId)
    return 'fingerprint' in what ? all.filter((one) => one.fingerprint === what.fingerprint) : all
  }
  #of(group: string, source: string): ParkedEvent[] {
    return [...this.#parked.values()].filter((one) => one.group === group && one.source === source)
  }
  #keyed({ group, source, key }: { group: string; source: string; key: string }): ParkedEvent[] {
    return this.#of(group, source)
      .filter((one) => one.key === key)
      .sort(byPlace)
  }
  #now(): string {
    return new Date(this.#clock.now()).toISOString()
  }
}

function placeOf(of: { readonly group: string; readonly source: string; readonly offset: number }): string {
  return nameOf(of.group, `${of.offset} ${of.source}`)
}

function keyOf(of: { readonly group: string; readonly source: string; readonly key: string }): string {
  return nameOf(of.group, `${of.key} ${of.source}`)
}

function byPlace(one: ParkedEvent, other: ParkedEvent): number {
  if (one.group !== other.group) return one.group < other.group ? -1 : 1
  if (one.source !== other.source) return one.source < other.source ? -1 : 1
  return one.offset - other.offset
}
