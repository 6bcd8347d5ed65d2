/**
 * The inbox in memory: assignments with their epochs, marks, failures, and what is parked. A transaction checks its delivery
 * and writes its mark here, in the one synchronous step that is its commit.
 */

import type { Clock } from '../../core/environment/environment.ts'
import { AlreadyApplied, type DeliveryMark, Fenced, type Inbox, type ParkedEvent } from '../inbox.ts'
import { nameOf } from './group-name.ts'
import { createMemoryAssignments } from './memory-assignments.ts'
import { createMemoryMarks } from './memory-marks.ts'

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

export function createMemoryInbox(clock: Clock): MemoryInbox {
  const assignments = createMemoryAssignments(clock)
  const marks = createMemoryMarks(clock)
  const failures = new Map<string, number>()
  const parkedEvents: ParkedEvent[] = []
  const busy = new Map<string, Promise<void>>()

  function check(mark: DeliveryMark): void {
    if (!assignments.isCurrent(mark))
      throw new Fenced(`group '${mark.group}' on '${mark.source}' (epoch ${mark.epoch})`)
    if (marks.has(mark.group, mark.eventId)) throw new AlreadyApplied(mark)
  }
  function write(mark: DeliveryMark): void {
    marks.write(mark)
    failures.delete(nameOf(mark.group, mark.eventId))
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
    claim: assignments.claim,
    release: assignments.release,
    advance: assignments.advance,
    async marked(group, eventIds) {
      return new Set(eventIds.filter((eventId) => marks.has(group, eventId)))
    },
    attempts: async (group, eventId) => failures.get(nameOf(group, eventId)) ?? 0,
    async failed(assignment, eventId) {
      const name = nameOf(assignment.group, eventId)
      const count = (failures.get(name) ?? 0) + 1
      if (!assignments.isCurrent(assignment)) throw new Fenced(`group '${assignment.group}' on '${assignment.source}'`)
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
      const cursor = assignments.cursorOf(assignment)
      return cursor === undefined ? 0 : marks.trim(assignment, cursor, keepMs)
    },
  }
}

function byPlace(one: ParkedEvent, other: ParkedEvent): number {
  if (one.group !== other.group) return one.group < other.group ? -1 : 1
  if (one.source !== other.source) return one.source < other.source ? -1 : 1
  return one.offset - other.offset
}
