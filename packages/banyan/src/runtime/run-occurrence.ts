/**
 * One run of a schedule's handler: its mark commits with its one transaction, or by itself when it has none. The mark is that of a
 * delivery, so whoever lost the assignment meanwhile cannot commit, and an answer that was lost is looked up.
 */
import type { Attempts } from '../bus/attempt.ts'
import { AlreadyApplied, type Assignment, type DeliveryMark } from '../store/inbox.ts'
import type { Store } from '../store/store.ts'
import { Trace } from '../telemetry/trace.ts'
import { CallContext } from './call-context.ts'
import { EntryFrame } from './frame.ts'
import { cancelled } from './refusals.ts'
import type { Occurrence, ScheduleShape } from './schedule/define-schedule.ts'
import { occurrenceId } from './schedule/schedule-group.ts'
import type { ServiceRuntime } from './service-runtime.ts'
import type { Work } from './shapes.ts'

/** Time one run has, in milliseconds. */
export const scheduleTimeoutMs = 60_000

/**
 * Applies the occurrence of this moment, `previousMs` being the one settled before it; false when it was applied before. Rejects
 * when it is to be tried again.
 */
export type RunOccurrence = (assignment: Assignment, atMs: number, previousMs: number) => Promise<boolean>

/** Compiles it. */
export function compileOccurrence(
  service: ServiceRuntime,
  { inbox, transact }: Store,
  schedule: ScheduleShape,
  attempts: Attempts,
): RunOccurrence {
  const { name } = schedule
  const work: Work = { kind: 'job', wire: `${service.name}/${name}` }

  async function apply(occurrence: Occurrence, delivery: DeliveryMark, signal: AbortSignal): Promise<void> {
    // How long it may take is its caller's business, who aborts the signal.
    const trace = new Trace(service.environment.random, false)
    const frame = new EntryFrame(service.name, trace, Number.POSITIVE_INFINITY, { signal })
    const ctx = new CallContext(service, work, frame, frame.dueMs, undefined, undefined)
    ctx.delivery = delivery
    try {
      await schedule.run(occurrence, ctx as never)
      if (!ctx.committed) await transact(async () => {}, { delivery, signal })
    } finally {
      ctx.stop(cancelled(work.wire))
    }
  }

  return async ({ group, source, epoch }, atMs, previousMs) => {
    const eventId = occurrenceId(service.name, name, atMs)
    // By a host that died before it could move the low-water mark.
    if ((await inbox.marked(group, [eventId])).has(eventId)) return false
    const attempt = (await inbox.attempts(group, eventId)) + 1
    const mark = { group, source, epoch, eventId, offset: atMs, key: name }
    try {
      await attempts.run((signal) => apply({ name, atMs, previousMs, attempt }, mark, signal), scheduleTimeoutMs)
      return true
    } catch (error) {
      if (error instanceof AlreadyApplied) return false
      throw error
    }
  }
}
