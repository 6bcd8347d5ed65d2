/**
 * The low-water mark of a session and its way to the inbox: written in batches and apart from the effects, since what lies
 * above it is found by its marks after a crash.
 */
import { type Assignment, timeOfEventId } from '../store/inbox.ts'
import type { ResolvedConsumerOptions } from './consumer-options.ts'
import { createLowWater, type LowWater } from './low-water.ts'

export interface Progress {
  readonly lowWater: LowWater
  /** Something is done that is not written. */
  isBehind(): boolean
  isDue(): boolean
  /** Writes the mark, and now and then trims what lies behind it; false under an older epoch. */
  write(): Promise<boolean>
  /** Asks the inbox for its horizon; once, before anything is delivered. */
  prepare(): Promise<void>
  /** Whether the mark of an event may have been trimmed: it is older than the horizon. */
  isForgotten(eventId: string): boolean
}

const trimEveryMs = 600_000
/** How often the log is told where this reader is, also when it stands still: retention waits for readers that live. */
const reportEveryMs = 30_000

/** `note` is told when the log could not be told; nothing waits for that. */
export function createProgress(
  options: ResolvedConsumerOptions,
  assignment: Assignment,
  note: (error: unknown) => void,
): Progress {
  const { bus, inbox, advanceEveryMs, pageSize, keepMarksMs } = options
  const { clock } = options.environment
  const lowWater = createLowWater(assignment.cursor)
  let written = assignment.cursor
  let writtenMs = clock.monotonic()
  let trimmedMs = writtenMs
  let reportedMs = Number.NEGATIVE_INFINITY
  let horizonMs: number | undefined

  async function askHorizon(): Promise<void> {
    horizonMs = await inbox.horizon(assignment.group, assignment.source)
  }

  const isReportDue = (): boolean => bus.keeping !== undefined && clock.monotonic() - reportedMs >= reportEveryMs
  function report(cursor: number): void {
    if (!isReportDue()) return
    reportedMs = clock.monotonic()
    const { source, group } = assignment
    void bus.keeping?.report({ source, group, cursor }).catch(note)
  }

  const isBehind = (): boolean => lowWater.mark() > written
  return {
    lowWater,
    isBehind,
    isDue() {
      if (isReportDue()) return true
      if (!isBehind()) return false
      return lowWater.mark() - written >= pageSize * 2 || clock.monotonic() - writtenMs >= advanceEveryMs
    },
    async write() {
      const mark = lowWater.mark()
      writtenMs = clock.monotonic()
      if (mark > written && !(await inbox.advance(assignment, mark))) return false
      written = mark
      report(mark)
      if (writtenMs - trimmedMs < trimEveryMs) return true
      trimmedMs = writtenMs
      await inbox.trim(assignment, keepMarksMs)
      await inbox.trimDiscarded()
      await askHorizon()
      return true
    },
    async prepare() {
      if (horizonMs === undefined) await askHorizon()
    },
    isForgotten(eventId) {
      const madeMs = timeOfEventId(eventId)
      return madeMs !== undefined && madeMs < (horizonMs ?? 0)
    },
  }
}
