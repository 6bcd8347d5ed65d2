/**
 * The inbox in memory: assignments with their epochs, marks, failures, and what is parked. A transaction checks its delivery
 * and writes its mark here, in the one synchronous step that is its commit.
 */

import type { Clock } from '../../core/environment/environment.ts'
import { AlreadyApplied, type DeliveryMark, Fenced, type Inbox, type Passage } from '../inbox.ts'
import { nameOf } from './group-name.ts'
import { createMemoryAssignments } from './memory-assignments.ts'
import { MemoryDeadLetters } from './memory-dead-letters.ts'
import { createMemoryMarks } from './memory-marks.ts'
import { createMemoryPassages } from './memory-passages.ts'

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
  /** Throws {@link Fenced} or {@link PassageMoved}. */
  checkPassage(passage: Passage): void
  /** Marks its events and moves the low-water mark. */
  writePassage(passage: Passage): void
  /** The low-water marks of a group, by source. */
  positionsOf(group: string): readonly { readonly source: string; readonly done: number }[]
  /** Events that are parked for a group. */
  parkedCountOf(group: string): number
  /** Forgets what a group has done: it begins anew, under new epochs. */
  forget(group: string): void
}

export function createMemoryInbox(clock: Clock): MemoryInbox {
  const assignments = createMemoryAssignments(clock)
  const marks = createMemoryMarks(clock)
  const failures = new Map<string, number>()
  const passages = createMemoryPassages(assignments, marks, assertCurrent)
  const dead = new MemoryDeadLetters(clock, (group, eventId) => void failures.delete(nameOf(group, eventId)))

  function assertCurrent(of: { readonly group: string; readonly source: string; readonly epoch: number }): void {
    if (!assignments.isCurrent(of)) throw new Fenced(`group '${of.group}' on '${of.source}' (epoch ${of.epoch})`)
  }
  function check(mark: DeliveryMark): void {
    assertCurrent(mark)
    if (mark.replay === true ? !dead.has(mark) : marks.has(mark.group, mark.eventId)) throw new AlreadyApplied(mark)
  }
  function write(mark: DeliveryMark): void {
    if (mark.replay === true) dead.remove(mark)
    marks.write(mark)
    failures.delete(nameOf(mark.group, mark.eventId))
  }

  return {
    enter: createDoors(),
    check,
    write,
    ...passages.inTransaction,
    positionsOf: assignments.positionsOf,
    parkedCountOf: (group) => dead.countOf(group),
    forget(group) {
      assignments.reset(group)
      marks.forget(group)
      passages.forget(group)
      dead.forget(group)
    },
    claim: assignments.claim,
    release: assignments.release,
    advance: assignments.advance,
    async marked(group, eventIds) {
      return new Set(eventIds.filter((eventId) => marks.has(group, eventId)))
    },
    newest: passages.newest,
    attempts: async (group, eventId) => failures.get(nameOf(group, eventId)) ?? 0,
    async failed(assignment, eventId) {
      const name = nameOf(assignment.group, eventId)
      const count = (failures.get(name) ?? 0) + 1
      assertCurrent(assignment)
      failures.set(name, count)
      return count
    },
    async park(mark, event) {
      check(mark)
      write(mark)
      dead.add(mark, event)
    },
    ...dead.port,
    async endReplay(assignment, key) {
      assertCurrent(assignment)
      return dead.end({ group: assignment.group, source: assignment.source, key })
    },
    async parkAgain(mark, failure) {
      assertCurrent(mark)
      dead.again(mark, failure)
    },
    groups: async () => assignments.all().map((one) => ({ ...one, ...dead.countsOf(one.group, one.source) })),
    horizon: async (group, source) => marks.horizon(group, source),
    async trim(assignment, keepMs) {
      const cursor = assignments.cursorOf(assignment)
      return cursor === undefined ? 0 : marks.trim(assignment, cursor, keepMs)
    },
  }
}

/** One transaction at a time for each delivery under each epoch. */
function createDoors(): MemoryInbox['enter'] {
  const busy = new Map<string, Promise<void>>()
  return async (mark) => {
    const name = nameOf(mark.group, `${mark.eventId} ${mark.epoch}`)
    while (busy.has(name)) await busy.get(name)
    const { promise, resolve } = Promise.withResolvers<void>()
    busy.set(name, promise)
    return () => {
      busy.delete(name)
      resolve()
    }
  }
}
