/** What may be asked of dead letters: checked once for every implementation, so that all refuse alike. */
import { BanyanError } from '../core/error.ts'
import type { DeadSelection } from './dead-letters.ts'

/** The shortest and the longest rate of a replay, in events a second. */
export const replayRates = { min: 0.01, max: 100_000 } as const

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/** INVALID_ARGUMENT when it names no event id, no fingerprint and not all. */
export function assertSelection(what: DeadSelection): void {
  const given = what as { readonly eventId?: unknown; readonly fingerprint?: unknown; readonly all?: unknown }
  if (given.eventId !== undefined) {
    if (typeof given.eventId === 'string' && uuid.test(given.eventId)) return
    throw bad(`eventId '${String(given.eventId)}' is no event id (a UUID)`)
  }
  if (given.fingerprint !== undefined) {
    if (typeof given.fingerprint === 'string' && given.fingerprint !== '') return
    throw bad('fingerprint must not be empty')
  }
  if (given.all !== true) throw bad('say which: an eventId, a fingerprint, or all')
}

/** The rate itself; INVALID_ARGUMENT out of bounds. */
export function assertReplayRate(perSecond: number): number {
  if (perSecond >= replayRates.min && perSecond <= replayRates.max) return perSecond
  throw bad(`perSecond ${perSecond} must be from ${replayRates.min} to ${replayRates.max}`)
}

function bad(message: string): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', message, {
    reason: 'BAD_SELECTION',
    hint: "Fingerprints and event ids are in 'banyan events dead'.",
  })
}
