/**
 * Batches on their way: lanes whose heads go to one handler together. A batch takes the events at the head of its lanes that
 * are of its type, so a key's events stay in order inside it, and a lane is in one batch at a time. It goes when it is full or
 * its wait is over; it needs a place like any other delivery.
 */
import type { Timer, Timers } from '../core/environment/timers.ts'
import type { LoggedEvent } from './bus.ts'
import type { BatchPolicy } from './delivery-policy.ts'
import type { Lane } from './lanes.ts'

/** The events that one lane gives to a batch: so many from its head. */
export interface Share {
  readonly lane: Lane
  readonly events: readonly LoggedEvent[]
}

export interface Batches {
  /** Adds a lane to the batch of its head's type; the batch when it is full now. */
  add(lane: Lane, policy: BatchPolicy): readonly Share[] | undefined
  /** A batch whose wait is over. */
  due(): readonly Share[] | undefined
  /** Any batch that does not wait. */
  ready(): readonly Share[] | undefined
  /** Ends all waits. */
  close(): void
}

interface Gathering {
  readonly type: string
  readonly policy: BatchPolicy
  readonly lanes: Lane[]
  readonly timer: Timer | undefined
  over: boolean
}

/** `onDue` is called when a wait is over; `fits` says which events may be in a batch at all. */
export function createBatches(timers: Timers, fits: (event: LoggedEvent) => boolean, onDue: () => void): Batches {
  const gatherings = new Map<string, Gathering>()

  function begin(type: string, policy: BatchPolicy): Gathering {
    const end = (): void => {
      gathering.over = true
      onDue()
    }
    const timer = policy.waitMs > 0 ? timers.after(policy.waitMs, end) : undefined
    const gathering: Gathering = { type, policy, lanes: [], timer, over: false }
    gatherings.set(type, gathering)
    return gathering
  }
  function take(gathering: Gathering | undefined): readonly Share[] | undefined {
    if (gathering === undefined) return undefined
    gathering.timer?.cancel()
    gatherings.delete(gathering.type)
    return toShares(gathering, fits)
  }
  const find = (is: (gathering: Gathering) => boolean): Gathering | undefined => {
    for (const gathering of gatherings.values()) if (is(gathering)) return gathering
    return undefined
  }

  return {
    add(lane, policy) {
      const { type } = lane.events[0] as LoggedEvent
      const gathering = gatherings.get(type) ?? begin(type, policy)
      gathering.lanes.push(lane)
      return sizeOf(gathering, fits) >= policy.size ? take(gathering) : undefined
    },
    due: () => take(find(({ over }) => over)),
    ready: () => take(find(({ over, policy }) => over || policy.waitMs === 0)),
    close() {
      for (const { timer } of gatherings.values()) timer?.cancel()
      gatherings.clear()
    },
  }
}

function sizeOf({ lanes, type, policy }: Gathering, fits: (event: LoggedEvent) => boolean): number {
  let size = 0
  for (const lane of lanes) {
    size += runOf(lane, type, policy.size - size, fits).length
    if (size >= policy.size) break
  }
  return size
}

/** A lane may have grown since it was added; each gives at least its head. */
function toShares({ lanes, type, policy }: Gathering, fits: (event: LoggedEvent) => boolean): readonly Share[] {
  let room = policy.size
  return lanes.map((lane, index) => {
    const events = runOf(lane, type, Math.max(1, room - (lanes.length - index - 1)), fits)
    room -= events.length
    return { lane, events }
  })
}

function runOf(lane: Lane, type: string, limit: number, fits: (event: LoggedEvent) => boolean): readonly LoggedEvent[] {
  const run: LoggedEvent[] = []
  for (const event of lane.events) {
    if (run.length >= limit || event.type !== type || (run.length > 0 && !fits(event))) break
    run.push(event)
  }
  return run
}
