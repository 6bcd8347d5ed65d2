/** The marks in memory: which event each group has applied, until they are old and behind the low-water mark. */
import type { Clock } from '../../core/environment/environment.ts'
import type { Assignment, DeliveryMark } from '../inbox.ts'
import { nameOf } from './group-name.ts'

export interface MemoryMarks {
  has(group: string, eventId: string): boolean
  write(mark: DeliveryMark): void
  /** Removes marks of the assignment's group and source up to the cursor that are as old; says how many. */
  trim(assignment: Assignment, cursor: number, keepMs: number): number
}

interface Written {
  readonly group: string
  readonly source: string
  readonly offset: number
  readonly atMs: number
}

export function createMemoryMarks(clock: Clock): MemoryMarks {
  const marks = new Map<string, Written>()
  return {
    has: (group, eventId) => marks.has(nameOf(group, eventId)),
    write({ group, source, offset, eventId }) {
      marks.set(nameOf(group, eventId), { group, source, offset, atMs: clock.now() })
    },
    trim({ group, source }, cursor, keepMs) {
      const before = marks.size
      for (const [name, mark] of marks)
        if (
          mark.group === group &&
          mark.source === source &&
          mark.offset <= cursor &&
          mark.atMs + keepMs <= clock.now()
        )
          marks.delete(name)
      return before - marks.size
    },
  }
}
