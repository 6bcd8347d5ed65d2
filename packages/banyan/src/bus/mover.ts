/**
 * The mover: brings scheduled events into the outbox when they are due, by the clock of the database. Every host of a service
 * runs one; the store sees to it that each event is moved once. What this process schedules is moved on time; what another host
 * schedules is found within `pollMs`.
 */
import type { Environment } from '../core/environment/environment.ts'
import type { Scheduled } from '../store/scheduled.ts'
import { equalJitterMs, loopBackoff } from './backoff.ts'
import { type OperatorLog, silentLog, toOneLine } from './operator-log.ts'
import { createWaits } from './waits.ts'

/** What a mover is made of; times in milliseconds. */
export interface MoverOptions {
  readonly environment: Environment
  readonly scheduled: Scheduled
  /** How often it looks when nothing is known to be due. Default 1 000. */
  readonly pollMs?: number
  /** Events of one move. Default 500. */
  readonly batchSize?: number
  readonly log?: OperatorLog
}

/** How a mover is doing. */
export interface MoverStatus {
  /** Events brought into the outbox by this one. */
  readonly moved: number
  readonly errors: number
  readonly lastError: string | undefined
}

/** A mover that runs. */
export interface Mover {
  start(): void
  /** Resolves when the move under way has ended. */
  stop(): Promise<void>
  status(): MoverStatus
}

/**
 * Makes a mover.
 *
 * @example
 * const mover = createMover({ environment, scheduled: store.scheduled })
 * mover.start()
 * await mover.stop()
 */
export function createMover(options: MoverOptions): Mover {
  const { environment, scheduled, pollMs = 1_000, batchSize = 500, log = silentLog } = options
  const waits = createWaits(environment.timers)
  const counts = { moved: 0, errors: 0, lastError: undefined as string | undefined }
  let running: Promise<void> | undefined
  let unsubscribe: () => void = () => undefined
  let stopping = false
  let failures = 0

  async function turn(): Promise<void> {
    try {
      const { moved, nextInMs = pollMs } = await scheduled.move(batchSize)
      counts.moved += moved
      failures = 0
      // A full batch has more behind it. Due, but not moved: another host is at it.
      if (moved < batchSize && !stopping) await waits.idle(Math.min(pollMs, Math.max(nextInMs, moved === 0 ? 20 : 1)))
    } catch (error) {
      const text = toOneLine(error)
      if (failures === 0) log.warn('scheduled events cannot be moved, tries again', { error: text })
      failures += 1
      counts.errors += 1
      counts.lastError = text
      if (!stopping) await waits.pause(equalJitterMs(loopBackoff, failures, environment.random))
    }
  }
  async function run(): Promise<void> {
    while (!stopping) await turn()
  }

  return {
    start() {
      if (running !== undefined) return
      unsubscribe = scheduled.onSchedule(waits.wake)
      running = run()
    },
    async stop() {
      stopping = true
      unsubscribe()
      waits.interrupt()
      await running
    },
    status: () => ({ ...counts }),
  }
}
