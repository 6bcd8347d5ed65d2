/** Work at an interval: the host runs it, one run at a time; a failure is logged and the next run comes as if nothing were. */
import type { Timer } from '../core/environment/timers.ts'
import { Trace } from '../telemetry/trace.ts'
import { CallContext } from './call-context.ts'
import { EntryFrame } from './frame.ts'
import { cancelled } from './refusals.ts'
import type { ServiceRuntime } from './service-runtime.ts'
import type { JobShape, Work } from './shapes.ts'

/** Time one run has before its signal is aborted, in milliseconds. */
export const jobTimeoutMs = 60_000

/** A job that runs. */
export interface JobRunner {
  start(): void
  /** No further run; resolves when the present one has ended. It has `withinMs` for that, then its signal is aborted. */
  stop(withinMs: number): Promise<void>
}

/** Creates the runner of one job; nothing runs until started. */
export function createJobRunner(service: ServiceRuntime, job: JobShape): JobRunner {
  const { timers, clock, random } = service.environment
  const work: Work = { kind: 'job', wire: `${service.name}/${job.name}` }
  let timer: Timer | undefined
  let running: Promise<void> | undefined
  let controller = new AbortController()
  let stopped = true

  async function run(): Promise<void> {
    const frame = new EntryFrame(service.name, new Trace(random, false), clock.monotonic() + jobTimeoutMs, controller)
    const ctx = new CallContext(service, work, frame, frame.dueMs, undefined, undefined)
    timers.add(ctx)
    try {
      await job.run(ctx)
    } catch (error) {
      if (!controller.signal.aborted) service.log.error('a job failed', { job: job.name, error })
    } finally {
      timers.remove(ctx)
      ctx.stop(cancelled(work.wire))
    }
  }

  function schedule(): void {
    if (stopped) return
    timer = timers.after(job.everyMs, () => {
      running = run().finally(() => {
        running = undefined
        schedule()
      })
    })
  }

  return {
    start() {
      stopped = false
      controller = new AbortController()
      schedule()
    },
    async stop(withinMs) {
      stopped = true
      timer?.cancel()
      const patience = timers.after(withinMs, () => controller.abort(cancelled(work.wire)))
      await running
      patience.cancel()
    },
  }
}
