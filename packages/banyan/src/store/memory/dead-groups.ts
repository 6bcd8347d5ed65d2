/** Parked events grouped by failure. */
import type { DeadGroup } from '../dead-letters.ts'
import type { ParkedEvent } from '../delivery-mark.ts'

interface ParkedKey {
  /** The first event of the key: the one that failed. */
  readonly head: ParkedEvent
  readonly waiting: number
}

/** The groups of these events, which come in the order of the log; the largest group first. */
export function toDeadGroups(
  events: readonly ParkedEvent[],
  isAsked: (head: ParkedEvent) => boolean,
): readonly DeadGroup[] {
  const byKey = Map.groupBy(events, (one) => JSON.stringify([one.group, one.source, one.key]))
  const keys = [...byKey.values()].map((all) => ({ head: all[0] as ParkedEvent, waiting: all.length - 1 }))
  const alike = Map.groupBy(keys, ({ head }) => JSON.stringify([head.group, head.source, head.type, head.fingerprint]))
  return [...alike.values()]
    .map((all) => toDeadGroup(all, isAsked))
    .sort((one, other) => other.events - one.events || (one.fingerprint < other.fingerprint ? -1 : 1))
}

function toDeadGroup(keys: readonly ParkedKey[], isAsked: (head: ParkedEvent) => boolean): DeadGroup {
  const heads = keys.map(({ head }) => head)
  const byTime = heads.toSorted((one, other) => (one.parkedAt < other.parkedAt ? -1 : 1))
  const [first, last] = [byTime[0] as ParkedEvent, byTime.at(-1) as ParkedEvent]
  const { group, source, type, fingerprint } = first
  return {
    group,
    source,
    type,
    fingerprint,
    error: last.error,
    events: heads.length,
    waiting: keys.reduce((sum, { waiting }) => sum + waiting, 0),
    replaying: heads.filter(isAsked).length,
    replays: Math.max(...heads.map(({ replays }) => replays)),
    eventId: (heads[0] as ParkedEvent).eventId,
    firstParkedAt: first.parkedAt,
    lastParkedAt: last.parkedAt,
  }
}
