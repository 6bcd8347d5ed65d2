/** One run of a schedule's handler: its mark commits with its one transaction, or by itself when it has none. */
import type { DeliveryMark } from '../../store/inbox.ts'
import type { Store } from '../../store/store.ts'
import { Trace } from '../../telemetry/trace.ts'
import { CallContext } from '../call-context.ts'
import { EntryFrame } from '../frame.ts'
import { cancelled } from '../refusals.ts'
import type { ServiceRuntime } from '../service-runtime.ts'
import type { Work } from '../shapes.ts'
import type { Occurrence, ScheduleShape } from './define-schedule.ts'

/** Rejects when it is to be tried again. */
export type RunOccurrence = (occurrence: Occurrence, mark: DeliveryMark, signal: AbortSignal) => Promise<void>

/** Compiles it. */
export function compileOccurrence(service: ServiceRuntime, store: Store, schedule: ScheduleShape): RunOccurrence {
  const { random } = service.environment
  const work: Work = { kind: 'job', wire: `${service.name}/${schedule.name}` }
  return async (occurrence, delivery, signal) => {
    // How long it may take is its caller's business, who aborts the signal.
    const frame = new EntryFrame(service.name, new Trace(random, false), Number.POSITIVE_INFINITY, { signal })
    const ctx = new CallContext(service, work, frame, frame.dueMs, undefined, undefined)
    ctx.delivery = delivery
    try {
      await schedule.run(occurrence, ctx as never)
      if (!ctx.committed) await store.transact(async () => {}, { delivery, signal })
    } finally {
      ctx.stop(cancelled(work.wire))
    }
  }
}
