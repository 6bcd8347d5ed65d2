/** Whether the log still has what a version needs: from where it stands to the end, without a hole. */
import type { Bus } from '../bus/bus.ts'
import { BanyanError, isBanyanError } from '../core/error.ts'

/** The first offset that the log of a source has after `done`; undefined while there is none. */
async function nextOffset(bus: Bus, source: string, done: number): Promise<number | undefined> {
  const [event] = await bus.read(source, done, 1)
  return event?.offset
}

/**
 * Rejects with FAILED_PRECONDITION `HISTORY_TRIMMED`, naming the first offset there is, when the log of a source no longer has
 * what comes right after `done`.
 */
export async function assertHistory(bus: Bus, projection: string, source: string, done: number): Promise<void> {
  let next: number | undefined
  try {
    next = await nextOffset(bus, source, done)
  } catch (error) {
    if (isBanyanError(error) && error.code === 'OUT_OF_RANGE')
      throw trimmed(projection, source, done, error.message, error)
    throw error
  }
  if (next === undefined || next === done + 1) return
  throw trimmed(projection, source, done, `the first event there is has offset ${next}`)
}

function trimmed(projection: string, source: string, done: number, what: string, cause?: unknown): BanyanError {
  const message = `projection ${projection} needs the events of '${source}' from offset ${done + 1} on, but ${what}`
  return new BanyanError('FAILED_PRECONDITION', message, {
    reason: 'HISTORY_TRIMMED',
    hint: "Keep the events of this source for longer, start it from a snapshot (replicate), or say history: 'available'.",
    cause,
  })
}
