/** The marks in memory: which event each group has applied, until they are old and behind the low-water mark. */
import type { Clock } from '../../core/environment/environment.ts'
import { type Assignment, type DeliveryMark, timeOfEventId } from '../inbox.ts'
import { nameOf } from './group-name.ts'

export interface MemoryMarks {
  has(group: string, eventId: string): boolean
  write(mark: DeliveryMark): void
  /** The highest id that a group has marked of a source; '' when there is none. */
  newest(group: string, source: string): string
  /** Removes marks of the assignment's group and source up to the cursor that are as old; says how many. */
  trim(assignment: Assignment, cursor: number, keepMs: number): number
  /** Marks of events before this time may be gone; 0 when none was removed. */
  horizon(group: string, source: string): number
  /** Removes all marks of a group. */
  forget(group: string): void
}

interface Written {
  readonly eventId: string
  readonly group: string
  readonly source: string
  readonly offset: number
  readonly atMs: number
  /** Of the event, when its id tells. */
  readonly madeMs: number | undefined
}

export function createMemoryMarks(clock: Clock): MemoryMarks {
  const marks = new Map<string, Written>()
  const horizons = new Map<string, number>()

  /** Before this time marks may go: so long before the newest, or before now where that is older. */
  function edgeOf(own: readonly (readonly [string, Written])[], keepMs: number): number {
    const newest = own.reduce((newestMs, [, { madeMs = 0 }]) => Math.max(newestMs, madeMs), 0)
    return Math.min(newest, clock.now()) - keepMs
  }

  return {
    has: (group, eventId) => marks.has(nameOf(group, eventId)),
    write({ group, source, offset, eventId }) {
      const madeMs = timeOfEventId(eventId)
      marks.set(nameOf(group, eventId), { eventId, group, source, offset, atMs: clock.now(), madeMs })
    },
    newest(group, source) {
      const own = [...marks.values()].filter((mark) => mark.group === group && mark.source === source)
      return (
        own
          .map(({ eventId }) => eventId)
          .sort()
          .at(-1) ?? ''
      )
    },
    trim({ group, source }, cursor, keepMs) {
      const own = [...marks].filter(([, mark]) => mark.group === group && mark.source === source)
      const edgeMs = edgeOf(own, keepMs)
      const old = own.filter(([, { offset, madeMs, atMs }]) => {
        return offset <= cursor && (madeMs === undefined ? atMs + keepMs <= clock.now() : madeMs < edgeMs)
      })
      for (const [name] of old) marks.delete(name)
      if (edgeMs > 0) horizons.set(nameOf(group, source), Math.max(edgeMs, horizons.get(nameOf(group, source)) ?? 0))
      return old.length
    },
    horizon: (group, source) => horizons.get(nameOf(group, source)) ?? 0,
    forget(group) {
      for (const [name, mark] of marks) if (mark.group === group) marks.delete(name)
      for (const name of horizons.keys()) if ((JSON.parse(name) as string[])[0] === group) horizons.delete(name)
    },
  }
}
