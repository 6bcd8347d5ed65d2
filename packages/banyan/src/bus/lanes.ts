/**
 * One lane per key: the events of a key wait for each other, and for nothing else. A lane whose head is being retried gives
 * its place to the others.
 */
import type { LoggedEvent } from './bus.ts'
import type { Tries, Verdict } from './judge.ts'

/** The events of one key that are not done yet, the head first. */
export interface Lane extends Tries {
  readonly key: string
  readonly events: LoggedEvent[]
  /** Of the head, as the tries are: the verdict to park it. */
  verdict: Verdict | undefined
  /** The head is being parked, by a verdict or behind others; what fails then is our own work. */
  parking: boolean
  /** So many from the head go one by one: they were in a batch that failed. */
  alone: number
}

export interface Lanes {
  add(event: LoggedEvent): void
  /** A lane whose head may go now; it is the caller's until {@link again} or {@link done}. Longest waiting first. */
  take(): Lane | undefined
  /** The head may go once more. */
  again(lane: Lane): void
  /** So many from the head are done; the next one of the lane may go. */
  done(lane: Lane, count?: number): void
  /** Events in all lanes. */
  readonly size: number
}

export function createLanes(): Lanes {
  const lanes = new Map<string, Lane>()
  const ready = new Set<Lane>()
  let size = 0

  return {
    add(event) {
      size += 1
      const lane = lanes.get(event.key)
      if (lane !== undefined) return void lane.events.push(event)
      const fresh: Lane = { key: event.key, events: [event], alone: 0, ...untried() }
      lanes.set(event.key, fresh)
      ready.add(fresh)
    },
    take() {
      for (const lane of ready) {
        ready.delete(lane)
        return lane
      }
      return undefined
    },
    again: (lane) => void ready.add(lane),
    done(lane, count = 1) {
      size -= count
      if (count === 1) lane.events.shift()
      else lane.events.splice(0, count)
      lane.alone = Math.max(0, lane.alone - count)
      Object.assign(lane, untried())
      if (lane.events.length > 0) ready.add(lane)
      else lanes.delete(lane.key)
    },
    get size() {
      return size
    },
  }
}

function untried(): Pick<Lane, 'failures' | 'outages' | 'verdict' | 'parking'> {
  return { failures: 0, outages: 0, verdict: undefined, parking: false }
}
