/** Passages in memory: their events are marked like any others, and the highest id of them is remembered. */
import { type NewestApplied, type Passage, PassageMoved } from '../inbox.ts'
import { nameOf } from './group-name.ts'
import type { MemoryAssignments } from './memory-assignments.ts'
import type { MemoryMarks } from './memory-marks.ts'

export interface MemoryPassages {
  /** What a transaction asks, and does when it commits. */
  readonly inTransaction: {
    /** Throws `Fenced` or {@link PassageMoved}. */
    checkPassage(passage: Passage): void
    /** Marks its events and moves the low-water mark. */
    writePassage(passage: Passage): void
  }
  newest(group: string, source: string): Promise<NewestApplied>
  forget(group: string): void
}

export function createMemoryPassages(
  assignments: MemoryAssignments,
  marks: MemoryMarks,
  assertCurrent: (passage: Passage) => void,
): MemoryPassages {
  /** The highest id of a passage, by group and source. */
  const passed = new Map<string, string>()
  return {
    inTransaction: {
      checkPassage(passage) {
        assertCurrent(passage)
        if (assignments.cursorOf(passage) !== passage.after) throw new PassageMoved(passage)
      },
      writePassage(passage) {
        const { group, source, epoch, events, upTo } = passage
        const name = nameOf(group, source)
        for (const { id, offset } of events) {
          marks.write({ group, source, epoch, eventId: id, offset, key: '' })
          if (id > (passed.get(name) ?? '')) passed.set(name, id)
        }
        assignments.move(passage, upTo)
      },
    },
    newest: async (group, source) => ({
      marked: marks.newest(group, source),
      passed: passed.get(nameOf(group, source)) ?? '',
    }),
    forget(group) {
      for (const { source } of assignments.positionsOf(group)) passed.delete(nameOf(group, source))
    },
  }
}
