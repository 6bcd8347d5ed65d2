/**
 * The inbox in memory: assignments with their epochs, marks, failures, and what is parked. Leases run on the environment's
 * calendar clock, as those of a database run on the database's.
 */

import type { Clock } from '../../core/environment/environment.ts'
import { isSameInstance } from '../holder.ts'
import { AlreadyApplied, type Assignment, type DeliveryMark, Fenced, type Inbox, type ParkedEvent } from '../inbox.ts'

/** What a transaction that applies a delivery does with it. */
export interface MemoryInbox extends Inbox {
  /**
   * Waits for another transaction that applies the same event under the same epoch, as an insert of the same row would; gives
   * the way out. One of an older epoch is not waited for: it cannot commit any more.
   */
  enter(mark: DeliveryMark): Promise<() => void>
  /** Throws {@link Fenced} or {@link AlreadyApplied}. */
  check(mark: DeliveryMark): void
  write(mark: DeliveryMark): void
}

interface Lease {
  epoch: number
  cursor: number
  holder: string | undefined
  expiresMs: number
}

interface Written {
  readonly group: string
  readonly source: string
  readonly offset: number
  readonly atMs: number
}

export function createMemoryInbox(clock: Clock): MemoryInbox {
  const leases = new Map<string, Lease>()
  const marks = new Map<string, Written>()
  const failures = new Map<string, number>()
  const parkedEvents: ParkedEvent[] = []
  const busy = new Map<string, Promise<void>>()

  function current(of: { readonly group: string; readonly source: string; readonly epoch: number }): Lease | undefined {
    const lease = leases.get(nameOf(of.group, of.source))
    return lease?.epoch === of.epoch && lease.holder !== undefined ? lease : undefined
  }
  function check(mark: DeliveryMark): void {
    if (current(mark) === undefined) throw new Fenced(`group '${mark.group}' on '${mark.source}' (epoch ${mark.epoch})`)
    if (marks.has(nameOf(mark.group, mark.eventId))) throw new AlreadyApplied(mark)
  }
  function write(mark: DeliveryMark): void {
    const name = nameOf(mark.group, mark.eventId)
    marks.set(name, { group: mark.group, source: mark.source, offset: mark.offset, atMs: clock.now() })
    failures.delete(name)
  }

  return {
    async enter(mark) {
      const name = nameOf(mark.group, `${mark.eventId} ${mark.epoch}`)
      while (busy.has(name)) await busy.get(name)
      const { promise, resolve } = Promise.withResolvers<void>()
      busy.set(name, promise)
      return () => {
        busy.delete(name)
        resolve()
      }
    },
    check,
    write,
    async claim(group, source, holder, leaseMs, startAt): Promise<Assignment | undefined> {
      const name = nameOf(group, source)
      const lease = leases.get(name) ?? { epoch: 0, cursor: startAt, holder: undefined, expiresMs: 0 }
      if (lease.holder !== undefined && !isSameInstance(lease.holder, holder) && lease.expiresMs > clock.now())
        return undefined
      if (lease.holder !== holder) lease.epoch += 1
      lease.holder = holder
      lease.expiresMs = clock.now() + leaseMs
      leases.set(name, lease)
      return { group, source, epoch: lease.epoch, cursor: lease.cursor }
    },
    async release(assignment) {
      const lease = current(assignment)
      if (lease !== undefined) lease.holder = undefined
    },
    async marked(group, eventIds) {
      return new Set(eventIds.filter((eventId) => marks.has(nameOf(group, eventId))))
    },
    async advance(assignment, offset) {
      const lease = current(assignment)
      if (lease === undefined) return false
      lease.cursor = Math.max(lease.cursor, offset)
      return true
    },
    attempts: async (group, eventId) => failures.get(nameOf(group, eventId)) ?? 0,
    async failed(assignment, eventId) {
      const name = nameOf(assignment.group, eventId)
      const count = (failures.get(name) ?? 0) + 1
      if (current(assignment) === undefined) throw new Fenced(`group '${assignment.group}' on '${assignment.source}'`)
      failures.set(name, count)
      return count
    },
    async park(mark, event) {
      check(mark)
      write(mark)
      const { group, source, key, offset, eventId } = mark
      const parkedAt = new Date(clock.now()).toISOString()
      parkedEvents.push({ group, source, key, offset, eventId, ...event, parkedAt })
    },
    async parkedKeys(group, source) {
      return new Set(parkedEvents.filter((one) => one.group === group && one.source === source).map((one) => one.key))
    },
    async parked(limit) {
      return parkedEvents.toSorted(byPlace).slice(0, limit)
    },
    async trim(assignment, keepMs) {
      const lease = current(assignment)
      if (lease === undefined) return 0
      const before = marks.size
      for (const [name, mark] of marks)
        if (
          mark.group === assignment.group &&
          mark.source === assignment.source &&
          mark.offset <= lease.cursor &&
          mark.atMs + keepMs <= clock.now()
        )
          marks.delete(name)
      return before - marks.size
    },
  }
}

function nameOf(group: string, other: string): string {
  return JSON.stringify([group, other])
}

function byPlace(one: ParkedEvent, other: ParkedEvent): number {
  if (one.group !== other.group) return one.group < other.group ? -1 : 1
  if (one.source !== other.source) return one.source < other.source ? -1 : 1
  return one.offset - other.offset
}
